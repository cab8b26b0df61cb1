// The sampler for a σ: the one with a histogram where σ is in its range, and otherwise the plain one.
import { DiscreteGaussian, type GaussianSampler } from '../discrete-gaussian.ts';
import type { RandomWords } from '../randomness.ts';
import { histogramOf, LARGEST_HISTOGRAM_SIGMA, SMALLEST_HISTOGRAM_SIGMA } from './histogram.ts';
import { HistogramSampler } from './histogram-sampler.ts';
import type { SharedMemory } from './wasm-function.ts';

/**
 * A sampler of N_Z(0, σ²).
 *
 * @param sigma an integer in [1, MAXIMUM_SIGMA]
 * @param output where `fill` writes, without copies, and nowhere else; by default it may write anywhere
 */
export function openGaussian(words: RandomWords, sigma: number, output?: SharedMemory): GaussianSampler {
  const isInRange =
    Number.isSafeInteger(sigma) && sigma >= SMALLEST_HISTOGRAM_SIGMA && sigma <= LARGEST_HISTOGRAM_SIGMA;
  return isInRange
    ? new HistogramSampler(words, histogramOf(sigma), output)
    : new DiscreteGaussian(words, sigma);
}
