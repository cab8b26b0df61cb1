// Reads a forward ONNX graph: which initialisers can be trained, their offsets in one flat parameter vector, and
// whether everything between them and the logit can be differentiated.
import assert from 'node:assert/strict';
import { MAXIMUM_RANK, NUMBERS_PER_ROW, OUTPUTS } from '../format/graph-limits.ts';
import { graphProblem, type ModelProblem, modelProblem } from '../format/model-problem.ts';
import {
  ELEMENT_TYPE,
  encodeModel,
  type ModelProto,
  type NodeProto,
  OnnxFormatError,
} from '../format/onnx-schema.ts';
import { elementCount, floatTensor } from '../format/tensor-data.ts';
import { UnsupportedModelError } from '../format/unsupported-model.ts';
import { findLogit, LOGIT_NAME } from '../import/find-logit.ts';
import { Inference } from '../import/inference.ts';
import {
  FROZEN_KEY,
  type FrozenWeight,
  readInitialisers,
  type TrainableParameter,
} from '../import/initialisers.ts';
import { ordinaryOutputs, prunedTo } from '../import/prune-graph.ts';
import { controlFlowProblems, readForeignModel } from '../import/read-foreign-model.ts';
import { withStandardOperators } from '../import/scikit-learn.ts';
import { turnedCopies } from '../import/shared-weights.ts';
import { type SharedWeight, sharedWeights } from '../import/weight-uses.ts';
import { type KnownValues, type OpNode, UnsupportedOp } from '../ops/op-rule.ts';
import { inFileOrder, inViewOrder } from '../ops/parameter-view.ts';
import { ruleOf } from '../ops/registry.ts';
import { numbersPerRow } from './numbers-per-row.ts';

export { LOGIT_NAME, type SharedWeight, type TrainableParameter, UnsupportedModelError };
export const INPUT_NAME = 'x';
export const PROBABILITY_NAME = 'probability';

/** A graph as it was read: input, outputs, nodes and trainable parameters in the file's order. */
export interface ForwardModel extends KnownValues {
  /** Name of the graph's only input, float [rows, ...inputShape]. */
  readonly input: string;
  readonly inputShape: readonly number[];
  /** Values in one row of the input. */
  readonly features: number;
  /** Name of the input of the loss, [rows, outputs] or [rows]. */
  readonly logit: string;
  /** The Sigmoid, Softmax, LogSoftmax or Exp between the logit and the output, if there is one. */
  readonly finalActivation: OpNode | undefined;
  /** Numbers per row in the logit: 1, or one per class. */
  readonly outputs: number;
  /** The nodes the logit depends on, each after those it reads from. */
  readonly nodes: readonly OpNode[];
  /** In the order of the file's initialisers. */
  readonly parameters: readonly TrainableParameter[];
  readonly parameterCount: number;
  /** Weights that are not trained, as the file says (`FROZEN_KEY`). */
  readonly frozen: readonly FrozenWeight[];
  /** Weights that several nodes read, and that are trained as one. */
  readonly shared: readonly SharedWeight[];
  /** The values in the file, [parameterCount], those of each parameter in the order in which nodes use them. */
  readonly values: Float32Array;
  /** A parameter's values in the order of the file. */
  inFileOrder(parameter: TrainableParameter, used: Float32Array): Float32Array;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Nodes without effect in training: an identity, or a dropout, whose noise a private step does not need. */
const REMOVED = ['Identity', 'Dropout'];

interface Graph {
  readonly nodes: readonly OpNode[];
  /** The value that replaces one that a removed node would have passed on. */
  resolve(value: string): string;
}

function readNodes(model: ModelProto): Graph {
  const opset = model.opsetImport.find(({ domain }) => !domain || domain === 'ai.onnx')?.version ?? 1;
  const aliases = new Map<string, string>();
  const resolve = (value: string) => aliases.get(value) ?? value;
  const toOpNode = (node: NodeProto, index: number): OpNode => ({
    name: node.name || `#${index} (${node.opType})`,
    opType: !node.domain || node.domain === 'ai.onnx' ? node.opType : `${node.domain}.${node.opType}`,
    inputs: node.input.map(resolve),
    output: node.output[0]!,
    outputs: node.output,
    attributes: node.attribute,
    opset,
  });
  const nodes: OpNode[] = [];
  model.graph.node.forEach((proto, index) => {
    const node = toOpNode(proto, index);
    if (REMOVED.includes(node.opType)) aliases.set(node.output, node.inputs[0]!);
    else nodes.push(node);
  });
  return { nodes, resolve };
}

/** Turns whatever reading foreign bytes throws into OnnxFormatError or UnsupportedModelError. */
export function asModelError<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof UnsupportedModelError || cause instanceof OnnxFormatError) throw cause;
    if (cause instanceof UnsupportedOp) {
      throw new UnsupportedModelError([graphProblem(cause.reason, cause.remedy)]);
    }
    const { name, message } = cause as Error;
    throw new OnnxFormatError(`this ONNX model cannot be read (${name}: ${message}): export it again`, {
      cause,
    });
  }
}

