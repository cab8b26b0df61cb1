// Differentiates a forward graph into ONE ordinary ONNX graph for the private part of a DP-SGD step: forward,
// backward, the norm of each unit's gradient, clip factors, and the clipped sum.
import assert from 'node:assert/strict';
import { binaryCrossEntropyGradient } from './binary-cross-entropy.ts';
import { type ForwardModel, LOGIT_NAME } from './forward-model.ts';
import { type Attributes, GraphWriter, valueInfo } from './graph-writer.ts';
import type { BackwardStep, OpNode } from './ops/op-rule.ts';
import { ruleOf } from './ops/registry.ts';
import { type ParameterGradient, type RowWeights, type UnitGrid, UnitNorms } from './unit-norms.ts';

export interface StepGraphOptions {
  /** Bound on the L2 norm of one unit's contribution. */
  readonly clipNormL2: number;
  /** Units one run of the graph holds; more are summed over several runs. */
  readonly capacityUnits: number;
  /** Rows each unit has room for; unused ones are masked. */
  readonly rowsPerUnit: number;
  readonly loss: 'binary-cross-entropy';
}

/** What `dp-sgd/sensitivity.ts` needs to bound the graph's rounding. */
export interface StepRounding {
  /** Double-precision terms summed, at most, for one unit's squared norm. */
  readonly normTerms: number;
  /**
   * τ: a unit counts with at least τ times the sum of its rows' norms, so that rows that cancel can neither hide
   * their norm in rounding nor blow up the rounding of the sum. 1 for units of one row, where nothing cancels.
   */
  readonly cancellationGuard: number;
  /** Rows summed in one run. */
  readonly rows: number;
}

export interface StepGraph extends UnitGrid {
  /**
   * ONNX bytes. Inputs: `x` float [units, rowsPerUnit, features], `y` and `mask` float [units, rowsPerUnit]
   * (mask 1 for rows that exist, 0 for padding, whose x and y must be finite), `parameters` float
   * [parameterCount]. Output: `clippedSum` double [parameterCount].
   */
  readonly bytes: Uint8Array;
  readonly features: number;
  readonly parameterCount: number;
  readonly rounding: StepRounding;
}

const CANCELLATION_GUARD = 2 ** -5;
/** Squares beyond this are as good as infinite; comparisons with NaN are false. */
const LARGEST_SQUARE = 1e300;

function copyNode(writer: GraphWriter, node: OpNode, at: (value: string) => string): string {
  const attributes: Attributes = Object.fromEntries(
    // Floats (alpha, beta) are 1, their default, wherever a rule lets them pass.
    node.attributes.flatMap(({ name, i, ints, f }) =>
      f !== undefined && i === undefined ? [] : [[name, ints?.length ? ints : (i ?? 0)] as const],
    ),
  );
  return writer.emit(node.opType, node.inputs.map(at), attributes);
}

/** Names of the parameters, sliced out of the flat input vector. */
function emitParameters(writer: GraphWriter, model: ForwardModel): Map<string, string> {
  const sizes = model.parameters.map(({ size }) => size);
  const pieces = writer.emitMany('Split', ['parameters', writer.int64s(sizes)], sizes.length, { axis: 0 });
  return new Map(
    model.parameters.map(({ name, shape }, i) => [name, writer.reshape(pieces[i]!, shape)] as const),
  );
}

function emitBackward(
  model: ForwardModel,
  { step, logitGradient }: { readonly step: BackwardStep; readonly logitGradient: string },
): Map<string, ParameterGradient> {
  const gradients = new Map([[LOGIT_NAME, logitGradient]]);
  const parameters = new Map<string, ParameterGradient>();
  for (const node of model.nodes.toReversed()) {
    const gradient = gradients.get(node.output);
    if (gradient === undefined) continue;
    const result = ruleOf(node.opType)!.backward(node, gradient, step);
    for (const [input, more] of result.inputs) {
      const other = gradients.get(input);
      gradients.set(input, other === undefined ? more : step.writer.emit('Add', [other, more]));
    }
    for (const parameter of result.parameters) parameters.set(parameter.parameter, parameter);
  }
  return parameters;
}

function upstreamOfParameters(model: ForwardModel): Set<string> {
  const depends = new Set<string>();
  for (const { inputs, output } of model.nodes) {
    if (inputs.some((input) => model.isParameter(input) || depends.has(input))) depends.add(output);
  }
  return depends;
}

const emitSum = (writer: GraphWriter, values: readonly string[]): string =>
  values.length === 1 ? values[0]! : writer.emit('Sum', values);

