// Prunes a graph to what leads to some of its values: whatever else a member wrote into the file is never run.

import type { GraphProto, ModelProto, NodeProto, ValueInfoProto } from '../format/onnx-schema.ts';
import type { OpNode } from '../ops/op-rule.ts';
import { isKnown } from './inference.ts';
import { hasControlFlow } from './read-foreign-model.ts';

/** The nodes that lead to values, in file order. */
function nodesFor(wanted: ReadonlySet<string>, { node }: GraphProto): NodeProto[] {
  const needed = new Set(wanted);
  const kept = node.toReversed().filter(({ input, output }) => {
    if (!output.some((name) => name !== '' && needed.has(name))) return false;
    for (const name of input) needed.add(name);
    return true;
  });
  return kept.reverse();
}

/**
 * The model with these outputs. Nodes, initialisers, notes, functions, and sparse initialisers that do not lead to them
 * are left out; what the file says of itself is not.
 */
export function prunedTo(model: ModelProto, outputs: readonly ValueInfoProto[]): ModelProto {
  const { graph, irVersion, opsetImport, producerName, producerVersion, docString, metadataProps } = model;
  const names = new Set(outputs.map(({ name }) => name));
  const node = nodesFor(names, graph);
  const read = new Set([...names, ...node.flatMap(({ input }) => input)]);
  const initialised = new Set(graph.initializer.map(({ name }) => name));
  return {
    irVersion,
    opsetImport,
    ...(producerName !== undefined && { producerName }),
    ...(producerVersion !== undefined && { producerVersion }),
    ...(docString !== undefined && { docString }),
    graph: {
      name: graph.name,
      node,
      initializer: graph.initializer.filter(({ name }) => read.has(name)),
      input: graph.input.filter(({ name }) => !initialised.has(name) || read.has(name)),
      output: [...outputs],
      ...(graph.valueInfo && { valueInfo: graph.valueInfo.filter(({ name }) => read.has(name)) }),
    },
    metadataProps,
  };
}

/** Whether a node is of an operator that this package knows. */
function isOrdinary(node: NodeProto): boolean {
  const isStandard = !node.domain || node.domain === 'ai.onnx';
  const known = ['Identity', 'Dropout'].includes(node.opType) || isKnown(node as unknown as OpNode);
  return isStandard && known && !hasControlFlow(node);
}

/**
 * The outputs that say the logit, or what follows from it by known operators, such as its probabilities; they stay in a
 * file that is handed on.
 */
export function ordinaryOutputs({ graph }: ModelProto, logit: string): ValueInfoProto[] {
  const toLogit = new Set(nodesFor(new Set([logit]), graph));
  return graph.output.filter(({ name }) =>
    nodesFor(new Set([name]), graph).every((node) => toLogit.has(node) || isOrdinary(node)),
  );
}
