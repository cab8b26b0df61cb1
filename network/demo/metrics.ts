// How good predictions are: computed by the demo alone, which holds every hospital's file. A consortium has
// no such view and must not have it: these numbers are exact functions of patients and would cost privacy.

export interface Prediction {
  /** Probability of the label, 0 to 1. */
  readonly probability: number;
  readonly label: 0 | 1;
}

export interface Metrics {
  readonly n: number;
  readonly positives: number;
  /** Share of patients on whose side of 0.5 the probability lies; exactly 0.5 counts as positive. */
  readonly accuracy: number;
  /** Accuracy of always answering the more frequent label of these patients. */
  readonly majorityBaseline: number;
  /** Area under the ROC curve; null where all patients have one label. */
  readonly auc: number | null;
  /** Mean negative log likelihood in nats, probabilities kept 1e-12 away from 0 and 1. */
  readonly logLoss: number;
  /** Half width of the 95 % Wilson interval of the accuracy. */
  readonly accuracyMargin: number;
}

/**
 * Area under the ROC curve: the chance that a random positive scores above a random negative, ties counting
 * half (Mann and Whitney 1947; Hanley and McNeil 1982). O(n log n).
 *
 * @returns null where either label is absent: the area is not defined.
 */
export function areaUnderRoc(predictions: readonly Prediction[]): number | null {
  const sorted = [...predictions].sort((a, b) => a.probability - b.probability);
  const positives = sorted.filter(({ label }) => label === 1).length;
  const negatives = sorted.length - positives;
  if (positives === 0 || negatives === 0) return null;
  let rankSum = 0;
  for (let start = 0; start < sorted.length; ) {
    let end = start;
    while (end < sorted.length && sorted[end]!.probability === sorted[start]!.probability) end += 1;
    const averageRank = (start + 1 + end) / 2;
    for (let i = start; i < end; i += 1) if (sorted[i]!.label === 1) rankSum += averageRank;
    start = end;
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/** Half width of the Wilson (1927) score interval at 95 %. */
export function wilsonHalfWidth(share: number, n: number): number {
  const z = 1.959963984540054;
  return (z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n))) / (1 + (z * z) / n);
}

/**
 * @throws RangeError for no predictions or a probability outside 0..1 (a programming or protocol mistake).
 */
export function metricsOf(predictions: readonly Prediction[]): Metrics {
  const n = predictions.length;
  if (n === 0) throw new RangeError('no predictions');
  if (predictions.some(({ probability: p }) => !(p >= 0 && p <= 1))) {
    throw new RangeError('a probability is outside 0..1');
  }
  const positives = predictions.filter(({ label }) => label === 1).length;
  const right = predictions.filter(({ probability, label }) => (probability >= 0.5 ? 1 : 0) === label).length;
  const logLoss = predictions.reduce((sum, { probability, label }) => {
    const p = Math.min(1 - 1e-12, Math.max(1e-12, probability));
    return sum - Math.log(label === 1 ? p : 1 - p) / n;
  }, 0);
  return {
    n,
    positives,
    accuracy: right / n,
    majorityBaseline: Math.max(positives, n - positives) / n,
    auc: areaUnderRoc(predictions),
    logLoss,
    accuracyMargin: wilsonHalfWidth(right / n, n),
  };
}
