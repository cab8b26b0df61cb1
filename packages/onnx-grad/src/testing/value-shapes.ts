// The shapes of all values of a step graph, as ONNX Runtime has them when it runs.

import { decodeModel, encodeModel, type NodeProto } from '../format/onnx-schema.ts';
import type { StepGraph } from '../lowering/step-graph.ts';
import { openSession } from '../runtime/onnx-runtime.ts';
import { stepInputs } from '../runtime/step-tensors.ts';

export interface ShapedGraph {
  readonly nodes: readonly NodeProto[];
  /** The shape of every value that a node puts out in float or double. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
}

/** Runs the graph on zeros with all its values as outputs. */
export async function shapesOf(graph: StepGraph): Promise<ShapedGraph> {
  const model = decodeModel(graph.bytes);
  const nodes = model.graph!.node;
  const outputs = nodes.flatMap(({ output }) => output.map((name) => ({ name, type: {} })));
  const { units, rowsPerUnit, features, parameterCount } = graph;
  const rows = units * rowsPerUnit;
  const session = await openSession(encodeModel({ ...model, graph: { ...model.graph!, output: outputs } }), {
    threads: 1,
  });
  try {
    const values = await session.run(
      stepInputs(graph, {
        x: new Float32Array(rows * features),
        y: new Float32Array(rows),
        mask: new Float32Array(rows),
        rowSquares: new Float64Array(rows),
        parameters: new Float32Array(parameterCount),
      }),
    );
    return { nodes, shapes: new Map(Object.entries(values).map(([name, { shape }]) => [name, shape])) };
  } finally {
    await session.close();
  }
}
