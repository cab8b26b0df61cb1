// What a model's raw outputs say of a label, in the label's own terms.
import assert from 'node:assert/strict';
import type { EncodedTarget } from '@consilium/domain';
import { classProbabilities, type RawOutputs, yesProbabilities } from '@consilium/onnx-grad';
import { unscaleLabel } from '../data/index.ts';

export type Predictions =
  /** Of label 1, [rows]. */
  | { readonly probabilities: readonly number[] }
  /** Of each category, [rows][categories]. */
  | { readonly categories: readonly string[]; readonly probabilities: readonly (readonly number[])[] }
  /** In the label's unit, or expected counts, [rows]. */
  | { readonly values: readonly number[] };

/** Numbers in the label's unit, or expected counts, [rows]. */
export function predictedValues(
  { values, width }: RawOutputs,
  target: Extract<EncodedTarget, { kind: 'numeric' | 'count' }>,
): Float64Array {
  assert.equal(width, 1, 'a number has one output');
  return values.map(target.kind === 'count' ? Math.exp : (y) => unscaleLabel(y, target));
}

/** Each row's prediction, as hospitals read it. */
export function predictionsOf(outputs: RawOutputs, target: EncodedTarget): Predictions {
  switch (target.kind) {
    case 'binary':
      return { probabilities: [...yesProbabilities(outputs)] };
    case 'categorical': {
      const all = classProbabilities(outputs);
      const { width } = outputs;
      const rows = Array.from({ length: all.length / width }, (_, row) => [
        ...all.subarray(row * width, (row + 1) * width),
      ]);
      return { categories: target.categories, probabilities: rows };
    }
    default:
      return { values: [...predictedValues(outputs, target)] };
  }
}
