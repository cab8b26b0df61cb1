// 95 % confidence intervals of what a held-out set says about a model, in closed form or by a root: no resampling,
// so a report is the same each time it is made.
import assert from 'node:assert/strict';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** A number with its 95 % confidence interval. */
export interface Estimate extends Interval {
  readonly value: number;
}

/** The normal distribution's 97.5 % point. */
export const NORMAL_QUANTILE = 1.959963984540054;
const Z = NORMAL_QUANTILE;

/**
 * Wilson's score interval for a share of `count` independent trials (Wilson 1927).
 *
 * Never empty and never outside [0, 1], also for shares of 0 and 1.
 */
export function wilsonInterval(share: number, count: number): Interval {
  assert(count > 0 && share >= 0 && share <= 1);
  const z2 = Z * Z;
  const centre = (share + z2 / (2 * count)) / (1 + z2 / count);
  const half = (Z * Math.sqrt((share * (1 - share)) / count + z2 / (4 * count * count))) / (1 + z2 / count);
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/**
 * Interval for the share right/(right + wrong) of noised counts: the shares p that a score test does not reject.
 *
 * (1 − p)·right − p·wrong has mean 0 at the true share, and variance T·p(1 − p) from the sampling of T units, with the
 * noised total for T (negative counts being 0, as in the estimate), plus the noise's own (Fieller 1954 and Wilson 1927
 * in one): a small or negative total needs no division. A share is kept where the square is at most z² times the
 * variance; the interval reaches from the least to the greatest that is kept. It always holds `share`, at which the
 * square is 0.
 *
 * Edge case: [0, 1] where no share can be distinguished from another, and where the total is below 1.
 *
 * @param share the estimate, as `accuracyOf` makes it of these counts
 */
export function noisedShareInterval(
  share: number,
  counts: {
    readonly right: number;
    readonly wrong: number;
    readonly varianceAt: (share: number) => number;
  },
): Interval {
  const [right, wrong] = [Math.max(0, counts.right), Math.max(0, counts.wrong)];
  const total = right + wrong;
  if (total < 1) return { low: 0, high: 1 };
  const isKept = (p: number): boolean =>
    p === share || ((1 - p) * right - p * wrong) ** 2 <= Z * Z * (total * p * (1 - p) + counts.varianceAt(p));
  return { low: edge(0, share, isKept), high: edge(1, share, isKept) };
}

/**
 * Interval for the area under a ROC curve: the areas that a score test does not reject (Newcombe 2006, method 5).
 *
 * The variance is Hanley and McNeil's (1982) with both group sizes replaced by their mean in its two minor terms,
 * taken at the area that is tested, so that an observed area of 1 still has a lower bound.
 *
 * @returns [0, 1] where a group is empty, since nothing was observed
 */
export function areaInterval(area: number, groups: { positives: number; negatives: number }): Interval {
  const { positives: m, negatives: n } = groups;
  if (m === 0 || n === 0) return { low: 0, high: 1 };
  assert(area >= 0 && area <= 1);
  const star = (m + n) / 2 - 1;
  const isKept = (tested: number): boolean => {
    const bracket = 1 + (star * (1 - tested)) / (2 - tested) + (star * tested) / (1 + tested);
    const variance = (tested * (1 - tested) * bracket) / (m * n);
    return (area - tested) ** 2 <= Z * Z * variance;
  };
  return { low: edge(0, area, isKept), high: edge(1, area, isKept) };
}

/** Where `isKept` begins on the way from an outer point to an inner one that is kept. */
function edge(outer: number, inner: number, isKept: (tested: number) => boolean): number {
  // At 0 and 1 the variance is 0, so only an observed 0 or 1 keeps them.
  if (isKept(outer)) return outer;
  let [out, kept] = [outer, inner];
  for (let i = 0; i < 60; i++) {
    const middle = (out + kept) / 2;
    if (isKept(middle)) kept = middle;
    else out = middle;
  }
  return kept;
}

/**
 * Student's 97.5 % point for ν degrees of freedom: exact for 1 and 2, else the expansion about the normal's to ν^-4
 * (Abramowitz and Stegun 1964, 26.7.5), which is 0.2 % short at 3 and closer beyond.
 */
export function studentQuantile(degrees: number): number {
  assert(Number.isSafeInteger(degrees) && degrees >= 1);
  if (degrees === 1) return Math.tan(0.475 * Math.PI);
  if (degrees === 2) return 0.95 * Math.sqrt(2 / (1 - 0.95 ** 2));
  const z2 = Z * Z;
  const terms = [
    Z,
    (Z * (z2 + 1)) / 4,
    (Z * ((5 * z2 + 16) * z2 + 3)) / 96,
    (Z * (((3 * z2 + 19) * z2 + 17) * z2 - 15)) / 384,
    (Z * ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945)) / 92160,
  ];
  return terms.reduceRight((sum, term) => sum / degrees + term, 0);
}

/** The mean of at least two independent values, with Student's interval. */
export function meanInterval(values: readonly number[]): Estimate {
  const count = values.length;
  assert(count >= 2, 'an interval needs at least two values');
  const value = values.reduce((sum, own) => sum + own, 0) / count;
  const variance = values.reduce((sum, own) => sum + (own - value) ** 2, 0) / (count - 1);
  const half = studentQuantile(count - 1) * Math.sqrt(variance / count);
  return { value, low: value - half, high: value + half };
}
