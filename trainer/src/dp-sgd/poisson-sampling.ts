// Chooses the batch of a step as the privacy accounting assumes: every unit by a coin of its own (not by
// shuffling), with the probability that the plan states (not one over a count of patients).
import assert from 'node:assert/strict';
import type { RandomWords } from './randomness.ts';

/**
 * Indices of the units drawn, ascending, each of `units` independently with probability `rate`.
 *
 * The probability is ⌊rate · 2^64⌋ / 2^64: never above the rate, and short of it by less than 2^-64. A rate of 1
 * takes every unit and no random bits. The batch may be empty.
 */
export function samplePoisson(
  words: RandomWords,
  { units, rate }: { readonly units: number; readonly rate: number },
): Uint32Array {
  assert(rate > 0 && rate <= 1, 'the sampling rate lies in (0, 1]');
  const drawn = new Uint32Array(units);
  let count = 0;
  // Scaling by a power of two is exact, so the two halves of the threshold are.
  const scaled = rate * 2 ** 32;
  const high = Math.floor(scaled);
  const low = Math.floor((scaled - high) * 2 ** 32);
  for (let unit = 0; unit < units; unit++) {
    if (rate < 1) {
      const first = words.next();
      const second = words.next();
      if (first > high || (first === high && second >= low)) continue;
    }
    drawn[count++] = unit;
  }
  return drawn.slice(0, count);
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