const OWN_NAMES = 'give each value a name of its own';

/** Problems of names that are used twice: a reader would silently take one of the two values. */
function checkNames({ graph }: ModelProto): void {
  const initialised = duplicates(graph.initializer.map(({ name }) => name));
  const outputs = graph.node.flatMap(({ output }) => output).filter((name) => name !== '');
  const computed = duplicates(outputs);
  const given = new Set([...graph.initializer, ...graph.input].map(({ name }) => name));
  const again = [...new Set(outputs.filter((name) => given.has(name)))];
  const problems = [
    ...initialised.map((name) =>
      graphProblem(`it has two initialisers named ${name}`, 'give each a name of its own'),
    ),
    ...computed.map((name) => graphProblem(`two of its nodes compute ${name}`, OWN_NAMES)),
    ...again.map((name) => graphProblem(`a node computes ${name}, which it has already`, OWN_NAMES)),
  ];
  if (problems.length > 0) throw new UnsupportedModelError(problems);
}

function duplicates(names: readonly string[]): string[] {
  const seen = new Set<string>();
  return [...new Set(names.filter((name) => seen.size === seen.add(name).size))];
}

/** Other types of ONNX that a graph's input may come in. */
const PRECISIONS: ReadonlyMap<number | undefined, string> = new Map([
  [10, 'float16'],
  [16, 'bfloat16'],
  [11, 'float64'],
]);

function wrongType(input: string, elementType: number | undefined): ModelProblem {
  const text = 'must be float32 [rows, features]';
  const precision = PRECISIONS.get(elementType);
  return precision === undefined
    ? modelProblem(`input ${input}`, text, 'a Cast in the graph makes numbers of another type of it')
    : modelProblem(`input ${input}`, `${text}, not ${precision}`, 'export the model in single precision');
}

/** The nodes that lead to a value, in file order. */
function ancestorsOf(value: string, nodes: readonly OpNode[]): OpNode[] {
  const wanted = new Set([value]);
  const kept = nodes.toReversed().filter((node) => {
    if (!node.outputs.some((output) => wanted.has(output))) return false;
    for (const input of node.inputs) wanted.add(input);
    return true;
  });
  return kept.reverse();
}

function readInput(model: ModelProto): { input: string; inputShape: number[] } {
  const initialised = new Set(model.graph.initializer.map(({ name }) => name));
  const inputs = model.graph.input.filter(({ name }) => !initialised.has(name));
  const [input] = inputs;
  if (input === undefined || inputs.length > 1) {
    const names = inputs.map(({ name }) => name).join(', ');
    throw new UnsupportedModelError([
      graphProblem(
        `it has ${inputs.length} inputs, but one is wanted: ${names || 'none'}`,
        'join them in the graph, and keep what is not data as initialisers',
      ),
    ]);
  }
  const field = `input ${input.name}`;
  const type = input.type?.tensorType;
  const [first, ...rest] = type?.shape?.dim ?? [];
  if (type?.elemType !== ELEMENT_TYPE.float || type.shape?.dim.length === undefined) {
    throw new UnsupportedModelError([wrongType(input.name, type?.elemType)]);
  }
  const open = rest.findIndex(({ dimValue }) => !dimValue);
  if (rest.length === 0 || open >= 0) {
    const text =
      'must be float [rows, features] or [rows, channels, space], with all axes but the first of fixed extent';
    const remedy = rest.length === 0 ? undefined : `axis ${open + 1} is open, export it with its extent`;
    throw new UnsupportedModelError([modelProblem(field, text, remedy)]);
  }
  const inputShape = rest.map(({ dimValue }) => dimValue!);
  const numbers = elementCount(inputShape);
  if (inputShape.length >= MAXIMUM_RANK || !inputShape.every((extent) => extent >= 1)) {
    throw new UnsupportedModelError([
      modelProblem(
        field,
        `has the shape [rows, ${inputShape.join(', ')}], and may have at most ${MAXIMUM_RANK} axes of at least 1`,
      ),
    ]);
  }
  if (!(numbers <= NUMBERS_PER_ROW)) {
    const text = `has ${numbers} numbers in a row, and ${NUMBERS_PER_ROW} is the most`;
    throw new UnsupportedModelError([modelProblem(field, text)]);
  }
  if (first?.dimValue) {
    throw new UnsupportedModelError([
      modelProblem(
        field,
        `takes ${first.dimValue} rows and no other number`,
        'export it with an open first axis (dynamic_shapes in torch.onnx.export, dynamic_axes in its older form)',
      ),
    ]);
  }
  return { input: input.name, inputShape };
}

