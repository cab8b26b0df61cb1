// The candidate's score on a hospital's held-out patients: two counts, noised together before anyone sees them.
import assert from 'node:assert/strict';
import { DiscreteGaussian, type RandomSource, RandomWords, secureRandomness } from './dp-sgd/index.ts';

export interface Counts {
  readonly correct: number;
  readonly total: number;
}

/**
 * How many units a model judges rightly, and how many there are.
 *
 * A unit with several rows counts once: rightly judged if more than half of its rows are. So adding or removing
 * one unit changes (correct, total) by (0, 1) or (1, 1).
 *
 * @param units labels of each unit's rows
 * @param probabilities of label 1, for all rows in the units' order; at least 1/2 means 1, NaN means wrong
 */
export function countCorrect(
  units: readonly (readonly number[])[],
  probabilities: ArrayLike<number>,
): Counts {
  assert.equal(
    units.reduce((sum, rows) => sum + rows.length, 0),
    probabilities.length,
  );
  let [row, correct] = [0, 0];
  for (const labels of units) {
    let right = 0;
    for (const label of labels) {
      const probability = probabilities[row]!;
      if (label === 1 ? probability >= 0.5 : probability < 0.5) right += 1;
      row += 1;
    }
    if (2 * right > labels.length) correct += 1;
  }
  return { correct, total: units.length };
}

/** σ of the noise on each count: an integer, at least noiseMultiplier times the L2 sensitivity √2. */
export function scoreSigma(noiseMultiplier: number): number {
  assert(Number.isFinite(noiseMultiplier) && noiseMultiplier > 0);
  // The factor covers the rounding of the product itself.
  return Math.ceil(noiseMultiplier * Math.SQRT2 * (1 + 2 ** -50));
}

/**
 * Both counts with independent discrete Gaussian noise (Canonne, Kamath and Steinke 2020).
 *
 * **Guarantee.** For datasets that differ by adding or removing one unit the integer vector moves by at most √2
 * in L2 norm, and each coordinate by an integer, so the Rényi divergence of order α is at most α·2/(2σ²) ≤
 * α/(2·noiseMultiplier²): the plain Gaussian mechanism with the plan's noise multiplier, sampling rate 1, one
 * step (their Prop. 5 and Thm 14, per coordinate, added up).
 *
 * The noised counts may be negative or exceed each other. No units at all is an ordinary input.
 */
export function noiseCounts(
  { correct, total }: Counts,
  noiseMultiplier: number,
  randomness: RandomSource = secureRandomness,
): Counts {
  const noise = new DiscreteGaussian(new RandomWords(randomness), scoreSigma(noiseMultiplier));
  return { correct: correct + noise.sample(), total: total + noise.sample() };
}

/** Accuracy in [0, 1] from noised counts of several datasets: post-processing, so it costs nothing more. */
export function noisedAccuracy(scores: readonly Counts[]): number {
  const correct = scores.reduce((sum, score) => sum + score.correct, 0);
  const total = scores.reduce((sum, score) => sum + score.total, 0);
  return Math.min(1, Math.max(0, correct / Math.max(1, total)));
}
