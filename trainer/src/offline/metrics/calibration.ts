// Whether a yes/no model's probabilities mean what they say: a model can put patients in the right order (AUC) and be far
// off with each of them. On patients these are queries, as `classification.ts` says.
import assert from 'node:assert/strict';
import { type Estimate, meanInterval, NORMAL_QUANTILE, wilsonInterval } from './intervals.ts';

/** What a decision to act from a probability on would come to. */
export interface AtThreshold {
  readonly threshold: number;
  /** Share of the rows with label 1 whose probability is at least the threshold; null where there are none. */
  readonly sensitivity: Estimate | null;
  /** Share of the rows with label 0 whose probability is below it; null where there are none. */
  readonly specificity: Estimate | null;
}

/** Rows with neighbouring probabilities. */
export interface CurvePoint {
  readonly count: number;
  /** Their mean probability. */
  readonly predicted: number;
  /** The share of them with label 1, with Wilson's interval. */
  readonly observed: Estimate;
}

export interface Calibration {
  readonly count: number;
  /** Mean probability. */
  readonly predicted: number;
  /** Share of label 1. */
  readonly observed: Estimate;
  /** Mean of (probability - label)²: 0 is best. */
  readonly brier: Estimate;
  /** The Brier score of always saying the share of these labels: no constant does better. */
  readonly brierBaseline: number;
  /** b of logit P(1) = a + b logit(p); below 1: probabilities too far from the middle. Null where unknown. */
  readonly slope: Estimate | null;
  /** a of logit P(1) = a + logit(p); below 0: probabilities too high. Null where only one label occurs. */
  readonly intercept: Estimate | null;
  readonly curve: readonly CurvePoint[];
  readonly thresholds: readonly AtThreshold[];
}

/** Points of a curve have at least so many rows: fewer say nothing, and could show a patient's label. */
export const FEWEST_ROWS = 10;
const MOST_POINTS = 10;

const probabilityOf = (logit: number): number => 1 / (1 + Math.exp(-logit));
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * How well probabilities fit labels: Cox's slope and intercept (Cox 1958; Van Calster et al. 2016), Brier's score (1950),
 * the curve in tenths of the rows, and what thresholds come to. 95 % intervals: Wald for slope and intercept, Student's
 * for the Brier score, Wilson's for shares.
 *
 * @param logits [rows], of label 1
 * @param labels [rows], each 0 or 1
 * @param thresholds each in (0, 1)
 * @returns null for fewer than `FEWEST_ROWS` rows, and where a logit is no finite number
 */
export function calibrationOf(
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  thresholds: readonly number[],
): Calibration | null {
  const [own, said] = [Array.from(labels), Array.from(logits)];
  assert(own.length === said.length, 'one logit for each label');
  if (own.length < FEWEST_ROWS || !said.every(Number.isFinite)) return null;
  const probabilities = said.map(probabilityOf);
  const share = mean(own);
  return {
    count: own.length,
    predicted: mean(probabilities),
    observed: { value: share, ...wilsonInterval(share, own.length) },
    brier: fromZero(meanInterval(probabilities.map((p, row) => (p - own[row]!) ** 2))),
    brierBaseline: share * (1 - share),
    slope: slopeOf(said, own),
    intercept: interceptOf(said, own),
    curve: curveOf(probabilities, own),
    thresholds: thresholds.map((threshold) => atThreshold(probabilities, own, threshold)),
  };
}

const fromZero = ({ value, low, high }: Estimate): Estimate => ({
  value,
  low: Math.max(0, low),
  high: Math.min(1, high),
});

const shareOf = (hits: number, count: number): Estimate | null =>
  count === 0 ? null : { value: hits / count, ...wilsonInterval(hits / count, count) };

function atThreshold(
  probabilities: readonly number[],
  labels: readonly number[],
  threshold: number,
): AtThreshold {
  const isNamed = (row: number) => probabilities[row]! >= threshold;
  const rowsOf = (label: number) => [...labels.keys()].filter((row) => labels[row] === label);
  const [ill, well] = [rowsOf(1), rowsOf(0)];
  return {
    threshold,
    sensitivity: shareOf(ill.filter(isNamed).length, ill.length),
    specificity: shareOf(well.filter((row) => !isNamed(row)).length, well.length),
  };
}