/** Refuses weights that the logit depends on through integers and conditions alone, which have no gradient. */
function checkGradients(
  { kept, isDiscrete }: Inference,
  model: { readonly logit: string; readonly parameters: readonly TrainableParameter[] },
): void {
  const reached = new Set([model.logit]);
  for (const { opType, output, inputs } of kept.toReversed()) {
    if (!reached.has(output) || isDiscrete(output) || ruleOf(opType)?.hasNoGradient) continue;
    for (const input of inputs) reached.add(input);
  }
  const problems = model.parameters
    .filter(({ name }) => !reached.has(name))
    .map(({ name }) =>
      modelProblem(
        `initialiser ${name}`,
        'has no gradient, since what is made of it is rounded, or a condition only',
      ),
    );
  if (problems.length > 0) throw new UnsupportedModelError(problems);
}

/**
 * Reads a forward model, and refuses one that cannot be trained.
 *
 * The graph has one float input whose first axis is the rows. The loss is taken of the output `logit`, or of the only
 * float output, before its final Sigmoid, Softmax or Exp: [rows, 1], [rows], or [rows, classes]. Other outputs
 * take no part in training. Float initialisers that lead to the logit are trained, but for those that the
 * exporter is known to use for other things, and those that the file says are frozen (`initialisers.ts`); Constant
 * nodes are not.
 *
 * @throws OnnxFormatError where the bytes are not an ONNX model.
 * Any other failure on foreign bytes, an assertion included, is reported as this too.
 *
 * @throws UnsupportedModelError naming everything that is not supported.
 */
export function readForwardModel(bytes: Uint8Array): ForwardModel {
  return asModelError(() => readModel(bytes));
}

/** A foreign file in standard operators, after its names were checked. */
function readStandard(bytes: Uint8Array): ModelProto {
  const foreign = readForeignModel(bytes);
  if ((foreign.graph.sparseInitializer ?? []).length > 0) {
    throw new UnsupportedModelError([
      graphProblem('sparse initialisers are not supported', 'export them as dense ones'),
    ]);
  }
  checkNames(foreign);
  const model = withStandardOperators(foreign);
  if (model !== foreign) checkNames(model);
  return model;
}

