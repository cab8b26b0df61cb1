// Lays units of rows into a step graph's inputs and runs it once, for tests of the graph alone.
import { openSession, type TensorValue } from '../onnx-runtime.ts';
import type { StepGraph } from '../step-graph.ts';
import type { ReferenceRow } from './reference-gradients.ts';

/** The graph's outputs for the units given, each in the slot of its position. */
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
  const { units: capacity, rowsPerUnit, features, inputShape, parameterCount, bytes } = graph;
  const rows = capacity * rowsPerUnit;
  const [x, y, mask] = [new Float32Array(rows * features), new Float32Array(rows), new Float32Array(rows)];
  units.forEach((unit, slot) => {
    unit?.forEach((row, r) => {
      const at = slot * rowsPerUnit + r;
      x.set(row.features, at * features);
      y[at] = row.label;
      mask[at] = 1;
    });
  });
  const session = await openSession(bytes, { threads });
  try {
    return await session.run({
      x: { type: 'float32', shape: [rows, ...inputShape], data: x },
      y: { type: 'float32', shape: [rows, 1], data: y },
      mask: { type: 'float32', shape: [rows, 1], data: mask },
      parameters: { type: 'float32', shape: [parameterCount], data: parameters },
      ...(graph.takesClipNorm && {
        clipNorm: { type: 'float64', shape: [1, 1], data: Float64Array.of(clipNormL2) },
      }),
    });
  } finally {
    await session.close();
  }
}
