// The inputs and outputs of a step graph, as tensors over arrays: one array for all parameters, and one for their sums.

import { elementCount } from '../format/tensor-data.ts';
import type { ShapedValue, StepGraph } from '../lowering/step-graph.ts';
import type { TensorValue } from './onnx-runtime.ts';

/** Arrays may be longer than the graph needs: it uses the first values. */
export interface StepArrays {
  /** [rows · features] */
  readonly x: Float32Array;
  /** [rows] */
  readonly y: Float32Array;
  /** [rows] */
  readonly mask: Float32Array;
  /** [rows], ‖x‖² */
  readonly rowSquares: Float64Array;
  /** [parameterCount] */
  readonly parameters: Float32Array;
  /** [1], for a graph that takes it. */
  readonly clipNorm?: Float64Array;
}

/** The values' parts of one array, which they follow one another in. */
function partsOf<Values extends Float32Array | Float64Array>(
  values: readonly ShapedValue[],
  { type, data }: { readonly type: 'float32' | 'float64'; readonly data: Values },
): Record<string, TensorValue> {
  let end = 0;
  return Object.fromEntries(
    values.map(({ name, shape }) => {
      const first = end;
      end += elementCount(shape);
      return [name, { type, shape, data: data.subarray(first, end) }];
    }),
  );
}

/** The inputs of one run of a step graph, as views of its arrays. */
export function stepInputs(graph: StepGraph, arrays: StepArrays): Record<string, TensorValue> {
  const { units, rowsPerUnit, features, inputShape, parameters, takesRowSquares, takesClipNorm } = graph;
  const rows = units * rowsPerUnit;
  const column = (data: Float32Array): TensorValue => ({
    type: 'float32',
    shape: [rows, 1],
    data: data.subarray(0, rows),
  });
  return {
    x: { type: 'float32', shape: [rows, ...inputShape], data: arrays.x.subarray(0, rows * features) },
    y: column(arrays.y),
    mask: column(arrays.mask),
    ...partsOf(parameters, { type: 'float32', data: arrays.parameters }),
    ...(takesRowSquares && {
      rowSquares: { type: 'float64', shape: [rows, 1], data: arrays.rowSquares.subarray(0, rows) },
    }),
    ...(takesClipNorm && { clipNorm: { type: 'float64', shape: [1, 1], data: arrays.clipNorm! } }),
  };
}

/** The outputs of one run of a step graph, as views of the arrays that it writes. */
export function stepOutputs(
  { sums, sumType, units }: StepGraph,
  { sum, squares }: { readonly sum: Float32Array | Float64Array; readonly squares: Float64Array },
): Record<string, TensorValue> {
  return {
    ...partsOf(sums, { type: sumType, data: sum }),
    squares: { type: 'float64', shape: [units, 1], data: squares.subarray(0, units) },
  };
}