/** Clip factors min(1, C / norm) per unit, spread to the unit's rows; 0 and not finite for a broken unit. */
function emitRowWeights(
  writer: GraphWriter,
  clip: {
    readonly gradients: readonly ParameterGradient[];
    readonly grid: UnitGrid;
    readonly clipNormL2: number;
  },
): RowWeights {
  const { gradients, grid, clipNormL2 } = clip;
  const { units, rowsPerUnit } = grid;
  let square = emitSum(
    writer,
    gradients.map(({ unitSquares }) => unitSquares),
  );
  if (rowsPerUnit > 1) {
    const rowSquare = emitSum(
      writer,
      gradients.map(({ rowSquares }) => rowSquares),
    );
    const rowNorms = writer.reshape(writer.emit('Sqrt', [rowSquare]), [units, rowsPerUnit]);
    const triangle = writer.emit('ReduceSum', [rowNorms, writer.int64s([1])], { keepdims: 0 });
    const guarded = writer.emit('Mul', [triangle, writer.double(CANCELLATION_GUARD)]);
    square = writer.emit('Max', [square, writer.emit('Mul', [guarded, guarded])]);
  }
  const finite = writer.emit('LessOrEqual', [square, writer.double(LARGEST_SQUARE)]);
  const ratio = writer.emit('Div', [writer.double(clipNormL2), writer.emit('Sqrt', [square])]);
  const factor = writer.emit('Min', [writer.double(1), ratio]);
  const weight = writer.emit('Where', [finite, factor, writer.double(0)]);
  const toRows = (value: string): string => {
    if (rowsPerUnit === 1) return writer.reshape(value, [units, 1]);
    const column = writer.reshape(value, [units, 1, 1]);
    const spread = writer.emit('Expand', [column, writer.int64s([units, rowsPerUnit, 1])]);
    return writer.reshape(spread, [units * rowsPerUnit, 1]);
  };
  return { weight: toRows(weight), finite: toRows(finite) };
}

/**
 * The step graph of a forward model.
 *
 * Output: Σ_u c_u g_u over the units in the run, where g_u is the sum of the gradients of the unit's rows and
 * c_u = min(1, C / max(‖g_u‖₂, τ Σ_r ‖g_ur‖₂)). A unit whose gradient is not finite contributes nothing. The
 * per-unit norms come from ghost norms: no per-unit gradient is ever stored (`unit-norms.ts`).
 */
export function buildStepGraph(model: ForwardModel, options: StepGraphOptions): StepGraph {
  const { clipNormL2, capacityUnits: units, rowsPerUnit } = options;
  assert(Number.isFinite(clipNormL2) && clipNormL2 > 0, 'clipNormL2 is a positive number');
  assert(Number.isSafeInteger(units) && units >= 1, 'capacityUnits is a positive integer');
  assert(Number.isSafeInteger(rowsPerUnit) && rowsPerUnit >= 1, 'rowsPerUnit is a positive integer');
  assert.equal(options.loss, 'binary-cross-entropy');
  const rows = units * rowsPerUnit;
  const grid = { units, rowsPerUnit };
  const writer = new GraphWriter();

  const names = emitParameters(writer, model);
  names.set(model.input, writer.reshape('x', [rows, model.features]));
  const at = (value: string): string => {
    const name = names.get(value);
    assert(name !== undefined, `${value} is computed before it is used`);
    return name;
  };
  for (const node of model.nodes) names.set(node.output, copyNode(writer, node, at));

  const logitGradient = binaryCrossEntropyGradient(writer, {
    logit: at(LOGIT_NAME),
    label: writer.reshape('y', [rows, 1]),
    mask: writer.reshape('mask', [rows, 1]),
  });
  const depends = upstreamOfParameters(model);
  const step: BackwardStep = {
    writer,
    norms: new UnitNorms(writer, grid),
    rowCount: rows,
    at,
    shapeOf: model.shapeOf,
    isParameter: model.isParameter,
    needsGradient: (value) => depends.has(value),
  };
  const byParameter = emitBackward(model, { step, logitGradient });
  const gradients = model.parameters.map(({ name }) => {
    const gradient = byParameter.get(name);
    assert(gradient !== undefined, `${name} has a gradient`);
    return gradient;
  });
  const weights = emitRowWeights(writer, { gradients, grid, clipNormL2 });
  const sums = gradients.map((gradient) => writer.reshape(gradient.weightedSum(weights), [-1]));
  writer.emitAs('clippedSum', 'Concat', sums, { axis: 0 });

  const { features, parameterCount } = model;
  const bytes = writer.finish({
    name: 'dp-sgd-step',
    inputs: [
      valueInfo('x', { elementType: 'float', shape: [units, rowsPerUnit, features] }),
      valueInfo('y', { elementType: 'float', shape: [units, rowsPerUnit] }),
      valueInfo('mask', { elementType: 'float', shape: [units, rowsPerUnit] }),
      valueInfo('parameters', { elementType: 'float', shape: [parameterCount] }),
    ],
    outputs: [valueInfo('clippedSum', { elementType: 'double', shape: [parameterCount] })],
  });
  const normTerms = Math.max(...gradients.map(({ terms }) => terms)) + gradients.length;
  const cancellationGuard = rowsPerUnit === 1 ? 1 : CANCELLATION_GUARD;
  return {
    ...grid,
    bytes,
    features,
    parameterCount,
    rounding: { normTerms, cancellationGuard, rows },
  };
}
