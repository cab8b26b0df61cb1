// The float factors from which a step graph computes norms and sums: the contribution of each unit, before any weight.
import { decodeModel, ELEMENT_TYPE, encodeModel } from '../format/onnx-schema.ts';
import type { StepGraph } from './step-graph.ts';

/** The graph, whose sums are in double, with its computed factors as outputs, [units, ...] each. */
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
