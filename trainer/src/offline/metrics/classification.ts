// How good a classifier's probabilities are, for reports. On patients these are queries: outside a demonstration
// that holds all the files, only charged scores may leave a hospital.
import assert from 'node:assert/strict';
import { areaInterval, type Estimate } from './intervals.ts';

export interface Classification {
  readonly count: number;
  readonly positives: number;
  /** Share of rows whose probability lies on the label's side of 0.5 (0.5 itself counts as 1). */
  readonly accuracy: number;
  /** Accuracy of always naming the more frequent label. */
  readonly baseline: number;
  /** Area under the ROC curve; NaN where only one label occurs. */
  readonly auc: number;
}

/**
 * @param probabilities [rows], of label 1
 * @param labels [rows], each 0 or 1; at least one row
 */
export function classify(probabilities: ArrayLike<number>, labels: ArrayLike<number>): Classification {
  const count = labels.length;
  assert(count > 0 && probabilities.length === count, 'one probability for each of at least one label');
  const all = Array.from(labels);
  const positives = all.reduce((sum, label) => sum + label, 0);
  const correct = all.filter((label, row) => (probabilities[row]! >= 0.5 ? 1 : 0) === label).length;
  return {
    count,
    positives,
    accuracy: correct / count,
    baseline: Math.max(positives, count - positives) / count,
    auc: areaUnderCurve(probabilities, labels),
  };
}

/** Mann-Whitney's U over the number of pairs; ties count a half (Hanley and McNeil 1982). */
export function areaUnderCurve(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  const order = Array.from(scores, (_, row) => row).sort((a, b) => scores[a]! - scores[b]!);
  let [positives, rankSum] = [0, 0];
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && scores[order[end]!] === scores[order[start]!]) end++;
    for (const row of order.slice(start, end)) {
      if (labels[row] !== 1) continue;
      positives++;
      rankSum += (start + 1 + end) / 2;
    }
    start = end;
  }
  const negatives = order.length - positives;
  if (positives === 0 || negatives === 0) return Number.NaN;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

export interface ClassesFit {
  readonly count: number;
  /** Share of rows whose predicted class is the label. */
  readonly accuracy: number;
  /** Accuracy of always naming the most frequent label. */
  readonly baseline: number;
  /**
   * Mean area under the ROC curves of each class against all others, over the classes that some of the rows have, but
   * not all (the macro average); null where there is none.
   *
   * Its interval is the mean of the classes' own: as wide as if they erred together, so never too narrow for that.
   */
  readonly auc: Estimate | null;
}

/**
 * @param probabilities [rows · classes], row by row
 * @param predicted [rows] classes
 * @param labels [rows] classes; at least one row
 */
export function classifyMany(
  probabilities: ArrayLike<number>,
  predicted: ArrayLike<number>,
  labels: ArrayLike<number>,
): ClassesFit {
  const all = Array.from(labels);
  const count = all.length;
  const classes = probabilities.length / count;
  assert(count > 0 && predicted.length === count && Number.isSafeInteger(classes));
  const sizes = Array.from({ length: classes }, (_, own) => all.filter((label) => label === own).length);
  const areas = sizes.flatMap((positives, own) => {
    const groups = { positives, negatives: count - positives };
    if (positives === 0 || positives === count) return [];
    const scores = all.map((_, row) => probabilities[row * classes + own]!);
    if (scores.some(Number.isNaN)) return [];
    const value = areaUnderCurve(
      scores,
      all.map((label) => (label === own ? 1 : 0)),
    );
    return [{ value, ...areaInterval(value, groups) }];
  });
  const mean = (end: keyof Estimate) => areas.reduce((sum, area) => sum + area[end], 0) / areas.length;
  return {
    count,
    accuracy: all.filter((label, row) => predicted[row] === label).length / count,
    baseline: Math.max(...sizes) / count,
    auc: areas.length === 0 ? null : { value: mean('value'), low: mean('low'), high: mean('high') },
  };
}
