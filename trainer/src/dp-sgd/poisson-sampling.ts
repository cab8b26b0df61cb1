// Chooses the batch of a step as the privacy accounting assumes: every unit by a coin of its own (not by
// shuffling), with the probability that the plan states (not one over a count of patients).
import assert from 'node:assert/strict';
import type { RandomWords } from './randomness.ts';

/**
 * Indices of the units drawn, ascending, each of `units` independently with probability `rate`.
 *
 * The probability is ⌊rate · 2^64⌋ / 2^64: never above the rate, and short of it by less than 2^-64. A rate of 1
 * takes every unit and no random bits. The batch may be empty.
 *
 * A unit is drawn where a uniform integer below 2^64 is below the threshold ⌊rate · 2^64⌋. Its highest byte nearly
 * always decides; the other seven are drawn only where that byte is the threshold's.
 */
export function samplePoisson(
  words: RandomWords,
  { units, rate }: { readonly units: number; readonly rate: number },
): Uint32Array {
  assert(rate > 0 && rate <= 1, 'the sampling rate lies in (0, 1]');
  if (rate === 1) return Uint32Array.from({ length: units }, (_, unit) => unit);
  const threshold = thresholdOf(rate);
  const { byte } = threshold;
  const drawn = new Uint32Array(units);
  let count = 0;
  for (let first = 0; first < units; ) {
    const block = words.block(2 * Math.ceil((units - first) / 8));
    const bytes = new Uint8Array(block.buffer, block.byteOffset, Math.min(block.byteLength, units - first));
    for (let i = 0; i < bytes.length; i++) {
      const own = bytes[i]!;
      if (own <= byte && (own < byte || isRestBelow(words, threshold))) drawn[count++] = first + i;
    }
    first += bytes.length;
    // Words that were used must not be found in memory later.
    block.fill(0);
  }
  return drawn.slice(0, count);
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