function readModel(bytes: Uint8Array): ForwardModel {
  const model = readStandard(bytes);
  const { input, inputShape } = readInput(model);
  const graph = readNodes(model);
  const { logit, finalActivation } = findLogit(model, graph.nodes, graph.resolve);
  const ancestors = ancestorsOf(logit, graph.nodes);
  const leading = new Set(ancestors.map(({ output }) => output));
  const problems = controlFlowProblems(model.graph.node.filter(({ output }) => !leading.has(output[0]!)));
  const initialisers = readInitialisers(model, ancestors, problems);
  problems.push(...turnedCopies(model, initialisers));
  if (problems.length === 0 && initialisers.parameters.length === 0) {
    problems.push(
      graphProblem(
        initialisers.frozen.length > 0 ? 'all of its weights are frozen' : 'nothing in it can be trained',
      ),
    );
  }
  const known = new Inference([input, ['rows', ...inputShape]], initialisers);
  for (const node of ancestors) known.infer(node);
  known.throwProblems(ancestors, problems);
  const [rows, outputs = 1, ...rest] = known.shapeOf(logit);
  if (known.isMoved(logit) || rows !== 'rows' || typeof outputs !== 'number' || rest.length > 0) {
    throw new UnsupportedModelError([
      modelProblem(`output ${LOGIT_NAME}`, 'must be [rows, 1] or [rows, classes]'),
    ]);
  }
  if (outputs > OUTPUTS) {
    throw new UnsupportedModelError([
      modelProblem(
        `output ${LOGIT_NAME}`,
        `has ${outputs} numbers in a row, and ${OUTPUTS} is the most`,
        'give it one for each class of the label',
      ),
    ]);
  }
  const { isParameter, isDiscrete, constantOf, shapeOf } = known;
  // Without values of which only the shape is used.
  const nodes = ancestorsOf(logit, known.kept);
  const perRow = numbersPerRow({ nodes, shapeOf });
  if (!(perRow <= NUMBERS_PER_ROW)) {
    throw new UnsupportedModelError([
      graphProblem(
        `it computes ${perRow} numbers of each row, and ${NUMBERS_PER_ROW} is the most`,
        'take narrower layers or shorter sequences',
      ),
    ]);
  }
  const { parameterCount } = initialisers;
  const viewOf = ({ name, shape }: TrainableParameter | FrozenWeight) =>
    known.usedAs(name) ?? { shape, moves: [] };
  const parameters = initialisers.parameters.map((own) => ({ ...own, shape: viewOf(own).shape }));
  const values = new Float32Array(parameterCount);
  for (const own of initialisers.parameters) {
    const file = initialisers.values.subarray(own.offset, own.offset + own.size);
    values.set(inViewOrder(file, viewOf(own)), own.offset);
  }
  const frozen = initialisers.frozen.map((own) => {
    const view = viewOf(own);
    return { ...own, shape: view.shape, values: inViewOrder(own.values, view) };
  });
  checkGradients(known, { logit, parameters });
  return {
    isParameter,
    isDiscrete,
    constantOf,
    shapeOf,
    parameters,
    parameterCount,
    frozen,
    shared: sharedWeights(ancestors, { parameters, constantOf }),
    values,
    inFileOrder: (own, used) => inFileOrder(used, viewOf(own)),
    input,
    inputShape,
    features: elementCount(inputShape),
    logit,
    finalActivation,
    outputs,
    nodes,
    metadata: Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value])),
  };
}

/**
 * The same model, with metadata that freezes weights.
 *
 * @param patterns names, or prefixes ending in `*`
 */
export function withFrozen(bytes: Uint8Array, patterns: readonly string[]): Uint8Array {
  const model = readForeignModel(bytes);
  const others = model.metadataProps.filter(({ key }) => key !== FROZEN_KEY);
  return encodeModel({
    ...model,
    metadataProps: [...others, { key: FROZEN_KEY, value: JSON.stringify(patterns) }],
  });
}

/**
 * The same model with other parameter values, [parameterCount] in the order of `readForwardModel`.
 *
 * Deterministic: equal bytes and values give equal bytes on every machine. Values are rounded to float32. The result of
 * a linear model of scikit-learn is in standard operators (`withStandardOperators`), and a dropout that was exported
 * for training has no effect in the result.
 */
export function withParameters(bytes: Uint8Array, values: ArrayLike<number>): Uint8Array {
  const { parameters, parameterCount, logit, inFileOrder: ordered } = readForwardModel(bytes);
  assert.equal(values.length, parameterCount, 'as many values as the model has parameters');
  const standard = readStandard(bytes);
  const model = prunedTo(standard, ordinaryOutputs(standard, logit));
  const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  const initializer = model.graph.initializer.map((tensor) => {
    const parameter = byName.get(tensor.name);
    if (parameter === undefined) return tensor;
    const { offset, size } = parameter;
    const own = Float32Array.from({ length: size }, (_, i) => values[offset + i]!);
    if (!own.every(Number.isFinite)) throw new OnnxFormatError(`a value for ${tensor.name} is not a number`);
    return floatTensor({ name: tensor.name, shape: tensor.dims }, ordered(parameter, own));
  });
  const node = model.graph.node.map((own) =>
    own.opType === 'Dropout' ? { ...own, input: own.input.slice(0, 2) } : own,
  );
  return encodeModel({ ...model, graph: { ...model.graph, node, initializer } });
}
