// The exact score of a model's outputs by the kind of label: what is measured, and against which baseline.
import type { EncodedTarget } from '@consilium/domain';
import {
  classProbabilities,
  predictedClasses,
  type RawOutputs,
  yesProbabilities,
} from '@consilium/onnx-grad';
import { unscaleLabel } from '../../data/index.ts';
import { predictedValues } from '../../study/predictions.ts';
import { classify, classifyMany } from '../metrics/classification.ts';
import { areaInterval, type Estimate, wilsonInterval } from '../metrics/intervals.ts';
import { fitCounts, fitNumbers } from '../metrics/numbers.ts';

export const METRICS = ['accuracy', 'auc', 'rmse', 'mae', 'r2', 'deviance'] as const;
export type Metric = (typeof METRICS)[number];

/** What does not apply to the label, or is unknown, is null. */
export interface Score extends Readonly<Record<Metric, Estimate | null>> {
  /**
   * What always saying the same comes to, in the label's first metric: the accuracy of the most frequent label, the
   * rmse or the deviance of the mean.
   */
  readonly baseline: number;
  /** Rows that were scored; null for noised scores, where it is not shown. */
  readonly count: number | null;
}

/** The metric that a label's baseline is stated in, and that comes first wherever scores are shown. */
export const firstMetric = ({ kind }: EncodedTarget): 'accuracy' | 'rmse' | 'deviance' =>
  kind === 'numeric' ? 'rmse' : kind === 'count' ? 'deviance' : 'accuracy';

export const NOTHING_MEASURED = {
  accuracy: null,
  auc: null,
  rmse: null,
  mae: null,
  r2: null,
  deviance: null,
} as const;

/** A number's spread shows from two rows on. */
export const fewestRows = ({ kind }: EncodedTarget): number =>
  kind === 'numeric' || kind === 'count' ? 2 : 1;

/** An estimate of numbers that overflowed tells nothing. */
const finite = (estimate: Estimate | null): Estimate | null =>
  estimate !== null && [estimate.value, estimate.low, estimate.high].every(Number.isFinite) ? estimate : null;

/**
 * Accuracy (Wilson's interval) and area under the curve (Newcombe's); root mean squared and mean absolute error and
 * the share explained; or the mean Poisson deviance (Student's): by row. Null for fewer rows than `fewestRows`.
 *
 * @param labels [rows] as `DatasetRow.y` has them
 */
export function exactScore(
  outputs: RawOutputs,
  labels: readonly number[],
  target: EncodedTarget,
): Score | null {
  if (labels.length < fewestRows(target)) return null;
  switch (target.kind) {
    case 'binary': {
      const { accuracy, auc, baseline, count, positives } = classify(yesProbabilities(outputs), labels);
      const groups = { positives, negatives: count - positives };
      return {
        ...NOTHING_MEASURED,
        accuracy: { value: accuracy, ...wilsonInterval(accuracy, count) },
        auc: Number.isNaN(auc) ? null : { value: auc, ...areaInterval(auc, groups) },
        baseline,
        count,
      };
    }
    case 'categorical': {
      const classes = predictedClasses(outputs);
      const { accuracy, auc, baseline, count } = classifyMany(classProbabilities(outputs), classes, labels);
      const share = { value: accuracy, ...wilsonInterval(accuracy, count) };
      return { ...NOTHING_MEASURED, accuracy: share, auc, baseline, count };
    }
    case 'numeric': {
      const own = labels.map((label) => unscaleLabel(label, target));
      const { rmse, mae, r2, baseline, count } = fitNumbers(predictedValues(outputs, target), own);
      return { ...NOTHING_MEASURED, rmse: finite(rmse), mae: finite(mae), r2: finite(r2), baseline, count };
    }
    case 'count': {
      const { deviance, baseline, count } = fitCounts(predictedValues(outputs, target), labels);
      return { ...NOTHING_MEASURED, deviance: finite(deviance), baseline, count };
    }
  }
}
