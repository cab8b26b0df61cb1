// The candidate's score on a hospital's held-out patients: two disjoint counts, noised before anyone sees them.
import assert from 'node:assert/strict';
import { accuracyOf, type NoisedCounts, poolCounts, scoreSigma } from '@consilium/domain';
import { DiscreteGaussian, type RandomSource, RandomWords, secureRandomness } from '@consilium/dp-sgd';

export interface Counts {
  readonly right: number;
  readonly wrong: number;
}

/**
 * How many units a model judges rightly, and how many wrongly.
 *
 * A unit with several rows counts once: as right if more than half of its rows are judged rightly, else as wrong, so
 * that a tie is wrong. Whatever it holds, a unit is in exactly one of the counts, and no other unit's place depends on
 * it: adding or removing one unit changes (right, wrong) by (1, 0) or by (0, 1).
 *
 * @param units labels of each unit's rows
 * @param classes the class each row is judged to be in, for all rows in the units' order; -1 is never right
 */
export function countJudgements(units: readonly (readonly number[])[], classes: ArrayLike<number>): Counts {
  assert.equal(
    units.reduce((sum, rows) => sum + rows.length, 0),
    classes.length,
  );
  let [row, right] = [0, 0];
  for (const labels of units) {
    let agreeing = 0;
    for (const label of labels) if (classes[row++] === label) agreeing += 1;
    if (2 * agreeing > labels.length) right += 1;
  }
  return { right, wrong: units.length - right };
}

/**
 * How many units lie in each class with more than half of their rows, and, last, how many lie in none.
 *
 * A unit is in exactly one of the counts, so adding or removing one changes one count by 1.
 */
export function countClasses(units: readonly (readonly number[])[], classes: number): number[] {
  const counts = Array.from(
    { length: classes },
    (_, own) =>
      countJudgements(
        units,
        units.flat().map(() => own),
      ).right,
  );
  return [...counts, units.length - counts.reduce((sum, count) => sum + count, 0)];
}

/**
 * Counts with independent discrete Gaussian noise (Canonne, Kamath and Steinke 2020) of deviation
 * σ = ⌈noiseMultiplier⌉, for integer vectors of which adding or removing one unit moves one count by 1: of L2
 * sensitivity 1.
 *
 * **Guarantee.** For datasets that differ by adding or removing one unit (never by replacing one, which moves two
 * counts, by √2) the Rényi divergence of order α is at most α/(2σ²) ≤ α/(2·noiseMultiplier²): the plain Gaussian
 * mechanism with the plan's noise multiplier, sampling rate 1, one step (their Prop. 5). And it is μ-GDP with
 * μ²(1 − μ²/12) = 1/σ² (decision 36).
 *
 * The noised counts may be negative. No units at all is an ordinary input.
 */
export function noiseAll(
  counts: readonly number[],
  noiseMultiplier: string,
  randomness: RandomSource = secureRandomness,
): number[] {
  const sigma = scoreSigma(noiseMultiplier, 'right-wrong');
  const noise = new DiscreteGaussian(new RandomWords(randomness), sigma);
  return counts.map((count) => count + noise.sample());
}

/** The counts of `countJudgements` with noise; `noiseAll` states the guarantee. */
export function noiseCounts(
  { right, wrong }: Counts,
  noiseMultiplier: string,
  randomness: RandomSource = secureRandomness,
): Counts {
  const noised = noiseAll([right, wrong], noiseMultiplier, randomness) as [number, number];
  return { right: noised[0], wrong: noised[1] };
}

/** Accuracy in [0, 1] from noised counts of several datasets, as `accuracyOf` has it: it costs nothing more. */
export const noisedAccuracy = (scores: readonly Counts[]): number =>
  accuracyOf({
    right: scores.reduce((sum, { right }) => sum + right, 0),
    wrong: scores.reduce((sum, { wrong }) => sum + wrong, 0),
  });

/** Counts that `noiseCounts` released, with what is known of their noise. */
export const knownNoise = (
  scores: readonly Counts[],
  noiseMultiplier: string,
): ReturnType<typeof poolCounts> =>
  poolCounts(
    scores.map(
      (counts): NoisedCounts => ({
        ...counts,
        form: 'right-wrong',
        sigma: scoreSigma(noiseMultiplier, 'right-wrong'),
      }),
    ),
  );
