// Reads a forward ONNX graph: which initialisers can be trained, where each lies in one flat parameter vector,
// and whether the engine can differentiate everything between them and the logit.
import assert from 'node:assert/strict';
import {
  decodeModel,
  ELEMENT_TYPE,
  encodeModel,
  type ModelProto,
  type NodeProto,
  OnnxFormatError,
} from './onnx-schema.ts';
import { type KnownValues, type OpNode, type Shape, UnsupportedOp } from './ops/op-rule.ts';
import { refusalOf, ruleOf } from './ops/registry.ts';
import { elementCount, floatTensor, readFloats } from './tensor-data.ts';

export const INPUT_NAME = 'x';
export const LOGIT_NAME = 'logit';
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
  /** Name of the graph's only input, float [rows, features]. */
  readonly input: string;
  readonly features: number;
  /** The nodes the logit depends on, each after those it reads from. */
  readonly nodes: readonly OpNode[];
  /** In the order of the file's initialisers. */
  readonly parameters: readonly TrainableParameter[];
  readonly parameterCount: number;
  /** The values in the file, [parameterCount]. */
  readonly values: Float32Array;
  readonly metadata: Readonly<Record<string, string>>;
}

/** What the engine cannot train in a model, each with the node's name and the reason. */
export class UnsupportedModelError extends Error {
  override readonly name = 'UnsupportedModelError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`this model cannot be trained: ${problems.join('; ')}`);
    this.problems = problems;
  }
}

function toOpNode(node: NodeProto, index: number): OpNode {
  const { opType, input: inputs, output, attribute: attributes } = node;
  return { name: node.name || `#${index} (${opType})`, opType, inputs, output: output[0]!, attributes };
}

/** The nodes that lead to the logit, in file order. */
function ancestorsOfLogit(nodes: readonly OpNode[]): OpNode[] {
  const wanted = new Set([LOGIT_NAME]);
  const kept = nodes.toReversed().filter((node) => {
    if (!wanted.has(node.output)) return false;
    for (const input of node.inputs) wanted.add(input);
    return true;
  });
  return kept.reverse();
}

function describe(node: OpNode, reason: string): string {
  return `node ${node.name} (${node.opType}): ${reason}`;
}

function readInput(model: ModelProto): { input: string; features: number } {
  const initialised = new Set(model.graph.initializer.map(({ name }) => name));
  const inputs = model.graph.input.filter(({ name }) => !initialised.has(name));
  const [input] = inputs;
  if (input === undefined || inputs.length > 1) {
    throw new UnsupportedModelError([`it has ${inputs.length} inputs, but one is wanted`]);
  }
  const type = input.type.tensorType;
  const dims = type?.shape?.dim ?? [];
  const features = dims[1]?.dimValue;
  if (type?.elemType !== ELEMENT_TYPE.float || dims.length !== 2 || !features) {
    throw new UnsupportedModelError([`its input ${input.name} must be float [rows, features]`]);
  }
  return { input: input.name, features };
}

/** Trainable initialisers among those that the nodes read; a shared one has no norm rule. */
function readParameters(
  model: ModelProto,
  nodes: readonly OpNode[],
): { parameters: TrainableParameter[]; values: Float32Array; parameterCount: number } {
  const uses = new Map<string, OpNode[]>();
  for (const node of nodes) {
    for (const name of node.inputs) uses.set(name, [...(uses.get(name) ?? []), node]);
  }
  const parameters: TrainableParameter[] = [];
  const problems: string[] = [];
  const chunks: Float32Array[] = [];
  let offset = 0;
  for (const tensor of model.graph.initializer) {
    const users = uses.get(tensor.name) ?? [];
    if (users.length === 0) continue;
    if (users.length > 1) {
      const names = users.map(({ name }) => name).join(' and ');
      problems.push(`initialiser ${tensor.name} is used by ${names}: shared weights are not supported`);
    } else if (tensor.dataType !== ELEMENT_TYPE.float) {
      problems.push(describe(users[0]!, `initialiser ${tensor.name} must be float32`));
    } else {
      const size = elementCount(tensor.dims);
      parameters.push({ name: tensor.name, shape: tensor.dims, offset, size });
      chunks.push(readFloats(tensor));
      offset += size;
    }
  }
  if (problems.length > 0) throw new UnsupportedModelError(problems);
  if (offset === 0) throw new UnsupportedModelError(['nothing in it can be trained']);
  const values = new Float32Array(offset);
  parameters.forEach((parameter, i) => {
    values.set(chunks[i]!, parameter.offset);
  });
  return { parameters, values, parameterCount: offset };
}

