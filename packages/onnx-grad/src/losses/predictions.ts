// Predictions from a model's raw outputs, by the inverse links of the losses.
import assert from 'node:assert/strict';

/** The inputs of a model's loss, row by row. */
export interface RawOutputs {
  /** [rows · width] */
  readonly values: Float64Array;
  /** Numbers per row: 1, or one for each class. */
  readonly width: number;
}

export const rowCountOf = ({ values, width }: RawOutputs): number => values.length / width;

/** The probability of label 1 for each row, [rows]: the sigmoid of one logit, or the softmax of two. */
export function yesProbabilities(outputs: RawOutputs): Float64Array {
  const { values, width } = outputs;
  assert(width <= 2, 'a yes/no label has one or two logits');
  const probabilities = new Float64Array(rowCountOf(outputs));
  for (let i = 0; i < probabilities.length; i++) {
    const logit = width === 1 ? values[i]! : values[2 * i + 1]! - values[2 * i]!;
    probabilities[i] = 1 / (1 + Math.exp(-logit));
  }
  return probabilities;
}

/** The softmax of each row's logits, [rows · width]. */
export function classProbabilities(outputs: RawOutputs): Float64Array {
  const { values, width } = outputs;
  const probabilities = new Float64Array(values.length);
  for (let start = 0; start < values.length; start += width) {
    const row = values.subarray(start, start + width);
    const largest = Math.max(...row);
    const weights = row.map((logit) => Math.exp(logit - largest));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    probabilities.set(
      weights.map((weight) => weight / sum),
      start,
    );
  }
  return probabilities;
}

/**
 * The predicted class of each row, [rows]. For one logit: 1 if it is at least 0. For several: that of the largest
 * logit, and of equal ones the last. -1 where a logit is NaN, so that it is never right.
 */
export function predictedClasses(outputs: RawOutputs): Int32Array {
  const { values, width } = outputs;
  return Int32Array.from({ length: rowCountOf(outputs) }, (_, i) => {
    const row = values.subarray(i * width, (i + 1) * width);
    if (row.some(Number.isNaN)) return -1;
    if (width === 1) return row[0]! >= 0 ? 1 : 0;
    return row.reduce((best, logit, index) => (logit >= row[best]! ? index : best), 0);
  });
}
