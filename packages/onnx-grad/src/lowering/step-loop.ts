// Many steps of DP-SGD in ONE run: a Scan whose body is the step's graph (`step-graph.ts`) followed by rounding, noise
// and gradient descent, with parameters and velocity passed from step to step. For small models this saves most of
// the time, since a run costs tens of microseconds, and an iteration of the Scan less than one.
import assert from 'node:assert/strict';
import { GraphWriter, valueInfo } from '../format/graph-writer.ts';
import { lossFrom } from '../losses/loss.ts';
import type { ForwardModel } from '../model/forward-model.ts';
import { emitLogitGradient } from './differentiate.ts';
import { type LinearParts, linearParts } from './linear-step.ts';
import { emitClippedSum, type StepGraph, type StepGraphOptions } from './step-graph.ts';
import type { KnownMatrix, UnitGrid } from './unit-norms.ts';

export interface StepLoopOptions extends StepGraphOptions {
  readonly clipNormL2: number;
  /** κ: lattice steps per unit of the clipped sum. */
  readonly latticePerUnit: number;
  /** The factor from released integers to the mean gradient. */
  readonly meanPerStep: number;
  /** μ of gradient descent. */
  readonly momentum: number;
  /** Whether parameters decay. */
  readonly decays: boolean;
  /** The correction of each mean gradient: a constant, or a pull to the parameters at the start. */
  readonly correction?: 'shift' | 'pull';
  /** Whether the loop also averages the parameters over the steps. */
  readonly averages?: boolean;
  /**
   * Whether units that overflow are left out within each step. If not, no unit may: rows of linear models may then be
   * kept in double, κ (x, 1), as well.
   */
  readonly isMasked: boolean;
  readonly mayExtendRows: boolean;
}

/** Names of inputs that are tables: one line for each row of data and a last one of zeros, for a padding unit. */
export type RowTable =
  /** Float [lines, ...inputShape]. */
  | 'featureTable'
  /** Double [lines, parameterCount]: κ times the features or 1, as `linear` says, in the order of the parameters. */
  | 'extendedTable';

/** Names of inputs, double [1, parameterCount], that correct each mean: by `shift`, or by pull · (θ - base). */
export type StepCorrection = 'shift' | 'pull' | 'base';

const CORRECTIONS: Readonly<Record<'shift' | 'pull' | 'none', readonly StepCorrection[]>> = {
  shift: ['shift'],
  pull: ['pull', 'base'],
  none: [],
};

/** Names of inputs that hold one number for each row of each step's batch, [steps, rows, 1]; 0 for padding. */
export type RowColumn =
  /** Float: the labels. */
  | 'labels'
  /** Float: 1. */
  | 'masks'
  /** Double: ‖x‖². */
  | 'squaredNorms'
  /** Double: ±C / ‖(x, 1)‖, with as many ones as there are offsets. */
  | 'lowerBounds'
  | 'upperBounds';

/** The graph of many steps in one run: steps, noise from outside, and the moves of the parameters. */
export interface StepLoop extends UnitGrid {
  /**
   * ONNX bytes. Inputs: tables and columns; `lineIndices` int32 [steps, rows], the line of the tables in each row of
   * each step's batch; `noise` double [steps, 1, parameterCount], integers; `rates` and, where parameters decay,
   * `kept`, double [steps, 1], η and 1 - ηλ of each step; where they are averaged, `shares` double [steps, 1], w of
   * each step; corrections; `parametersBefore`, `velocityBefore` and, where there is one, `averageBefore` double [1,
   * parameterCount]. Outputs: `parametersAfter`, `velocityAfter` and `averageAfter`.
   */
  readonly bytes: Uint8Array;
  /** The type in which clipped gradients are summed. */
  readonly sumType: StepGraph['sumType'];
  readonly tables: readonly RowTable[];
  readonly columns: readonly RowColumn[];
  readonly corrections: readonly StepCorrection[];
  readonly decays: boolean;
  readonly averages: boolean;
  readonly inputShape: readonly number[];
  readonly features: number;
  readonly parameterCount: number;
  /** Where a row is extended, what each parameter multiplies. */
  readonly linear: LinearParts | undefined;
}

/** Work on one gradient from which a step of many in a run computes in float: it saves a tenth of the time or more. */
const FLOAT_FROM = 2 ** 10;

/**
 * `floatFrom` of both graphs of a model whose steps are taken many to a run, the one for a step by itself too, so that
 * sums are in float in both or in neither. Linear models are clipped without a norm, in double.
 */
export const loopFloatFrom = (model: ForwardModel): number =>
  linearParts(model) === undefined ? FLOAT_FROM : Number.POSITIVE_INFINITY;

type ElementType = 'float' | 'double';

