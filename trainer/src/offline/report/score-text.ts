// How scores are shown to people: each label's metrics by name, in its unit, with what the baseline always says.
import type { EncodedTarget } from '@consilium/domain';
import type { Estimate } from '../metrics/intervals.ts';
import { firstMetric, type Metric, type Score } from '../simulation/label-scores.ts';

export interface MetricText {
  readonly metric: Metric;
  readonly title: string;
  /** A value with its unit. */
  show(value: number): string;
}

/** A number with so many decimals; what rounds to nothing has no sign. */
export const fixed = (value: number, decimals: number): string =>
  value.toFixed(decimals).replace(/^-(0(?:[.]0*)?)$/, '$1');
const share = (value: number): string => fixed(value, 3);
const amount = (value: number): string => String(Number(value.toPrecision(4)));

/** A label's metrics, the one that its baseline is stated in first. */
export function metricTexts(target: EncodedTarget): readonly MetricText[] {
  switch (target.kind) {
    case 'numeric': {
      const show = (value: number) => `${amount(value)}${target.unit === '' ? '' : ` ${target.unit}`}`;
      return [
        { metric: 'rmse', title: 'RMSE', show },
        { metric: 'mae', title: 'MAE', show },
        { metric: 'r2', title: 'R²', show: share },
      ];
    }
    case 'count':
      return [{ metric: 'deviance', title: 'Poisson deviance', show: amount }];
    default:
      return [
        { metric: 'accuracy', title: 'accuracy', show: share },
        { metric: 'auc', title: target.kind === 'binary' ? 'AUC' : 'macro AUC', show: share },
      ];
  }
}

/** What a label's baseline is. */
export function baselineText(target: EncodedTarget): string {
  switch (firstMetric(target)) {
    case 'rmse':
      return 'The baseline always predicts the mean of the same rows: no constant does better.';
    case 'deviance':
      return 'The baseline always expects the mean of the same rows: no constant does better.';
    default:
      return 'The baseline always names the more frequent label.';
  }
}

export function intervalsText(target: EncodedTarget): string {
  if (target.kind === 'numeric' || target.kind === 'count') return "Student's, over rows";
  return target.kind === 'binary'
    ? 'accuracy: Wilson; AUC: Newcombe'
    : 'accuracy: Wilson; AUC: mean of Newcombe’s';
}

/** A value and its interval. */
export const withInterval = ({ value, low, high }: Estimate, show: MetricText['show']): string =>
  `${show(value)} (${show(low)} to ${show(high)})`;

/** The metrics that a score has, in a line: the first with its interval if asked. */
export function scoreLine(
  score: Score,
  target: EncodedTarget,
  { intervals }: { readonly intervals: boolean },
): string {
  const parts = metricTexts(target).flatMap(({ metric, title, show }, place) => {
    const estimate = score[metric];
    if (estimate === null) return [];
    return [`${title} ${intervals && place === 0 ? withInterval(estimate, show) : show(estimate.value)}`];
  });
  return parts.length > 0 ? parts.join(', ') : 'beyond all numbers: lower the learning rate';
}
