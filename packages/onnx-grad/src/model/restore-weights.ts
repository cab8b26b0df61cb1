// Gives back the weights that PyTorch's exporters merged because they began equal, or left out because they began at
// zero: a layer that was copied is trained as a layer of its own. The result is an ordinary file, with everything in
// it: whoever reads it, at whatever version, trains the same parameters. Decision 47 says why this is done when a graph
// is brought in, and never when it is read.
import {
  decodeModel,
  decodeNodeNotes,
  encodeModel,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../format/onnx-schema.ts';
import { elementCount, floatTensor } from '../format/tensor-data.ts';
import { checkParameterCount } from '../format/unsupported-model.ts';
import { foldedOrigins } from '../import/initialisers.ts';
import { readForwardModel } from './forward-model.ts';
import { matchesPattern } from './name-patterns.ts';

/** A weight of the file, and the names of the weights that were merged into it: they begin with its numbers. */
export interface UntiedWeight {
  readonly name: string;
  readonly copies: readonly string[];
}

/** A graph's file after its merged weights were taken apart, and what was changed for it. */
export interface RestoredModel {
  readonly bytes: Uint8Array;
  readonly untied: readonly UntiedWeight[];
  /** Biases that began at zero, so that the exporter left them out. */
  readonly biases: readonly string[];
}

const SCOPES = 'pkg.torch.onnx.name_scopes';
const CLASSES = 'pkg.torch.onnx.class_hierarchy';
const ATTENTION = 'torch.nn.modules.activation.MultiheadAttention';
const IN_BIAS = 'in_proj_bias';
const OUT_WEIGHT = 'out_proj.weight';
const OUT_BIAS = 'out_proj.bias';

/**
 * What the older exporter puts in place of a weight that equals another one, by the weight's own name. A module that
 * is used twice, or a parameter that two modules share, is one initialiser to it, without such a node.
 */
const isStandIn = ({ opType, name, output }: NodeProto): boolean =>
  opType === 'Identity' && /^Identity_\d+$/.test(name) && !/^\d+$/.test(output[0]!);

/** Of what the newer exporter notes of a node, from the whole model to the operation: the innermost module. */
function moduleOf(note: string | undefined): string | undefined {
  const scopes = [...(note ?? '').matchAll(/'([^']*)'/g)].map(([, scope]) => scope!);
  return scopes.length < 2 ? undefined : scopes.at(-2);
}

/** A graph while it is rewritten. */
interface Draft {
  readonly graph: GraphProto;
  /** The path of each node's module, and its class, in file order. */
  readonly modules: readonly (string | undefined)[];
  readonly classes: readonly (string | undefined)[];
  readonly taken: Set<string>;
  /** By name of the value that is read, in file order. */
  readonly uses: ReadonlyMap<string, readonly Use[]>;
  readonly inputs: ReadonlyMap<NodeProto, string[]>;
  readonly removed: Set<NodeProto>;
  readonly added: { readonly tensor: TensorProto; readonly like: string }[];
  /** The path of the parameter that an initialiser is, or is made of. */
  pathOf(name: string): string;
}

interface Use {
  readonly node: NodeProto;
  readonly place: number;
  readonly module: string | undefined;
}

/**
 * The modules besides the first that each had a weight of their own, with the nodes that are to read it.
 *
 * The newer exporter keeps, of equal weights, the first one's name, and of a parameter that modules share the last
 * one's: only a weight that is named for the module that reads it first, and that each module reads in the same way, was
 * merged.
 */
function mergedUses(uses: readonly Use[], path: string): Map<string, readonly Use[]> {
  const [first] = uses;
  const isPlain = uses.every(
    ({ node, place, module }) =>
      module !== undefined && node.opType === first?.node.opType && place === first.place,
  );
  if (first === undefined || !isPlain || !path.startsWith(`${first.module}.`)) return new Map();
  const leaf = path.slice(first.module!.length + 1);
  const others = uses.filter(({ module }) => module !== first.module);
  return Map.groupBy(others, ({ module }) => `${module}.${leaf}`);
}

/** Names of all values of a graph: none of them may be given a second time. */
const namesOf = ({ node, initializer, input }: GraphProto): Set<string> =>
  new Set([...[...initializer, ...input].map(({ name }) => name), ...node.flatMap(({ output }) => output)]);

/** Looked up once: a file may have thousands of weights, each read by several of thousands of nodes. */
function usesOf(nodes: readonly NodeProto[], modules: Draft['modules']): Map<string, Use[]> {
  const uses = new Map<string, Use[]>();
  for (const [index, node] of nodes.entries()) {
    for (const [place, name] of node.input.entries()) {
      const use = { node, place, module: modules[index] };
      const own = uses.get(name);
      if (own === undefined) uses.set(name, [use]);
      else own.push(use);
    }
  }
  return uses;
}

function draftOf(graph: GraphProto, bytes: Uint8Array): Draft {
  const origins = foldedOrigins(graph);
  const modules = decodeNodeNotes(bytes, SCOPES).map(moduleOf);
  return {
    graph,
    modules,
    uses: usesOf(graph.node, modules),
    classes: decodeNodeNotes(bytes, CLASSES).map(moduleOf),
    taken: namesOf(graph),
    inputs: new Map(graph.node.map((node) => [node, [...node.input]])),
    removed: new Set(),
    added: [],
    pathOf: (name) => origins.get(name)?.[0] ?? name,
  };
}

/** Takes one weight apart, and says the names of the further ones. */
function untie(
  tensor: TensorProto,
  { taken, uses: usesByName, inputs, removed, added, pathOf }: Draft,
): string[] {
  const { name } = tensor;
  const copies: string[] = [];
  const uses = usesByName.get(name) ?? [];
  for (const { node } of uses.filter((use) => isStandIn(use.node))) {
    removed.add(node);
    copies.push(node.output[0]!);
  }
  const merged = copies.length > 0 ? [] : mergedUses(uses, pathOf(name));
  for (const [copy, own] of merged) {
    if (taken.has(copy)) continue;
    taken.add(copy);
    for (const { node, place } of own) inputs.get(node)![place] = copy;
    copies.push(copy);
  }
  added.push(...copies.map((copy) => ({ tensor: { ...tensor, name: copy }, like: name })));
  return copies;
}

const isTurned = ({ attribute }: NodeProto): boolean =>
  attribute.some(({ name, i }) => name === 'transB' && i === 1);

/**
 * Gives each attention its bias behind the heads back. The newer exporter leaves out a bias of zeros, as PyTorch's
 * attention begins, and says of which class the node is: an attention has this bias exactly where it has the one before
 * the heads.
 */
function restoreBiases({ graph, modules, classes, taken, inputs, added, pathOf }: Draft): string[] {
  const attentions = new Map<string, string>();
  graph.node.forEach(({ input }, index) => {
    const bias = input.find((name) => pathOf(name).endsWith(`.${IN_BIAS}`));
    if (classes[index] === ATTENTION && bias !== undefined) attentions.set(modules[index]!, bias);
  });
  const weights = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  return graph.node.flatMap((node, index) => {
    const weight = weights.get(node.input[1] ?? '');
    const like = attentions.get(modules[index] ?? '');
    if (node.opType !== 'Gemm' || node.input.length > 2 || weight === undefined || like === undefined)
      return [];
    const name = `${modules[index]}.${OUT_BIAS}`;
    if (!isTurned(node) || !pathOf(weight.name).endsWith(`.${OUT_WEIGHT}`) || taken.has(name)) return [];
    const extent = weight.dims[0]!;
    taken.add(name);
    inputs.get(node)!.push(name);
    added.push({ tensor: floatTensor({ name, shape: [extent] }, new Float32Array(extent)), like });
    return [name];
  });
}

/** What the file says of the new weights, so that they are known as weights: what it says of those they are like. */
function notesOf({ added }: Draft, valueInfo: readonly ValueInfoProto[]): ValueInfoProto[] {
  const known = new Map(valueInfo.map((info) => [info.name, info]));
  return added.flatMap(({ tensor, like }) => {
    const info = known.get(like);
    const shape = { dim: tensor.dims.map((dimValue) => ({ dimValue })) };
    return info === undefined
      ? []
      : [{ ...info, name: tensor.name, type: { tensorType: { elemType: tensor.dataType, shape } } }];
  });
}

/**
 * The same model, in which weights that PyTorch's exporters merged are apart, and biases that they left out are there.
 * It computes the same. Equal bytes give equal bytes, and a file without such weights comes back as it is.
 *
 * @param keep names, or prefixes ending in `*`, of weights that stay one
 * @throws what `readForwardModel` throws
 */
export function restoreWeights(bytes: Uint8Array, keep: readonly string[] = []): RestoredModel {
  const { shared, parameterCount } = readForwardModel(bytes);
  const model = decodeModel(bytes);
  if (model.producerName !== 'pytorch') return { bytes, untied: [], biases: [] };
  const draft = draftOf(model.graph, bytes);
  const { graph, removed, inputs, added } = draft;
  const wanted = new Set(shared.map(({ name }) => name).filter((name) => !matchesPattern(name, keep)));
  const untied = graph.initializer
    .filter(({ name }) => wanted.has(name))
    .map((tensor) => ({ name: tensor.name, copies: untie(tensor, draft) }))
    .filter(({ copies }) => copies.length > 0);
  const biases = restoreBiases(draft);
  if (added.length === 0) return { bytes, untied: [], biases: [] };
  const numbers = added.map(({ tensor }) => elementCount(tensor.dims));
  const wantedCount = numbers.reduce((sum, count) => sum + count, parameterCount);
  checkParameterCount(wantedCount);
  const { valueInfo = [] } = graph;
  const restored = encodeModel({
    ...model,
    graph: {
      ...graph,
      node: graph.node
        .filter((node) => !removed.has(node))
        .map((node) => ({ ...node, input: inputs.get(node)! })),
      initializer: [...graph.initializer, ...added.map(({ tensor }) => tensor)],
      valueInfo: [...valueInfo, ...notesOf(draft, valueInfo)],
    },
  });
  return { bytes: restored, untied, biases };
}
