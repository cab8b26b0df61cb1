// Emits the forward and the backward half of a step, for the private step and for the one without privacy that it is
// compared with.
import assert from 'node:assert/strict';
import type { Constant } from '../format/constant.ts';
import type { GraphWriter } from '../format/graph-writer.ts';
import type { Loss } from '../losses/loss.ts';
import { emitLossGradient } from '../losses/loss-gradient.ts';
import type { ForwardModel } from '../model/forward-model.ts';
import { attributesOf, type BackwardStep, type OpNode } from '../ops/op-rule.ts';
import { ruleOf } from '../ops/registry.ts';
import { type ParameterGradient, type UnitGrid, UnitNorms, type UnitNormsOptions } from './unit-norms.ts';
import { withoutUnusedPositions } from './unused-positions.ts';

export interface Differentiated extends UnitNormsOptions {
  readonly writer: GraphWriter;
  readonly grid: UnitGrid;
  readonly loss: Loss;
  /** Whether the parameters are one value `parameters`, [1, parameterCount], and not an input each. */
  readonly isRow?: boolean | undefined;
  /** Channels per block of the machine's blocked convolution; none by default. */
  readonly blockedChannels?: number | undefined;
}

/** The name of input i, for a parameter that is an input of its own. */
export const parameterInput = (index: number): string => `parameter${index}`;

/** Names of the weights: parameters are inputs, or slices of the flat vector; frozen ones are written down. */
function emitParameters(
  model: ForwardModel,
  { writer, isRow = false }: Pick<Differentiated, 'writer' | 'isRow'>,
): Map<string, string> {
  const frozen = model.frozen.map(({ name, shape, values }) => [name, writer.floats(shape, values)] as const);
  if (!isRow) {
    const inputs = model.parameters.map(({ name }, i) => [name, parameterInput(i)] as const);
    return new Map([...inputs, ...frozen]);
  }
  const sizes = model.parameters.map(({ size }) => size);
  const split = writer.emitMany('Split', ['parameters', writer.int64s(sizes)], sizes.length, { axis: 1 });
  // An offset of a Gemm may as well be a row.
  const isOffset = (name: string) =>
    model.nodes.every(
      ({ opType, inputs }) => !inputs.includes(name) || (opType === 'Gemm' && inputs.indexOf(name) === 2),
    );
  const trained = model.parameters.map(({ name, shape, size }, i) => {
    const own = split[i]!;
    const fits = (shape.length === 2 && shape[1] === size) || (shape.length === 1 && isOffset(name));
    return [name, fits ? own : writer.reshape(own, shape)] as const;
  });
  return new Map([...trained, ...frozen]);
}

function emitConstant(writer: GraphWriter, { shape, values, isInteger }: Constant): string {
  const numbers = values.map((value) => (typeof value === 'number' ? value : -1));
  return isInteger ? writer.reshape(writer.int64s(numbers), shape) : writer.floats(shape, numbers);
}

function upstreamOfParameters(model: ForwardModel): Set<string> {
  const depends = new Set<string>();
  const trained = new Set(model.parameters.map(({ name }) => name));
  for (const { opType, inputs, output } of model.nodes) {
    if (model.isDiscrete(output) || ruleOf(opType)?.hasNoGradient) continue;
    if (inputs.some((input) => trained.has(input) || depends.has(input))) depends.add(output);
  }
  return depends;
}

