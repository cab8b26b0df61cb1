// Lays units of rows into a step graph's inputs and runs it once, for tests of the graph alone.

import type { StepGraph } from '../lowering/step-graph.ts';
import { openSession, type TensorValue } from '../runtime/onnx-runtime.ts';
import { stepInputs } from '../runtime/step-tensors.ts';
import type { ReferenceRow } from './reference-gradients.ts';

/** The graph's outputs for the units given, each at its own index, and all sums as `clippedSum`. */
export async function runStep(
  graph: StepGraph,
  {
    parameters,
    units,
    threads = 1,
    clipNormL2 = 1,
  }: {
    readonly parameters: Float32Array;
    readonly units: readonly (readonly ReferenceRow[] | undefined)[];
    readonly threads?: number;
    /** For a graph that takes it. */
    readonly clipNormL2?: number;
  },
): Promise<Record<string, TensorValue>> {
  const { units: capacity, rowsPerUnit, features } = graph;
  const rows = capacity * rowsPerUnit;
  const [x, y, mask] = [new Float32Array(rows * features), new Float32Array(rows), new Float32Array(rows)];
  units.forEach((unit, index) => {
    unit?.forEach((row, r) => {
      const at = index * rowsPerUnit + r;
      x.set(row.features, at * features);
      y[at] = row.label;
      mask[at] = 1;
    });
  });
  const rowSquares = Float64Array.from({ length: rows }, (_, row) =>
    x.subarray(row * features, (row + 1) * features).reduce((sum, value) => sum + value ** 2, 0),
  );
  const clipNorm = Float64Array.of(clipNormL2);
  const session = await openSession(graph.bytes, { threads });
  try {
    const outputs = await session.run(stepInputs(graph, { x, y, mask, rowSquares, parameters, clipNorm }));
    const data = new (graph.sumType === 'float32' ? Float32Array : Float64Array)(graph.parameterCount);
    let end = 0;
    for (const { name } of graph.sums) {
      const own = outputs[name]!.data;
      data.set(own, end);
      end += own.length;
    }
    return { ...outputs, clippedSum: { type: graph.sumType, shape: [data.length], data } };
  } finally {
    await session.close();
  }
}