/** The Scan's outer graph and body while they are being written. */
class LoopWriter {
  readonly outer = new GraphWriter();
  readonly body = new GraphWriter('s');
  readonly tables: RowTable[] = [];
  readonly columns: RowColumn[] = [];
  readonly outerInputs = [valueInfo('lineIndices', { elementType: 'int32', shape: ['steps', 'rows'] })];
  readonly bodyInputs: ReturnType<typeof valueInfo>[] = [];
  readonly scanned: string[] = [];
  readonly #rows: number;

  constructor(rows: number) {
    this.#rows = rows;
  }

  /** Hands the body one slice of an outer value for each step, once. */
  scan(name: string, value: string, type: { elementType: ElementType; shape: readonly number[] }): string {
    if (!this.bodyInputs.some((input) => input.name === name)) {
      this.scanned.push(value);
      this.bodyInputs.push(valueInfo(name, type));
    }
    return name;
  }

  /** Hands the body one slice of an input for each step. */
  scanInput(name: string, input: string, shape: readonly number[]): string {
    this.outerInputs.push(valueInfo(input, { elementType: 'double', shape: ['steps', ...shape] }));
    return this.scan(name, input, { elementType: 'double', shape });
  }

  /** Hands the body the numbers of each step's rows. */
  scanColumn(name: string, column: RowColumn, elementType: ElementType): string {
    if (!this.columns.includes(column)) {
      this.columns.push(column);
      this.outerInputs.push(valueInfo(column, { elementType, shape: ['steps', this.#rows, 1] }));
    }
    return this.scan(name, column, { elementType, shape: [this.#rows, 1] });
  }

  /** The lines of a table in each step's rows, [steps, rows, ...]. */
  gather(table: RowTable, type: { elementType: ElementType; line: readonly number[] }): string {
    this.tables.push(table);
    this.outerInputs.push(
      valueInfo(table, { elementType: type.elementType, shape: ['lines', ...type.line] }),
    );
    return this.outer.emit('Gather', [table, 'lineIndices'], { axis: 0 });
  }
}

/** Emits a step's clipped sum in lattice steps, double [1, parameterCount], and says in what it is summed. */
function emitSum(
  loop: LoopWriter,
  model: ForwardModel,
  options: StepLoopOptions,
): { readonly sum: string; readonly sumType: StepGraph['sumType'] } {
  const { body, outer } = loop;
  const { capacityUnits: units, rowsPerUnit, latticePerUnit, isMasked } = options;
  const rows = units * rowsPerUnit;
  const { inputShape, features, parameterCount } = model;
  const x = loop.gather('featureTable', { elementType: 'float', line: inputShape });
  loop.scan('x', x, { elementType: 'float', shape: [rows, ...inputShape] });
  loop.scanColumn('y', 'labels', 'float');
  if (isLinear(model, options)) {
    const extended = loop.gather('extendedTable', { elementType: 'double', line: [parameterCount] });
    loop.scan('extended', extended, { elementType: 'double', shape: [rows, parameterCount] });
    const graph = { writer: body, grid: { units, rowsPerUnit }, loss: lossFrom(options.loss) };
    const { logitGradient } = emitLogitGradient(model, { ...graph, isMasked: false, isRow: true });
    const residual = body.emit('Cast', [logitGradient], { to: 11 });
    const raised = body.emit('Max', [residual, loop.scanColumn('lower', 'lowerBounds', 'double')]);
    const clipped = body.emit('Min', [raised, loop.scanColumn('upper', 'upperBounds', 'double')]);
    return { sum: body.emit('Gemm', [clipped, 'extended'], { transA: 1 }), sumType: 'float64' };
  }
  loop.scanColumn('mask', 'masks', 'float');
  const known: KnownMatrix = {
    value: 'x',
    double() {
      const double = outer.emit('Cast', [x], { to: 11 });
      return loop.scan('doubleX', double, { elementType: 'double', shape: [rows, features] });
    },
    squares: () => loop.scanColumn('squaresX', 'squaredNorms', 'double'),
  };
  const { parts, rounding } = emitClippedSum(model, body, {
    ...options,
    scale: latticePerUnit,
    isMasked,
    isRow: true,
    ...(inputShape.length === 1 && { known }),
  });
  const sums = parts.map(({ name, shape }) => (shape[0] === 1 ? name : body.reshape(name, [1, -1])));
  const sum = sums.length === 1 ? sums[0]! : body.emit('Concat', sums, { axis: 1 });
  if (rounding.floatBlocks === undefined) return { sum, sumType: 'float64' };
  const scaled = body.emit('Mul', [body.emit('Cast', [sum], { to: 11 }), body.double(latticePerUnit)]);
  return { sum: scaled, sumType: 'float32' };
}

/**
 * Whether a row's contribution is its residual, clipped, times the row. Only for losses whose residuals are finite
 * wherever they are numbers: an infinite one would be clipped to a number, and must not be.
 */
function isLinear(model: ForwardModel, options: StepLoopOptions): boolean {
  const { rowsPerUnit, layers, loss, mayExtendRows, isMasked } = options;
  const { kind } = lossFrom(loss);
  const isBounded = kind === 'binary-cross-entropy' || kind === 'huber';
  const isPlain = rowsPerUnit === 1 && layers === undefined;
  return mayExtendRows && !isMasked && isPlain && isBounded && linearParts(model) !== undefined;
}

/**
 * The graph of many steps of gradient descent with momentum.
 *
 * Each step computes what `buildStepGraph` and `releaseMean` do and moves the parameters as `optimizerRuleOf` does for
 * `sgd`: integers L = round(κ · clipped sum), mean = (L + noise) · meanPerStep and its correction, v ← μ v + mean,
 * θ ← (1 - ηλ) θ - η v; and as `WeightAverage` does, where they are averaged, a ← a + w (θ - a). The numbers of a unit
 * in float32 are the same to the bit, since the operators are, and so are sums in float; those in double may be added
 * in another order, and κ multiplies their terms instead (where a sum comes to a half but for rounding, L may be either
 * integer beside it). |L| ≤ 2^20 · 2^20 and |noise| < 2^50, so that doubles hold L, noise and their sum exactly, and
 * Round rounds to an integer, to the even one of two.
 *
 * The last unit of each step must be padding. Steps whose sum is not finite leave a parameter that is not: see
 * `dp-sgd/fast/step-runs.ts`.
 */
export function buildStepLoop(model: ForwardModel, options: StepLoopOptions): StepLoop {
  const { parameterCount, features, inputShape } = model;
  const { momentum, meanPerStep, correction, decays, averages = false } = options;
  const { capacityUnits: units, rowsPerUnit } = options;
  assert(momentum >= 0 && momentum < 1);
  const loop = new LoopWriter(units * rowsPerUnit);
  const { body, outer } = loop;
  const state = { elementType: 'double', shape: [1, parameterCount] } as const;
  body.emitAs('parameters', 'Cast', ['theta'], { to: 1 });
  const { sum, sumType } = emitSum(loop, model, options);
  const integers = body.emit('Round', [sum]);
  const noise = loop.scanInput('noiseOfStep', 'noise', [1, parameterCount]);
  let velocity: [op: string, inputs: string[]] = [
    'Mul',
    [body.emit('Add', [integers, noise]), body.double(meanPerStep)],
  ];
  const add = (term: string) => {
    velocity = ['Add', [body.emit(...velocity), term]];
  };
  if (correction === 'shift') add('shift');
  if (correction === 'pull') add(body.emit('Mul', ['pull', body.emit('Sub', ['theta', 'base'])]));
  if (momentum !== 0) add(body.emit('Mul', ['velocityIn', body.double(momentum)]));
  body.emitAs('velocityOut', ...velocity);
  const move = body.emit('Mul', ['velocityOut', loop.scanInput('rate', 'rates', [1])]);
  const kept = decays ? body.emit('Mul', ['theta', loop.scanInput('keptOfStep', 'kept', [1])]) : 'theta';
  body.emitAs('thetaOut', 'Sub', [kept, move]);
  // In the body, and outside of it.
  const states = [
    { into: 'theta', out: 'thetaOut', name: 'parameters' },
    { into: 'velocityIn', out: 'velocityOut', name: 'velocity' },
  ];
  if (averages) {
    const share = loop.scanInput('share', 'shares', [1]);
    const way = body.emit('Mul', [body.emit('Sub', ['thetaOut', 'averageIn']), share]);
    body.emitAs('averageOut', 'Add', ['averageIn', way]);
    states.push({ into: 'averageIn', out: 'averageOut', name: 'average' });
  }
  const before = states.map(({ name }) => `${name}Before`);
  const after = states.map(({ name }) => `${name}After`);
  outer.emitScan({
    body: body.graph({
      name: 'step',
      inputs: [...states.map(({ into }) => valueInfo(into, state)), ...loop.bodyInputs],
      outputs: states.map(({ out }) => valueInfo(out, state)),
    }),
    states: before,
    scanned: loop.scanned,
    outputs: after,
  });
  const corrections = CORRECTIONS[correction ?? 'none'];
  const bytes = outer.finish({
    name: 'dp-sgd-steps',
    inputs: [...loop.outerInputs, ...[...corrections, ...before].map((name) => valueInfo(name, state))],
    outputs: after.map((name) => valueInfo(name, state)),
  });
  const linear = isLinear(model, options) ? linearParts(model) : undefined;
  const { tables, columns } = loop;
  return {
    ...{ bytes, units, rowsPerUnit, sumType, tables, columns, corrections, decays, averages },
    ...{ inputShape, features, parameterCount, linear },
  };
}
