// The shapes of all values of a step graph, as ONNX Runtime has them when it runs.
import { openSession } from '../onnx-runtime.ts';
import { decodeModel, encodeModel, type NodeProto } from '../onnx-schema.ts';
import type { StepGraph } from '../step-graph.ts';

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
  const { units, rowsPerUnit, features, inputShape, parameterCount } = graph;
  const rows = units * rowsPerUnit;
  const floats = (shape: readonly number[], count: number) =>
    ({ type: 'float32', shape, data: new Float32Array(count) }) as const;
  const session = await openSession(encodeModel({ ...model, graph: { ...model.graph!, output: outputs } }), {
    threads: 1,
  });
  try {
    const values = await session.run({
      x: floats([rows, ...inputShape], rows * features),
      y: floats([rows, 1], rows),
      mask: floats([rows, 1], rows),
      parameters: floats([parameterCount], parameterCount),
    });
    return { nodes, shapes: new Map(Object.entries(values).map(([name, { shape }]) => [name, shape])) };
  } finally {
    await session.close();
  }
}
