// Reads a forward ONNX graph: which initialisers can be trained, where each lies in one flat parameter vector,
// and whether the engine can differentiate everything between them and the logit.
import assert from 'node:assert/strict';
import { type Constant, constantFrom } from './constant.ts';
import { findLogit, LOGIT_NAME } from './find-logit.ts';
import { foldConstants, isFoldable } from './fold-constants.ts';
import {
  decodeModel,
  ELEMENT_TYPE,
  encodeModel,
  type ModelProto,
  type NodeProto,
  OnnxFormatError,
  type TensorProto,
} from './onnx-schema.ts';
import { type KnownValues, type OpNode, type Shape, UnsupportedOp } from './ops/op-rule.ts';
import { isExplained, refusalOf, ruleOf, supportedOperators } from './ops/registry.ts';
import { withStandardOperators } from './scikit-learn.ts';
import { elementCount, floatTensor, readFloats } from './tensor-data.ts';
import { UnsupportedModelError } from './unsupported-model.ts';

export { LOGIT_NAME, UnsupportedModelError };
export const INPUT_NAME = 'x';
export const PROBABILITY_NAME = 'probability';

/** A trainable initialiser and its place in the flat parameter vector. */
export interface TrainableParameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** Index of the first value in the flat vector. */
  readonly offset: number;
  readonly size: number;
}

export interface ForwardModel extends KnownValues {
  /** Name of the graph's only input, float [rows, ...inputShape]. */
  readonly input: string;
  readonly inputShape: readonly number[];
  /** Values in one row of the input. */
  readonly features: number;
  /** Name of the value the loss is taken of, [rows, outputs] or [rows]. */
  readonly logit: string;
  /** The Sigmoid, Softmax or LogSoftmax that the graph's output passes the logit through, if it does. */
  readonly finalActivation: string | undefined;
  /** Numbers per row in the logit: 1, or one per class. */
  readonly outputs: number;
  /** The nodes the logit depends on, each after those it reads from. */
  readonly nodes: readonly OpNode[];
  /** In the order of the file's initialisers. */
  readonly parameters: readonly TrainableParameter[];
  readonly parameterCount: number;
  /** The values in the file, [parameterCount]. */
  readonly values: Float32Array;
  readonly metadata: Readonly<Record<string, string>>;
}

function describe(node: OpNode, reason: string): string {
  return `node ${node.name} (${node.opType}): ${reason}`;
}

/** What does nothing in training: an identity, or a dropout, which is noise that the private step does not need. */
const REMOVED = ['Identity', 'Dropout'];

