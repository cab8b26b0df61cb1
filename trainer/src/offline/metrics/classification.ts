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
  let [positives, correct] = [0, 0];
  for (let row = 0; row < count; row++) {
    positives += labels[row]!;
    if ((probabilities[row]! >= 0.5 ? 1 : 0) === labels[row]) correct++;
  }
  return {
    count,
    positives,
    accuracy: correct / count,
    baseline: Math.max(positives, count - positives) / count,
    auc: areaUnderCurve(probabilities, labels),
  };
}

/**
 * Mann-Whitney's U over the number of pairs; ties count a half (Hanley and McNeil 1982). A score that is no number
 * comes after all others, and ties with those that are none either.
 */
export function areaUnderCurve(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  const { positives, negatives } = sortedApart(scores, labels);
  if (positives.length === 0 || negatives.length === 0) return Number.NaN;
  let [below, upTo, pairs] = [0, 0, 0];
  for (const score of positives) {
    while (below < negatives.length && isBefore(negatives[below]!, score)) below++;
    while (upTo < negatives.length && !isBefore(score, negatives[upTo]!)) upTo++;
    pairs += (below + upTo) / 2;
  }
  return pairs / (positives.length * negatives.length);
}

const isBefore = (a: number, b: number): boolean => a < b || (Number.isNaN(b) && !Number.isNaN(a));

/** The scores of rows with label 1 and of all others, ascending. */
function sortedApart(scores: ArrayLike<number>, labels: ArrayLike<number>) {
  const [positives, negatives] = [new Float64Array(scores.length), new Float64Array(scores.length)];
  let [yes, no] = [0, 0];
  for (let row = 0; row < scores.length; row++) {
    if (labels[row] === 1) positives[yes++] = scores[row]!;
    else negatives[no++] = scores[row]!;
  }
  return { positives: positives.subarray(0, yes).sort(), negatives: negatives.subarray(0, no).sort() };
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