/**
 * Reads a forward model and refuses what the engine cannot train.
 *
 * The graph has one input, float [rows, features], and an output `logit`, float [rows, 1]; what else it outputs
 * is kept but takes no part in training.
 *
 * @throws OnnxFormatError where the bytes are no ONNX model.
 * @throws UnsupportedModelError naming every unsupported operator, or the first unsupported use.
 */
export function readForwardModel(bytes: Uint8Array): ForwardModel {
  const model = decodeModel(bytes);
  const { input, features } = readInput(model);
  if ((model.graph.sparseInitializer ?? []).length > 0) {
    throw new UnsupportedModelError(['sparse initialisers are not supported']);
  }
  if (!model.graph.output.some(({ name }) => name === LOGIT_NAME)) {
    throw new UnsupportedModelError([
      `it has no output named ${LOGIT_NAME}: name the value before the sigmoid so`,
    ]);
  }
  const nodes = ancestorsOfLogit(model.graph.node.map(toOpNode));
  const unknown = nodes.filter(({ opType }) => ruleOf(opType) === undefined);
  if (unknown.length > 0) {
    throw new UnsupportedModelError(unknown.map((node) => describe(node, refusalOf(node.opType))));
  }

  const trainable = readParameters(model, nodes);
  const shapes = new Map<string, Shape>([[input, ['rows', features]]]);
  const parameterNames = new Set<string>();
  for (const { name, shape } of trainable.parameters) {
    shapes.set(name, shape);
    parameterNames.add(name);
  }
  const known: KnownValues = {
    isParameter: (value) => parameterNames.has(value),
    shapeOf(value) {
      const shape = shapes.get(value);
      if (shape === undefined) throw new UnsupportedOp(`its input ${value} is not computed before it`);
      return shape;
    },
  };
  for (const node of nodes) {
    try {
      shapes.set(node.output, ruleOf(node.opType)!.inferShape(node, known));
    } catch (cause) {
      if (!(cause instanceof UnsupportedOp)) throw cause;
      throw new UnsupportedModelError([describe(node, cause.message)]);
    }
  }
  if (known.shapeOf(LOGIT_NAME).join() !== 'rows,1') {
    throw new UnsupportedModelError([`its output ${LOGIT_NAME} must be [rows, 1]`]);
  }
  const metadata = Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value]));
  return { ...known, ...trainable, input, features, nodes, metadata };
}

/**
 * The same model with other parameter values, [parameterCount] in the order of `readForwardModel`.
 *
 * Deterministic: equal bytes and values give equal bytes on every machine. Values are rounded to float32.
 */
export function withParameters(bytes: Uint8Array, values: ArrayLike<number>): Uint8Array {
  const { parameters, parameterCount } = readForwardModel(bytes);
  assert.equal(values.length, parameterCount, 'as many values as the model has parameters');
  const model = decodeModel(bytes);
  const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  model.graph.initializer = model.graph.initializer.map((tensor) => {
    const parameter = byName.get(tensor.name);
    if (parameter === undefined) return tensor;
    const { offset, size, shape } = parameter;
    const own = Float32Array.from({ length: size }, (_, i) => values[offset + i]!);
    if (!own.every(Number.isFinite)) throw new OnnxFormatError(`a value for ${tensor.name} is not a number`);
    return floatTensor({ name: tensor.name, shape }, own);
  });
  return encodeModel(model);
}
