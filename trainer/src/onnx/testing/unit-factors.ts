// The float values that a step graph makes norms and sums of: what each of its units contributes, before any weight.
import { decodeModel, ELEMENT_TYPE, encodeModel } from '../onnx-schema.ts';
import type { StepGraph } from '../step-graph.ts';
import type { ReferenceRow } from './reference-gradients.ts';
import { runStep } from './run-step.ts';

/** The graph with outputs for the values that it casts to double, or squares and sums: [units, ...] each. */
export function exposeFactors(graph: StepGraph): {
  readonly bytes: Uint8Array;
  readonly names: readonly string[];
} {
  const model = decodeModel(graph.bytes);
  const nodes = model.graph.node;
  const inputsOf = (opType: string, outputs?: readonly string[]) =>
    nodes.flatMap((node) =>
      node.opType === opType && (outputs?.includes(node.output[0]!) ?? true) ? [node.input[0]!] : [],
    );
  const reduced = inputsOf('ReduceSum');
  const summed = [...reduced, ...inputsOf('Reshape', reduced)];
  const made = nodes.flatMap(({ opType, output }) =>
    opType === 'Cast' || opType === 'ReduceSum' ? output : [],
  );
  const read = nodes.flatMap(({ opType, input, output, attribute }) => {
    const isToDouble = opType === 'Cast' && attribute[0]?.i === ELEMENT_TYPE.double;
    const isSquared = opType === 'Mul' && input[0] === input[1] && summed.includes(output[0]!);
    return isToDouble || isSquared ? [input[0]!] : [];
  });
  const names = [...new Set(read)].filter((name) => !made.includes(name));
  for (const name of names) {
    model.graph.output.push({ name, type: { tensorType: { elemType: ELEMENT_TYPE.float } } });
  }
  return { bytes: encodeModel(model), names };
}

/** By unit: the values that the graph casts to double, or squares and sums. */
export async function factorsOf(
  graph: StepGraph,
  run: {
    readonly parameters: Float32Array;
    readonly units: readonly (readonly ReferenceRow[])[];
    readonly threads: number;
  },
): Promise<(unit: number) => number[][]> {
  const { bytes, names } = exposeFactors(graph);
  const outputs = await runStep({ ...graph, bytes }, run);
  return (unit) =>
    names.map((name) => {
      const { data } = outputs[name]!;
      const own = data.length / graph.units;
      return [...data.subarray(unit * own, (unit + 1) * own)];
    });
}
