// The initialisers of a forward graph: which are weights to train, and which are constants of the program.
import { constantFrom } from '../format/constant.ts';
import { CONSTANT_NUMBERS, FROZEN_PATTERNS } from '../format/graph-limits.ts';
import { type ModelProblem, modelProblem, nodeProblem } from '../format/model-problem.ts';
import { ELEMENT_TYPE, type ModelProto, type TensorProto } from '../format/onnx-schema.ts';
import { elementCount, readFloats } from '../format/tensor-data.ts';
import { checkParameterCount } from '../format/unsupported-model.ts';
import { matchesPattern } from '../model/name-patterns.ts';
import type { OpNode } from '../ops/op-rule.ts';
import { KnownConstants } from './known-constants.ts';

/** A trainable initialiser and its offset in the flat parameter vector. */
export interface TrainableParameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** Index of the first value in the flat vector. */
  readonly offset: number;
  readonly size: number;
}

/** A weight that is not trained. */
export interface FrozenWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Key of a model's metadata with the weights that are not trained: a JSON list of names, or prefixes ending in `*`. */
export const FROZEN_KEY = 'consilium.frozen';

function frozenPatterns({ metadataProps }: ModelProto, problems: ModelProblem[]): readonly string[] {
  const text = metadataProps.find(({ key }) => key === FROZEN_KEY)?.value;
  if (text === undefined) return [];
  let patterns: unknown;
  try {
    patterns = JSON.parse(text);
  } catch {
    patterns = undefined;
  }
  if (Array.isArray(patterns) && patterns.length > FROZEN_PATTERNS) {
    const reason = `has ${patterns.length} names or prefixes, and ${FROZEN_PATTERNS} is the most`;
    problems.push(modelProblem(`metadata ${FROZEN_KEY}`, reason, 'use prefixes'));
    return [];
  }
  if (Array.isArray(patterns) && patterns.every((pattern) => typeof pattern === 'string')) return patterns;
  const reason = 'must be a JSON list of names, or of prefixes ending in *';
  problems.push(modelProblem(`metadata ${FROZEN_KEY}`, reason));
  return [];
}

export interface Initialisers {
  readonly parameters: TrainableParameter[];
  readonly frozen: readonly FrozenWeight[];
  readonly values: Float32Array;
  readonly parameterCount: number;
  readonly constants: KnownConstants;
  /** Initialisers for which a problem was reported. */
  readonly unreadable: readonly string[];
}

const CONDITIONS = ['Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Equal'];
const SETTINGS_AFTER_FIRST = ['Pow', 'Slice', 'Split', 'Reshape', 'Clip'];

/** Inputs of a node whose numbers are settings, never weights, by the operator's definition. */
function isSetting({ opType }: OpNode, index: number): boolean {
  return CONDITIONS.includes(opType) || (SETTINGS_AFTER_FIRST.includes(opType) && index > 0);
}

/** Which float initialisers are weights, as far as the exporter reveals it. */
type WeightTest = (tensor: TensorProto, users: readonly OpNode[]) => boolean;

const isSingle = ({ dims }: TensorProto): boolean => dims.length <= 1 && elementCount(dims) === 1;

/** A mask of attention: added to scores, it leaves a position unchanged or removes it. */
function isMask(values: Float32Array): boolean {
  return (
    values.every((value) => value === 0 || value === Number.NEGATIVE_INFINITY) &&
    values.includes(Number.NEGATIVE_INFINITY)
  );
}

const NORMALISATIONS = ['InstanceNormalization', 'LayerNormalization', 'GroupNormalization'];

/** Ones or zeros that an exporter writes as the scale and the offset of a normalisation that has none. */
function isNeutral(tensor: TensorProto, users: readonly OpNode[]): boolean {
  if (!users.every(({ opType }) => NORMALISATIONS.includes(opType))) return false;
  const values = readFloats(tensor);
  return values.every((value) => value === 1) || values.every((value) => value === 0);
}

const KIND = 'pkg.torch.export.graph_signature.InputSpec.kind';
const FOLDED_FROM = 'pkg.onnxscript.optimizer.folded_from';

/** Notes with the given key, by the name of the value. */
function notesOf({ valueInfo = [] }: ModelProto['graph'], key: string): ReadonlyMap<string, string> {
  return new Map(
    valueInfo.flatMap(({ name, metadataProps = [] }) =>
      metadataProps.filter((note) => note.key === key).map(({ value }) => [name, value] as const),
    ),
  );
}

/** What PyTorch's newer exporter computed itself, by name, and the names of what it was made of. */
export function foldedOrigins(graph: ModelProto['graph']): ReadonlyMap<string, readonly string[]> {
  return new Map(
    [...notesOf(graph, FOLDED_FROM)].map(([name, origins]) => [
      name,
      [...origins.matchAll(/'([^']+)'/g)].map(([, origin]) => origin!),
    ]),
  );
}

/**
 * PyTorch's newer exporter says of what the module owned whether it was a parameter or a buffer, and of what it
 * computed itself what it was made of: of parameters (transposed weights), which is trained, or of the program's own
 * numbers and of values that it computes (only their shapes), which is not. Versions before the notes call both val_N.
 */