/** Emits the forward half, and returns what the backward half needs. */
function emitForward(model: ForwardModel, graph: Omit<Differentiated, 'loss'>): BackwardStep {
  const { writer, grid, blockedChannels = 0 } = graph;
  const rowCount = grid.units * grid.rowsPerUnit;
  const names = emitParameters(model, graph);
  names.set(model.input, 'x');
  const saved = new Map<OpNode, readonly string[]>();
  const depends = upstreamOfParameters(model);
  const step: BackwardStep = {
    writer,
    norms: new UnitNorms(writer, grid, graph),
    rowCount,
    blockedChannels,
    at(value) {
      let name = names.get(value);
      if (name === undefined) {
        const constant = model.constantOf(value);
        assert(constant !== undefined, `${value} is computed before it is used`);
        name = emitConstant(writer, constant);
        names.set(value, name);
      }
      return name;
    },
    sizesOf: (value) => model.shapeOf(value).map((extent) => (extent === 'rows' ? rowCount : extent)),
    shapeOf: model.shapeOf,
    isParameter: model.isParameter,
    isDiscrete: model.isDiscrete,
    constantOf: model.constantOf,
    needsGradient: (value) => depends.has(value),
    savedBy: (node) => saved.get(node) ?? [],
  };
  for (const node of model.nodes) {
    writer.startNode(node.name);
    const rule = ruleOf(node.opType)!;
    const emitted = rule.forward?.(node, step) ?? {
      output: writer.emit(
        node.opType,
        node.inputs.map((input) => step.at(input)),
        attributesOf(node),
      ),
    };
    names.set(node.output, emitted.output);
    saved.set(node, emitted.saved ?? []);
  }
  writer.startNode('');
  return step;
}

/** The gradient of each parameter, in the model's order. */
function emitBackward(model: ForwardModel, step: BackwardStep, logitGradient: string): ParameterGradient[] {
  const gradients = new Map([[model.logit, logitGradient]]);
  const uses = new Map<string, ParameterGradient[]>();
  for (const node of model.nodes.toReversed()) {
    const gradient = gradients.get(node.output);
    if (gradient === undefined) continue;
    step.writer.startNode(node.name);
    const result = ruleOf(node.opType)!.backward(node, gradient, step);
    for (const [input, more] of result.inputs) {
      const other = gradients.get(input);
      gradients.set(input, other === undefined ? more : step.writer.emit('Add', [other, more]));
    }
    for (const use of result.parameters) {
      uses.set(use.parameter, [...(uses.get(use.parameter) ?? []), use]);
    }
  }
  step.writer.startNode('');
  return model.parameters.map(({ name, size }) => {
    const own = uses.get(name) ?? [];
    assert(own.length > 0, `${name} has a gradient`);
    return own.length === 1 ? own[0]! : step.norms.sumOfUses(own, size);
  });
}

/**
 * Emits the forward half of a step alone, for `rowCount` rows; returns the name of the logit, in its own shape.
 *
 * A row's logit follows from that row and the parameters alone. Training, scores and predictions all use this.
 */
export function emitLogit(
  model: ForwardModel,
  { writer, rows }: { readonly writer: GraphWriter; readonly rows: number },
): string {
  const grid = { units: rows, rowsPerUnit: 1 };
  return emitForward(withoutUnusedPositions(model), { writer, grid }).at(model.logit);
}

/**
 * Emits the forward half, and each row's gradient of its loss with respect to its logit: float, in the logit's shape.
 */
export function emitLogitGradient(
  model: ForwardModel,
  graph: Differentiated & { readonly isMasked: boolean },
): { readonly step: BackwardStep; readonly logitGradient: string } {
  const { writer, grid, loss, isMasked } = graph;
  const rows = grid.units * grid.rowsPerUnit;
  const step = emitForward(model, graph);
  const isVector = model.shapeOf(model.logit).length === 1;
  const logit = isVector ? writer.reshape(step.at(model.logit), [rows, 1]) : step.at(model.logit);
  const inputs = { logit, label: 'y', ...(isMasked && { mask: 'mask' }) };
  const gradient = emitLossGradient(writer, loss, inputs, { rows, outputs: model.outputs });
  return { step, logitGradient: isVector ? writer.reshape(gradient, [rows]) : gradient };
}

/**
 * The gradient of each parameter, in the model's order, from the values `x`, `y`, `mask` and `parameters`.
 *
 * Emits forward and backward for the rows of a grid of units; what is summed over rows, and how, is the caller's.
 */
export function differentiate(model: ForwardModel, graph: Differentiated): ParameterGradient[] {
  const trimmed = withoutUnusedPositions(model);
  const { step, logitGradient } = emitLogitGradient(trimmed, { ...graph, isMasked: true });
  return emitBackward(trimmed, step, logitGradient);
}
