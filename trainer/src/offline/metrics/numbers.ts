// How good predicted numbers are, for reports, each with a 95 % confidence interval. On patients these are queries, as
// `classification.ts` says.
import assert from 'node:assert/strict';
import { type Estimate, meanInterval } from './intervals.ts';

export interface NumberFit {
  readonly count: number;
  /** Root of the mean squared error, in the label's unit. */
  readonly rmse: Estimate;
  /** Mean absolute error, in the label's unit. */
  readonly mae: Estimate;
  /** 1 - (rmse / baseline)²; null where all labels are equal. */
  readonly r2: Estimate | null;
  /** The rmse of always predicting the mean of these labels: no constant, public or not, does better. */
  readonly baseline: number;
}

export interface CountFit {
  readonly count: number;
  /** Mean of 2 (y log(y / μ) - y + μ) for labels y and expectations μ. */
  readonly deviance: Estimate;
  /** The deviance of always expecting the mean of these labels: no constant does better. */
  readonly baseline: number;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Both ends moved by a rising function, from 0 on. */
const fromZero = (
  { value, low, high }: Estimate,
  by: (value: number) => number = (end) => end,
): Estimate => ({
  value: by(value),
  low: by(Math.max(0, low)),
  high: by(high),
});

/**
 * @param predicted [rows], in the label's unit
 * @param labels [rows], at least two
 */
export function fitNumbers(predicted: ArrayLike<number>, labels: ArrayLike<number>): NumberFit {
  const own = Array.from(labels);
  assert(
    own.length >= 2 && predicted.length === own.length,
    'one prediction for each of at least two labels',
  );
  const errors = own.map((label, row) => predicted[row]! - label);
  const squares = errors.map((error) => error * error);
  const centre = mean(own);
  const spread = own.map((label) => (label - centre) ** 2);
  const squared = meanInterval(squares);
  return {
    count: own.length,
    rmse: fromZero(squared, Math.sqrt),
    mae: fromZero(meanInterval(errors.map(Math.abs))),
    r2: explainedShare(squares, spread),
    baseline: Math.sqrt(mean(spread)),
  };
}

/**
 * 1 - Σ squares / Σ spread, with the interval of a ratio of means to first order (Cochran 1977, Sampling Techniques,
 * 6.4): the standard error of mean(squares - ratio · spread), over mean(spread).
 */
function explainedShare(squares: readonly number[], spread: readonly number[]): Estimate | null {
  const variance = mean(spread);
  if (variance === 0) return null;
  const ratio = mean(squares) / variance;
  const residual = meanInterval(squares.map((square, row) => square - ratio * spread[row]!));
  const half = (residual.high - residual.value) / variance;
  return { value: 1 - ratio, low: 1 - ratio - half, high: Math.min(1, 1 - ratio + half) };
}

/** One row's deviance; 0 log 0 is 0. */
const deviance = (label: number, expected: number): number =>
  2 * ((label === 0 ? 0 : label * Math.log(label / expected)) - label + expected);

/**
 * @param expected [rows], above 0
 * @param labels [rows] counts, at least two
 */
export function fitCounts(expected: ArrayLike<number>, labels: ArrayLike<number>): CountFit {
  const own = Array.from(labels);
  assert(
    own.length >= 2 && expected.length === own.length,
    'one expectation for each of at least two labels',
  );
  const centre = mean(own);
  return {
    count: own.length,
    deviance: fromZero(meanInterval(own.map((label, row) => deviance(label, expected[row]!)))),
    baseline: centre === 0 ? 0 : mean(own.map((label) => deviance(label, centre))),
  };
}
