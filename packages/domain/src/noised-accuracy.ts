// What noised counts of right and wrong judgements say of a model's accuracy, and how sure one can be of it: used
// where a verdict is decided, and where contributions are stated.
import { ratioOf } from './decimal.ts';
import type { Score } from './verdict.ts';

/**
 * Which counts carry the noise: `right-wrong`, two disjoint ones, or `right-all`, as scores did before.
 *
 * Adding or removing one unit moves right and wrong by (1, 0) or (0, 1): L2 sensitivity 1. It moves right and all by
 * (1, 1) or (0, 1): √2.
 */
export type CountForm = 'right-wrong' | 'right-all';

/** One score's counts with noise. Either may be negative. */
export interface NoisedCounts {
  readonly right: number;
  readonly wrong: number;
  readonly form: CountForm;
  /** The deviation of the noise on each of the two counts that were released. */
  readonly sigma: number;
}

/**
 * The deviation of the noise that scores of a plan's noise multiplier z carry, an integer.
 *
 * Right and wrong: ⌈z⌉, at least z times the sensitivity 1. Right and all: the least σ with σ² ≥ 2z² + 1/12, which is
 * what was drawn for such scores.
 */
export function scoreSigma(noiseMultiplier: string, form: CountForm): number {
  const { numerator, denominator } = ratioOf(noiseMultiplier);
  if (numerator <= 0n) throw new RangeError('the noise multiplier must be positive');
  if (form === 'right-wrong') return Number((numerator + denominator - 1n) / denominator);
  // Least σ with 12 σ² d² ≥ 24 n² + d²; the root in floating point is a start, integers decide.
  const enough = (sigma: bigint): boolean =>
    12n * sigma * sigma * denominator * denominator >=
    24n * numerator * numerator + denominator * denominator;
  let sigma = BigInt(Math.ceil(Math.sqrt(2) * (Number(numerator) / Number(denominator))));
  while (!enough(sigma)) sigma += 1n;
  while (sigma > 1n && enough(sigma - 1n)) sigma -= 1n;
  return Number(sigma);
}

/** The counts of a recorded score of either form. */
export function countsOf(score: Score, noiseMultiplier: string): NoisedCounts {
  const form: CountForm = score.right === undefined ? 'right-all' : 'right-wrong';
  const sigma = scoreSigma(noiseMultiplier, form);
  if (form === 'right-wrong') {
    return { right: Number(score.right), wrong: Number(score.wrong), form, sigma };
  }
  const right = Number(score.correct);
  return { right, wrong: Number(score.total) - right, form, sigma };
}

export interface PooledCounts {
  readonly right: number;
  readonly wrong: number;
  /**
   * Variance of (1 − p)·right − p·wrong from the noise, at a share p: the error of right/(right + wrong) times its
   * denominator, to first order. Per score σ²((1 − p)² + p²) where right and wrong carry the noise, and σ²(1 + p²)
   * where right and all do.
   */
  readonly varianceAt: (share: number) => number;
}

/** The counts of several scores together. Noise is independent, so variances add up. */
export function poolCounts(scores: readonly NoisedCounts[]): PooledCounts {
  return {
    right: scores.reduce((sum, { right }) => sum + right, 0),
    wrong: scores.reduce((sum, { wrong }) => sum + wrong, 0),
    varianceAt: (p) =>
      scores.reduce(
        (sum, { form, sigma }) =>
          sum + sigma * sigma * (form === 'right-wrong' ? (1 - p) ** 2 + p * p : 1 + p * p),
        0,
      ),
  };
}

/**
 * Accuracy in [0, 1] from noised counts: right⁺/(right⁺ + wrong⁺), a negative count being taken as 0. It is
 * right/(right + wrong) cut to [0, 1] wherever that has a positive denominator. Post-processing: it costs nothing.
 *
 * Edge case: 0 where neither count is positive, so that a model of which noise leaves nothing known is not accepted.
 */
export function accuracyOf({ right, wrong }: Pick<PooledCounts, 'right' | 'wrong'>): number {
  const [up, down] = [Math.max(0, right), Math.max(0, wrong)];
  return up === 0 ? 0 : up / (up + down);
}