interface Graph {
  readonly nodes: readonly OpNode[];
  /** The value that stands for one that a removed node would have passed on. */
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

/** Every value has one name and one origin; a name that is given twice would silently be one of the two. */
function checkNames({ graph }: ModelProto): void {
  const initialised = duplicates(graph.initializer.map(({ name }) => name));
  const computed = duplicates(graph.node.flatMap(({ output }) => output).filter((name) => name !== ''));
  const problems = [
    ...initialised.map((name) => `it has two initialisers named ${name}: give each a name of its own`),
    ...computed.map((name) => `two of its nodes compute ${name}: give each value a name of its own`),
  ];
  if (problems.length > 0) throw new UnsupportedModelError(problems);
}

function duplicates(names: readonly string[]): string[] {
  const seen = new Set<string>();
  return [...new Set(names.filter((name) => seen.size === seen.add(name).size))];
}

/** The nodes that lead to a value, in file order. */
function ancestorsOf(value: string, nodes: readonly OpNode[]): OpNode[] {
  const wanted = new Set([value]);
  const kept = nodes.toReversed().filter((node) => {
    if (!wanted.has(node.output)) return false;
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
    throw new UnsupportedModelError([`it has ${inputs.length} inputs, but one is wanted`]);
  }
  const type = input.type.tensorType;
  const [, ...rest] = type?.shape?.dim ?? [];
  if (type?.elemType !== ELEMENT_TYPE.float || type.shape?.dim.length === undefined) {
    throw new UnsupportedModelError([`its input ${input.name} must be float [rows, features]`]);
  }
  const open = rest.findIndex(({ dimValue }) => !dimValue);
  if (rest.length === 0 || open >= 0) {
    const which = rest.length === 0 ? '' : `: axis ${open + 1} is open, export it with its extent`;
    throw new UnsupportedModelError([
      `its input ${input.name} must be float [rows, features] or [rows, channels, space], with all axes but the ` +
        `first of fixed extent${which}`,
    ]);
  }
  return { input: input.name, inputShape: rest.map(({ dimValue }) => dimValue!) };
}

/** Inputs of a node whose numbers are settings, never weights, by the operator's definition. */
function isSetting(node: OpNode, index: number): boolean {
  if (['Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Equal', 'Where'].includes(node.opType))
    return true;
  return ['Pow', 'Slice', 'Reshape'].includes(node.opType) && index > 0;
}

/**
 * Whether a float initialiser is a number that PyTorch's newer exporter lifted out of the program: it calls them
 * val_N, as it does weights that it has transposed. A single number is a constant, and so are the ones and zeros that
 * stand in for the scale and offset of an instance normalisation within a group normalisation.
 */
function isLifted(tensor: TensorProto, users: readonly OpNode[], producer: string | undefined): boolean {
  if (producer !== 'pytorch' || !/^(val|scalar_tensor)_\w+$/.test(tensor.name)) return false;
  if (tensor.dims.length === 0) return true;
  if (!users.every(({ opType }) => opType === 'InstanceNormalization')) return false;
  const values = readFloats(tensor);
  return values.every((value) => value === 1) || values.every((value) => value === 0);
}

interface Initialisers {
  readonly parameters: TrainableParameter[];
  readonly values: Float32Array;
  readonly parameterCount: number;
  readonly constants: Map<string, Constant>;
  /** Initialisers that a problem was told of. */
  readonly unreadable: readonly string[];
}

/** The initialisers that the nodes read: trainable ones and constants. */
function readInitialisers(model: ModelProto, nodes: readonly OpNode[], problems: string[]): Initialisers {
  const uses = new Map<string, OpNode[]>();
  const settings = new Set<string>();
  for (const node of nodes) {
    node.inputs.forEach((name, index) => {
      if (isSetting(node, index)) settings.add(name);
      uses.set(name, [...(uses.get(name) ?? []), node]);
    });
  }
  const parameters: TrainableParameter[] = [];
  const constants = new Map<string, Constant>();
  const unreadable: string[] = [];
  const chunks: Float32Array[] = [];
  let offset = 0;
  const { float, double, int32, int64, bool } = ELEMENT_TYPE;
  for (const tensor of model.graph.initializer) {
    const users = uses.get(tensor.name) ?? [];
    if (users.length === 0) continue;
    const isReadable = ([float, double, int32, int64, bool] as readonly number[]).includes(tensor.dataType);
    if (!isReadable || (tensor.dataType === double && !settings.has(tensor.name))) {
      problems.push(
        describe(
          users[0]!,
          `initialiser ${tensor.name} must be float32: export the model in single precision`,
        ),
      );
      unreadable.push(tensor.name);
    } else if (
      tensor.dataType !== float ||
      settings.has(tensor.name) ||
      isLifted(tensor, users, model.producerName)
    ) {
      constants.set(tensor.name, constantFrom(tensor));
    } else {
      const size = elementCount(tensor.dims);
      parameters.push({ name: tensor.name, shape: tensor.dims, offset, size });
      chunks.push(readFloats(tensor));
      offset += size;
    }
  }
  const values = new Float32Array(offset);
  parameters.forEach((parameter, i) => {
    values.set(chunks[i]!, parameter.offset);
  });
  return { parameters, values, parameterCount: offset, constants, unreadable };
}

/** Shapes, constants and kinds of all values of a graph, as they become known node by node. */
class Inference implements KnownValues {
  readonly problems: string[];
  readonly kept: OpNode[] = [];
  readonly #shapes = new Map<string, Shape>();
  readonly #constants: Map<string, Constant>;
  readonly #parameters: ReadonlySet<string>;
  readonly #discrete = new Set<string>();
  /** Values of nodes and initialisers that were refused, whose readers are not to be blamed. */
  readonly #unknown: Set<string>;
  hasUnknownOperator = false;

  constructor(input: readonly [name: string, shape: Shape], initialisers: Initialisers, problems: string[]) {
    this.problems = problems;
    this.#shapes.set(...input);
    for (const { name, shape } of initialisers.parameters) this.#shapes.set(name, shape);
    this.#parameters = new Set(initialisers.parameters.map(({ name }) => name));
    this.#constants = initialisers.constants;
    this.#unknown = new Set(initialisers.unreadable);
  }

  readonly isParameter = (value: string): boolean => this.#parameters.has(value);
  readonly isDiscrete = (value: string): boolean => this.#discrete.has(value);
  readonly constantOf = (value: string): Constant | undefined => this.#constants.get(value);
  readonly shapeOf = (value: string): Shape => {
    const shape = this.#shapes.get(value) ?? this.#constants.get(value)?.shape;
    if (shape === undefined) throw new UnsupportedOp(`its input ${value} is not computed before it`);
    return shape;
  };

  infer(node: OpNode): void {
    if (ruleOf(node.opType) === undefined && !isFoldable(node)) {
      this.problems.push(describe(node, refusalOf(node.opType)));
      this.#unknown.add(node.output);
      this.hasUnknownOperator ||= !isExplained(node.opType);
      return;
    }
    if (node.inputs.some((input) => this.#unknown.has(input))) {
      this.#unknown.add(node.output);
      return;
    }
    try {
      const constant = foldConstants(node, this);
      if (constant !== undefined) {
        this.#constants.set(node.output, constant);
        return;
      }
      const rule = ruleOf(node.opType);
      if (rule === undefined) throw new UnsupportedOp('it computes on data, where constants are wanted');
      this.#shapes.set(node.output, rule.inferShape(node, this));
      if (rule.isDiscrete?.(node, this)) this.#discrete.add(node.output);
      this.kept.push(node);
    } catch (cause) {
      if (!(cause instanceof UnsupportedOp)) throw cause;
      this.problems.push(describe(node, cause.message));
      this.#unknown.add(node.output);
    }
  }
}

/**
 * Reads a forward model and refuses what the engine cannot train.
 *
 * The graph has one float input whose first axis is the rows. The loss is taken of the output `logit`, or of the only
 * float output, before its final Sigmoid or Softmax: [rows, 1], [rows], or [rows, classes]. What else it outputs is
 * kept but takes no part in training. Float initialisers that lead to the logit are trained; Constant nodes are not.
 *
 * @throws OnnxFormatError where the bytes are no ONNX model.
 * @throws UnsupportedModelError naming everything that is not supported.
 */
export function readForwardModel(bytes: Uint8Array): ForwardModel {
  const model = withStandardOperators(decodeModel(bytes));
  const { input, inputShape } = readInput(model);
  if ((model.graph.sparseInitializer ?? []).length > 0) {
    throw new UnsupportedModelError(['sparse initialisers are not supported']);
  }
  checkNames(model);
  const graph = readNodes(model);
  const { logit, finalActivation } = findLogit(model, graph.nodes, graph.resolve);
  const ancestors = ancestorsOf(logit, graph.nodes);
  const problems: string[] = [];
  const initialisers = readInitialisers(model, ancestors, problems);
  if (problems.length === 0 && initialisers.parameterCount === 0) {
    problems.push('nothing in it can be trained');
  }
  const known = new Inference([input, ['rows', ...inputShape]], initialisers, problems);
  for (const node of ancestors) known.infer(node);
  if (problems.length > 0) {
    throw new UnsupportedModelError(problems, known.hasUnknownOperator ? supportedOperators() : undefined);
  }
  const [rows, outputs = 1, ...rest] = known.shapeOf(logit);
  if (rows !== 'rows' || typeof outputs !== 'number' || rest.length > 0) {
    throw new UnsupportedModelError([`its output ${LOGIT_NAME} must be [rows, 1] or [rows, classes]`]);
  }
  const { isParameter, isDiscrete, constantOf, shapeOf, kept: nodes } = known;
  const { parameters, parameterCount, values } = initialisers;
  return {
    isParameter,
    isDiscrete,
    constantOf,
    shapeOf,
    parameters,
    parameterCount,
    values,
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
 * The same model with other parameter values, [parameterCount] in the order of `readForwardModel`.
 *
 * Deterministic: equal bytes and values give equal bytes on every machine. Values are rounded to float32. A linear
 * model of scikit-learn comes out in standard operators (`withStandardOperators`).
 */
export function withParameters(bytes: Uint8Array, values: ArrayLike<number>): Uint8Array {
  const { parameters, parameterCount } = readForwardModel(bytes);
  assert.equal(values.length, parameterCount, 'as many values as the model has parameters');
  const model = withStandardOperators(decodeModel(bytes));
  const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  const initializer = model.graph.initializer.map((tensor) => {
    const parameter = byName.get(tensor.name);
    if (parameter === undefined) return tensor;
    const { offset, size, shape } = parameter;
    const own = Float32Array.from({ length: size }, (_, i) => values[offset + i]!);
    if (!own.every(Number.isFinite)) throw new OnnxFormatError(`a value for ${tensor.name} is not a number`);
    return floatTensor({ name: tensor.name, shape }, own);
  });
  return encodeModel({ ...model, graph: { ...model.graph, initializer } });
}