function pytorchWeights(graph: ModelProto['graph']): WeightTest {
  const kinds = notesOf(graph, KIND);
  const origins = foldedOrigins(graph);
  const computed = new Set(graph.node.flatMap(({ output }) => output));
  const isOfProgram = (name: string) => /^val_\d+$/.test(name) || computed.has(name);
  return (tensor, users) => {
    const kind = kinds.get(tensor.name);
    if (kind !== undefined) return kind === 'PARAMETER';
    if (kinds.size === 0 && !/^(val|scalar_tensor)_\w+$/.test(tensor.name)) return true;
    if (isSingle(tensor) || isNeutral(tensor, users)) return false;
    const sources = origins.get(tensor.name) ?? [];
    return sources.length === 0 || !sources.every(isOfProgram);
  };
}

/** scikit-learn's estimators have weights. What its transformers learned is constant. */
const scikitLearnWeights: WeightTest = ({ name }) => /^(coef|coefficients?|intercepts?)\d*$/.test(name);

/** Keras has no weights without axes: such numbers, folded or not, are ε of a normalisation, factors, and the like. */
const kerasWeights: WeightTest = ({ name, dims }, users) => {
  const isArithmetic = users.every(({ opType }) => ['Add', 'Sub', 'Mul', 'Div'].includes(opType));
  return dims.length > 0 && !(name.startsWith('const_fold_opt') && elementCount(dims) === 1 && isArithmetic);
};

function weightTestOf({ producerName, graph }: ModelProto): WeightTest {
  if (producerName === 'pytorch') return pytorchWeights(graph);
  if (producerName === 'skl2onnx') return scikitLearnWeights;
  if (producerName === 'tf2onnx') return kerasWeights;
  return () => true;
}

/** Operators that show a value otherwise: what is made of it alone is a setting where their output is. */
const VIEWS = [
  'Slice',
  'Cast',
  'CastLike',
  'Expand',
  'Reshape',
  'Squeeze',
  'Transpose',
  'Trilu',
  'Unsqueeze',
];

function usesOf(nodes: readonly OpNode[]) {
  const uses = new Map<string, OpNode[]>();
  const settings = new Set<string>();
  const weights = new Set<string>();
  // From the last node to the first: what is made of a value is known before it.
  for (const node of nodes.toReversed()) {
    node.inputs.forEach((name, index) => {
      const isPassedOn = VIEWS.includes(node.opType) && index === 0;
      const isOfSetting = isPassedOn && settings.has(node.output) && !weights.has(node.output);
      (isSetting(node, index) || isOfSetting ? settings : weights).add(name);
    });
  }
  for (const node of nodes) {
    for (const name of node.inputs) {
      const known = uses.get(name);
      if (known === undefined) uses.set(name, [node]);
      else known.push(node);
    }
  }
  return { uses, settings };
}

const { float, double, int32, int64, bool } = ELEMENT_TYPE;
const READABLE: readonly number[] = [float, double, int32, int64, bool];

/** The initialisers that the nodes read: trainable ones and constants. */
export function readInitialisers(
  model: ModelProto,
  nodes: readonly OpNode[],
  problems: ModelProblem[],
): Initialisers {
  const { uses, settings } = usesOf(nodes);
  const isWeight = weightTestOf(model);
  const patterns = frozenPatterns(model, problems);
  const parameters: TrainableParameter[] = [];
  const frozen: FrozenWeight[] = [];
  const constants = new KnownConstants();
  const keep = (tensor: TensorProto, user: OpNode) => {
    const { name, dims } = tensor;
    if (elementCount(dims) <= CONSTANT_NUMBERS) return constants.set(name, constantFrom(tensor));
    const found = `initialiser ${name} has ${elementCount(dims)} numbers that are not trained`;
    problems.push(nodeProblem(user, `${found}, and ${CONSTANT_NUMBERS} is the most`, 'make it smaller'));
    unreadable.push(name);
  };
  const unreadable: string[] = [];
  const chunks: Float32Array[] = [];
  let offset = 0;
  for (const tensor of model.graph.initializer) {
    const { name, dataType, dims } = tensor;
    const users = uses.get(name) ?? [];
    const [user] = users;
    if (user === undefined) continue;
    if (!READABLE.includes(dataType) || (dataType === double && !settings.has(name))) {
      const remedy = 'export the model in single precision';
      problems.push(nodeProblem(user, `initialiser ${name} must be float32`, remedy));
      unreadable.push(name);
      continue;
    }
    const isChoice = isSingle(tensor) && users.every(({ opType }) => opType === 'Where');
    if (dataType !== float || settings.has(name) || isChoice || !isWeight(tensor, users)) {
      keep(tensor, user);
      continue;
    }
    const own = readFloats(tensor);
    if (isMask(own)) {
      keep(tensor, user);
    } else if (matchesPattern(name, patterns)) {
      frozen.push({ name, shape: dims, values: own });
    } else {
      parameters.push({ name, shape: dims, offset, size: own.length });
      chunks.push(own);
      offset += own.length;
    }
  }
  checkParameterCount(offset);
  const values = new Float32Array(offset);
  const checkFinite = (name: string, own: Float32Array) => {
    if (own.every(Number.isFinite)) return;
    const reason = `initialiser ${name} has values that are not finite numbers`;
    problems.push(nodeProblem(uses.get(name)![0]!, reason, 'export it again'));
  };
  parameters.forEach(({ name, offset: first }, i) => {
    checkFinite(name, chunks[i]!);
    values.set(chunks[i]!, first);
  });
  for (const { name, values: own } of frozen) checkFinite(name, own);
  return { parameters, frozen, values, parameterCount: offset, constants, unreadable };
}
