// The sampler for a σ: from strips where there are enough of them, and otherwise the plain one.
import { DiscreteGaussian, type GaussianSampler } from '../discrete-gaussian.ts';
import type { RandomWords } from '../randomness.ts';
import { StripSampler } from './strip-sampler.ts';
import { LARGEST_STRIP_SIGMA, SMALLEST_STRIP_SIGMA, stripsOf } from './strips.ts';
import type { SharedMemory } from './wasm-function.ts';

/**
 * A sampler of N_Z(0, σ²).
 *
 * @param sigma an integer in [1, MAXIMUM_SIGMA]
 * @param output where `fill` writes, without copies, and nowhere else; by default it may write anywhere
 */
export function openGaussian(words: RandomWords, sigma: number, output?: SharedMemory): GaussianSampler {
  const isInRange =
    Number.isSafeInteger(sigma) && sigma >= SMALLEST_STRIP_SIGMA && sigma <= LARGEST_STRIP_SIGMA;
  return isInRange ? new StripSampler(words, stripsOf(sigma), output) : new DiscreteGaussian(words, sigma);
}
