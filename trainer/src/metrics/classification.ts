// How good a classifier's probabilities are, for reports. On patients these are queries: outside a demonstration
// that holds all the files, only charged scores may leave a hospital.
import assert from 'node:assert/strict';

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
