// Finds weights that a module uses twice, once transposed, and that an exporter wrote as two.

import { type ModelProblem, modelProblem } from '../format/model-problem.ts';
import type { ModelProto } from '../format/onnx-schema.ts';
import { foldedOrigins, type TrainableParameter } from './initialisers.ts';

/** How PyTorch's older exporter calls what it has folded out of a parameter. */
const FOLDED = /^onnx::\w+_\d+$/;

/** Whether a matrix is the transpose of another one, whose numbers are not all equal. */
function isTurned(
  values: Float32Array,
  [copy, original]: readonly [TrainableParameter, TrainableParameter],
): boolean {
  const [rows, columns] = copy.shape as readonly [number, number];
  if (original.shape[0] !== columns || original.shape[1] !== rows) return false;
  const own = values.subarray(copy.offset, copy.offset + copy.size);
  if (own.every((value) => value === own[0])) return false;
  return own.every((value, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    return value === values[original.offset + column * rows + row];
  });
}

/**
 * Problems of weights that are transposed copies of another weight.
 *
 * PyTorch's exporters fold `w.t()` into an initialiser of its own, whatever else reads `w`: the two would be trained
 * apart, as another model than the one that was exported. Equal numbers alone say nothing, since layers that were
 * copied begin equal; the names of what was folded do.
 */
export function turnedCopies(
  { producerName, graph }: ModelProto,
  {
    parameters,
    values,
  }: { readonly parameters: readonly TrainableParameter[]; readonly values: Float32Array },
): ModelProblem[] {
  if (producerName !== 'pytorch') return [];
  const origins = foldedOrigins(graph);
  const isFolded = ({ name }: TrainableParameter) => FOLDED.test(name) || origins.has(name);
  const matrices = parameters.filter(({ shape }) => shape.length === 2);
  return matrices.filter(isFolded).flatMap((copy) => {
    const original = matrices.find((other) => !isFolded(other) && isTurned(values, [copy, other]));
    if (original === undefined) return [];
    return [
      modelProblem(
        `initialiser ${copy.name}`,
        `is ${original.name} transposed: one shared weight, which the exporter wrote twice and which would be ` +
          'trained as two',
        'use it by torch.nn.functional.linear, which reads it as it is',
      ),
    ];
  });
}
