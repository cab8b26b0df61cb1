// The candidate's score on a hospital's held-out patients: two counts, noised together before anyone sees them.
import assert from 'node:assert/strict';
import {
  DiscreteGaussian,
  type RandomSource,
  RandomWords,
  secureRandomness,
  standInSigma,
} from './dp-sgd/index.ts';

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
 * @param classes the class each row is judged to be in, for all rows in the units' order; -1 is never right
 */
export function countCorrect(units: readonly (readonly number[])[], classes: ArrayLike<number>): Counts {
  assert.equal(
    units.reduce((sum, rows) => sum + rows.length, 0),
    classes.length,
  );
  let [row, correct] = [0, 0];
  for (const labels of units) {
    let right = 0;
    for (const label of labels) if (classes[row++] === label) right += 1;
    if (2 * right > labels.length) correct += 1;
  }
  return { correct, total: units.length };
}

/**
 * How many units lie in each class with more than half of their rows, [classes], and how many there are.
 *
 * A unit counts in one class at most, so adding or removing one changes one of the counts by 1, or none, and the
 * total by 1.
 */
export function countClasses(
  units: readonly (readonly number[])[],
  classes: number,
): { readonly counts: readonly number[]; readonly total: number } {
  const counts = Array.from({ length: classes }, (_, own) =>
    countCorrect(
      units,
      units.flat().map(() => own),
    ),
  );
  return { counts: counts.map(({ correct }) => correct), total: units.length };
}

/** σ of the noise on each count: an integer that stands for noiseMultiplier times the L2 sensitivity √2. */
export function scoreSigma(noiseMultiplier: number): number {
  assert(Number.isFinite(noiseMultiplier) && noiseMultiplier > 0);
  return standInSigma(noiseMultiplier * Math.SQRT2);
}

/**
 * Counts with independent discrete Gaussian noise (Canonne, Kamath and Steinke 2020), for integer vectors that adding
 * or removing one unit moves by at most √2 in L2 norm: two of the counts by 1, or one.
 *
 * **Guarantee.** For datasets that differ by adding or removing one unit the vector moves by at most √2 in L2 norm, and
 * each coordinate by an integer, so the Rényi divergence of order α is at most α·2/(2σ²) ≤
 * α/(2·noiseMultiplier²): the plain Gaussian mechanism with the plan's noise multiplier, sampling rate 1, one
 * step (their Prop. 5 and Thm 14, per coordinate, added up).
 *
 * The noised counts may be negative or exceed each other. No units at all is an ordinary input.
 */
export function noiseAll(
  counts: readonly number[],
  noiseMultiplier: number,
  randomness: RandomSource = secureRandomness,
): number[] {
  const noise = new DiscreteGaussian(new RandomWords(randomness), scoreSigma(noiseMultiplier));
  return counts.map((count) => count + noise.sample());
}

/** The counts of `countCorrect` with noise; `noiseAll` states the guarantee. */
export function noiseCounts(
  { correct, total }: Counts,
  noiseMultiplier: number,
  randomness: RandomSource = secureRandomness,
): Counts {
  const noised = noiseAll([correct, total], noiseMultiplier, randomness) as [number, number];
  return { correct: noised[0], total: noised[1] };
}

/** Accuracy in [0, 1] from noised counts of several datasets: post-processing, so it costs nothing more. */
export function noisedAccuracy(scores: readonly Counts[]): number {
  const correct = scores.reduce((sum, score) => sum + score.correct, 0);
  const total = scores.reduce((sum, score) => sum + score.total, 0);
  return Math.min(1, Math.max(0, correct / Math.max(1, total)));
}
