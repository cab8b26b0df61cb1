// Draws the batch of a step as the privacy accounting assumes: every unit independently (not by shuffling), with the
// probability that the plan states (not one computed from a count of patients).
import assert from 'node:assert/strict';
import type { RandomWords } from './randomness.ts';

export interface PoissonSampling {
  readonly units: number;
  /** q in (0, 1]. */
  readonly rate: number;
}

/**
 * A function that draws batches: indices of the units drawn, ascending, each of `units` independently with probability
 * `rate`.
 *
 * The probability is ⌊rate · 2^64⌋ / 2^64: never above the rate, and below it by less than 2^-64. A rate of 1
 * takes every unit and no random bits. The batch may be empty.
 *
 * A unit is drawn where a uniform integer below 2^64 is below the threshold ⌊rate · 2^64⌋. Its highest byte nearly
 * always decides; the other seven are drawn only where that byte is the threshold's.
 */
export function poissonSampler(words: RandomWords, { units, rate }: PoissonSampling): () => Uint32Array {
  assert(rate > 0 && rate <= 1, 'the sampling rate lies in (0, 1]');
  if (rate === 1) return () => Uint32Array.from({ length: units }, (_, unit) => unit);
  const threshold = thresholdOf(rate);
  // Blocks may be longer than the units by up to two words.
  const drawn = new Uint32Array(units + 8);
  return () => {
    let count = 0;
    for (let first = 0; first < units; ) {
      const block = words.block(2 * Math.ceil((units - first) / 8));
      count = appendDrawn(drawn, count, { words, block, first, threshold });
      first += 4 * block.length;
      // Used words are cleared, so that nobody finds them in memory later.
      block.fill(0);
    }
    while (count > 0 && drawn[count - 1]! >= units) count--;
    return drawn.slice(0, count);
  };
}

/** The lower seven bits of each byte of a word, and the highest. */
const LOW = 0x7f7f_7f7f;
const HIGH = 0x8080_8080;
const EACH_BYTE = 0x0101_0101;

/**
 * Appends the units that a block's bytes draw, four to a word, from unit `first` on; the new count.
 *
 * The four bytes are compared at once: in the highest bit of each, without a carry from one to the next.
 */
function appendDrawn(
  drawn: Uint32Array,
  before: number,
  given: {
    readonly words: RandomWords;
    readonly block: Uint32Array;
    readonly first: number;
    readonly threshold: Threshold;
  },
): number {
  const { words, block, first, threshold } = given;
  const { byte } = threshold;
  const all = Math.imul(byte, EACH_BYTE);
  // b ≤ t, of t below 128: no carry of the lower bits and 127 - t, and the highest bit unset; else one of both.
  const carry = Math.imul(byte < 128 ? 127 - byte : 255 - byte, EACH_BYTE);
  const isLow = byte < 128 ? -1 : 0;
  let count = before;
  for (let i = 0; i < block.length; i++) {
    const word = block[i]! | 0;
    const sums = (word & LOW) + carry;
    let hits = ~((sums & word) | ((sums | word) & isLow)) & HIGH;
    const apart = word ^ all;
    const ties = ~(((apart & LOW) + LOW) | apart) & HIGH;
    if (ties !== 0) hits = withoutTiesAbove(words, { hits, ties, threshold });
    // Coins turned into numbers, not branches, which a processor could not predict.
    const unit = first + 4 * i;
    drawn[count] = unit;
    count += (hits >>> 7) & 1;
    drawn[count] = unit + 1;
    count += (hits >>> 15) & 1;
    drawn[count] = unit + 2;
    count += (hits >>> 23) & 1;
    drawn[count] = unit + 3;
    count += hits >>> 31;
  }
  return count;
}

function withoutTiesAbove(
  words: RandomWords,
  { hits, ties, threshold }: { readonly hits: number; readonly ties: number; readonly threshold: Threshold },
): number {
  let left = hits;
  for (let bit = 7; bit < 32; bit += 8) {
    if (((ties >>> bit) & 1) === 1 && !isRestBelow(words, threshold)) left &= ~(1 << bit);
  }
  return left;
}

/** ⌊rate · 2^64⌋ in its highest byte, the next 32 bits and the last 24. */
interface Threshold {
  readonly byte: number;
  readonly middle: number;
  readonly last: number;
}

function thresholdOf(rate: number): Threshold {
  // Scaling by a power of two is exact, so the two halves of the threshold are.
  const scaled = rate * 2 ** 32;
  const high = Math.floor(scaled);
  const low = Math.floor((scaled - high) * 2 ** 32);
  return { byte: high >>> 24, middle: ((high << 8) | (low >>> 24)) >>> 0, last: low & 0xff_ffff };
}

/** Whether 56 fresh bits are below those of the threshold. */
function isRestBelow(words: RandomWords, { middle, last }: Threshold): boolean {
  const next = words.next();
  return next < middle || (next === middle && words.next() >>> 8 < last);
}

/** Puts a batch into a uniformly random order, in place (Durstenfeld 1964). */
export function shuffle(words: RandomWords, batch: Uint32Array): Uint32Array {
  for (let last = batch.length - 1; last > 0; last--) {
    const other = words.below(last + 1);
    const unit = batch[last]!;
    batch[last] = batch[other]!;
    batch[other] = unit;
  }
  return batch;
}