/** Equal groups in the order of the probabilities; equal ones are in one group. */
function curveOf(probabilities: readonly number[], labels: readonly number[]): CurvePoint[] {
  const order = [...probabilities.keys()].sort((a, b) => probabilities[a]! - probabilities[b]!);
  const groups = Math.min(MOST_POINTS, Math.floor(order.length / FEWEST_ROWS));
  const points: CurvePoint[] = [];
  let start = 0;
  for (let group = 1; group <= groups; group++) {
    let end = Math.max(start, Math.round((group * order.length) / groups));
    while (end > 0 && end < order.length && probabilities[order[end]!] === probabilities[order[end - 1]!]) {
      end++;
    }
    const isLast = order.length - end < FEWEST_ROWS;
    if (isLast) end = order.length;
    if (end - start < FEWEST_ROWS) continue;
    const rows = order.slice(start, end);
    const observed = mean(rows.map((row) => labels[row]!));
    points.push({
      count: rows.length,
      predicted: mean(rows.map((row) => probabilities[row]!)),
      observed: { value: observed, ...wilsonInterval(observed, rows.length) },
    });
    start = end;
    if (isLast) break;
  }
  return points;
}

const MOST_ITERATIONS = 100;
/** A slope or an intercept beyond it comes of labels that a threshold separates, or all but. */
const LARGEST = 100;

const waldInterval = (value: number, variance: number): Estimate | null => {
  const half = NORMAL_QUANTILE * Math.sqrt(variance);
  if (!Number.isFinite(half) || Math.abs(value) > LARGEST) return null;
  return { value, low: value - half, high: value + half };
};

/** a of logit P(1) = a + logit, by Newton's method on a concave likelihood. */
function interceptOf(logits: readonly number[], labels: readonly number[]): Estimate | null {
  const positives = labels.reduce((sum, label) => sum + label, 0);
  if (positives === 0 || positives === labels.length) return null;
  let a = 0;
  for (let i = 0; i < MOST_ITERATIONS; i++) {
    let [gradient, information] = [positives, 0];
    for (const logit of logits) {
      const p = probabilityOf(a + logit);
      gradient -= p;
      information += p * (1 - p);
    }
    // Halved where it would overshoot: the likelihood is flat far out.
    const step = Math.max(-2, Math.min(2, gradient / information));
    if (!Number.isFinite(step)) return null;
    a += step;
    if (Math.abs(step) < 1e-10) return waldInterval(a, 1 / information);
  }
  return null;
}

/** b of logit P(1) = a + b logit, by Newton's method with steps that never lower the likelihood. */
function slopeOf(logits: readonly number[], labels: readonly number[]): Estimate | null {
  const centre = mean(logits);
  const x = logits.map((logit) => logit - centre);
  const likelihood = (a: number, b: number) =>
    x.reduce((sum, own, row) => {
      const eta = a + b * own;
      // log(1 + e^eta) without overflow.
      return sum + labels[row]! * eta - (Math.max(0, eta) + Math.log1p(Math.exp(-Math.abs(eta))));
    }, 0);
  let [a, b] = [0, 0];
  let current = likelihood(a, b);
  for (let i = 0; i < MOST_ITERATIONS; i++) {
    let [ga, gb, haa, hab, hbb] = [0, 0, 0, 0, 0];
    for (const [row, own] of x.entries()) {
      const p = probabilityOf(a + b * own);
      const [error, weight] = [labels[row]! - p, p * (1 - p)];
      ga += error;
      gb += error * own;
      haa += weight;
      hab += weight * own;
      hbb += weight * own * own;
    }
    const determinant = haa * hbb - hab * hab;
    if (!(determinant > 1e-12 * haa * hbb) || haa < 1e-9) return null;
    const [da, db] = [(hbb * ga - hab * gb) / determinant, (haa * gb - hab * ga) / determinant];
    let step = 1;
    while (step > 1e-6 && likelihood(a + step * da, b + step * db) < current) step /= 2;
    if (Math.abs(da) < 1e-9 && Math.abs(db) < 1e-9) return waldInterval(b, haa / determinant);
    [a, b] = [a + step * da, b + step * db];
    current = likelihood(a, b);
    if (Math.abs(a) > LARGEST || Math.abs(b) > LARGEST) return null;
  }
  return null;
}
