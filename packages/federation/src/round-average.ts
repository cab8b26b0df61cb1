// The exponential moving average of a study's models over its rounds (Polyak and Juditsky 1992; De et al. 2022 for
// DP-SGD) in integers, so that every member computes the same bits. It is a function of released models and public
// numbers: post-processing, which costs no privacy.
import { assert } from '#platform';
import { divideHalfEven } from './integer-arithmetic.ts';

/** How much of the average over rounds is kept at each round. */
export interface AveragingPlan {
  /** d in [0, 1 - 2^-20]; 0 is the last model itself. */
  readonly decay: number;
}

/** The state of the average. Rounds that were aborted do not enter it. */
export interface RoundAverage {
  /** W_r = Σ_s d^(r - s) of the r models taken in, in steps of 2^-40; 0 before the first one. */
  readonly weight: bigint;
  /** In steps of 2^-36, [P]; zeros before the first model. */
  readonly values: BigInt64Array;
}

const WEIGHT_BITS = 40n;
/** The weight of a model when it enters the average. */
export const FULL_WEIGHT = 1n << WEIGHT_BITS;
/** From the parameters' lattice of 2^-20 to the average's 2^-36. */
export const AVERAGE_SHIFT = 16n;
const STEP = 1n << AVERAGE_SHIFT;

export const initialAverage = (parameterCount: number): RoundAverage => ({
  weight: 0n,
  values: new BigInt64Array(parameterCount),
});

/**
 * The average with one more model: W ← d W + 1 and a ← a + (θ - a) / W, every division half to even, once each. d is
 * rounded to 2^-40.
 *
 * After r models a is Σ_s d^(r - s) θ_s / Σ_s d^(r - s). A rounding of half a step shrinks by 1 - 1/W in each later
 * round, so over 1000 rounds the average is off by less than 2^-27. It lies between a and θ and never leaves the
 * parameters' range.
 *
 * @param model on the parameters' lattice, int32 [P]
 */
export function takeIntoAverage(
  { decay }: AveragingPlan,
  { weight, values }: RoundAverage,
  model: Int32Array,
): RoundAverage {
  assert(decay >= 0 && decay <= 1 - 2 ** -20, 'decay is at least 0 and at most 1 - 2^-20');
  assert(values.length === model.length, 'one average for each parameter');
  const factor = BigInt(Math.round(decay * Number(FULL_WEIGHT)));
  const total = divideHalfEven(factor * weight, FULL_WEIGHT) + FULL_WEIGHT;
  const next = new BigInt64Array(values.length);
  for (let i = 0; i < next.length; i++) {
    const before = values[i]!;
    const way = (BigInt(model[i]!) << AVERAGE_SHIFT) - before;
    next[i] = before + divideHalfEven(way << WEIGHT_BITS, total);
  }
  return { weight: total, values: next };
}

/** The average on the parameters' lattice, half to even, int32 [P]; only after the first model. */
export function averagedParameters({ weight, values }: RoundAverage): Int32Array {
  assert(weight > 0n, 'an average is of some model');
  return Int32Array.from(values, (value) => Number(divideHalfEven(value, STEP)));
}
