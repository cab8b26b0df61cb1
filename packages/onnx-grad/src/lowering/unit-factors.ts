// The float values that a step graph makes norms and sums of: what each of its units contributes, before any weight.
import { decodeModel, ELEMENT_TYPE, encodeModel } from '../format/onnx-schema.ts';
import type { StepGraph } from './step-graph.ts';

/** The graph, whose sums are in double, with outputs for its factors that are computed: [units, ...] each. */
export function exposeFactors({ bytes, factors }: Pick<StepGraph, 'bytes' | 'factors'>): {
  readonly bytes: Uint8Array;
  readonly names: readonly string[];
} {
  const model = decodeModel(bytes);
  const made = new Set(model.graph.node.flatMap(({ output }) => output));
  const names = factors.filter((name) => made.has(name));
  for (const name of names) {
    model.graph.output.push({ name, type: { tensorType: { elemType: ELEMENT_TYPE.float } } });
  }
  return { bytes: encodeModel(model), names };
}
