// Many steps of DP-SGD in ONE run: a Scan whose body is the step's graph (`step-graph.ts`) followed by rounding, noise
// and gradient descent, with parameters and velocity handed from step to step. For small models this is most of the
// time, since a run costs tens of microseconds and a turn of the Scan less than one.
import assert from 'node:assert/strict';
import { emitLogitGradient } from './differentiate.ts';
import type { ForwardModel } from './forward-model.ts';
import { GraphWriter, valueInfo } from './graph-writer.ts';
import { linearParts } from './linear-step.ts';
import { lossFrom } from './losses/loss.ts';
import { emitClippedSum, type StepGraphOptions } from './step-graph.ts';
import type { UnitGrid } from './unit-norms.ts';

export interface StepLoopOptions extends StepGraphOptions {
  readonly clipNormL2: number;
  /** κ: lattice steps per unit of the clipped sum. */
  readonly latticePerUnit: number;
  /** What a released integer is multiplied by to make the mean gradient. */
  readonly meanPerStep: number;
  /** μ of gradient descent. */
  readonly momentum: number;
}

/** A table with one line for each row of data and a last one of zeros, which stands for an empty place. */
export interface RowTable {
  readonly input: string;
  readonly kind: 'features' | 'label' | 'mask' | 'squared-norm' | 'extended' | 'bound';
}

export interface StepLoop extends UnitGrid {
  /**
   * ONNX bytes. Inputs: the tables; `places` int32 [steps, rows], the line of the tables in each place of each step's
   * batch; `noise` double [steps, 1, parameterCount], integers; `rates` and `kept`, double [steps, 1], η and 1 - ηλ of
   * each step; `parameters` and `velocity` double [1, parameterCount]. Outputs: `parametersAfter` and `velocityAfter`.
   */
  readonly bytes: Uint8Array;
  readonly tables: readonly RowTable[];
  readonly inputShape: readonly number[];
  readonly features: number;
  readonly parameterCount: number;
  /** Where a row is extended, what each parameter multiplies. */
  readonly linear: readonly ('features' | 'offset')[] | undefined;
}

type ElementType = 'float' | 'double';

/** The Scan's outer graph and body while they are being written. */
class LoopWriter {
  readonly outer = new GraphWriter();
  readonly body = new GraphWriter('s');
  readonly tables: RowTable[] = [];
  readonly outerInputs = [valueInfo('places', { elementType: 'int32', shape: ['steps', 'rows'] })];
  readonly bodyInputs: ReturnType<typeof valueInfo>[] = [];
  readonly scanned: string[] = [];

  /** Hands the body one slice of an outer value for each step. */
  scan(name: string, value: string, type: { elementType: ElementType; shape: readonly number[] }): string {
    this.scanned.push(value);
    this.bodyInputs.push(valueInfo(name, type));
    return name;
  }

  /** Hands the body one slice of an input for each step. */
  scanInput(name: string, input: string, shape: readonly number[]): string {
    this.outerInputs.push(valueInfo(input, { elementType: 'double', shape: ['steps', ...shape] }));
    return this.scan(name, input, { elementType: 'double', shape });
  }

  /** The lines of a table in each step's places, [steps, rows, ...]. */
  gather(kind: RowTable['kind'], type: { elementType: ElementType; line: readonly number[] }): string {
    const input = `${kind}-table`;
    this.tables.push({ input, kind });
    this.outerInputs.push(
      valueInfo(input, { elementType: type.elementType, shape: ['lines', ...type.line] }),
    );
    return this.outer.emit('Gather', [input, 'places'], { axis: 0 });
  }
}

/** Emits a step's clipped sum, double [1, parameterCount], from what the rows' tables say. */
function emitSum(loop: LoopWriter, model: ForwardModel, options: StepLoopOptions): string {
  const { body, outer } = loop;
  const rows = options.capacityUnits * options.rowsPerUnit;
  const { inputShape, features, parameterCount } = model;
  const grid = { units: options.capacityUnits, rowsPerUnit: options.rowsPerUnit };
  const loss = lossFrom(options.loss);
  const x = loop.gather('features', { elementType: 'float', line: inputShape });
  loop.scan('x', x, { elementType: 'float', shape: [rows, ...inputShape] });
  const y = loop.gather('label', { elementType: 'float', line: [1] });
  loop.scan('y', y, { elementType: 'float', shape: [rows, 1] });
  if (isLinear(model, options)) {
    const extended = loop.gather('extended', { elementType: 'double', line: [parameterCount] });
    loop.scan('extended', extended, { elementType: 'double', shape: [rows, parameterCount] });
    const bound = loop.gather('bound', { elementType: 'double', line: [1] });
    loop.scan('bound', bound, { elementType: 'double', shape: [rows, 1] });
    loop.scan('lower', outer.emit('Neg', [bound]), { elementType: 'double', shape: [rows, 1] });
    const { logitGradient } = emitLogitGradient(model, { writer: body, grid, loss, isMasked: false });
    const residual = body.emit('Cast', [logitGradient], { to: 11 });
    const clipped = body.emit('Min', [body.emit('Max', [residual, 'lower']), 'bound']);
    return body.emit('Gemm', [clipped, 'extended'], { transA: 1 });
  }
  const mask = loop.gather('mask', { elementType: 'float', line: [1] });
  loop.scan('mask', mask, { elementType: 'float', shape: [rows, 1] });
  const scanned = new Set<string>();
  const scanOnce = (name: string, width: number, value: () => string) => {
    if (!scanned.has(name)) loop.scan(name, value(), { elementType: 'double', shape: [rows, width] });
    scanned.add(name);
    return name;
  };
  const known = {
    value: 'x',
    double: () => scanOnce('doubleX', features, () => outer.emit('Cast', [x], { to: 11 })),
    squares: () =>
      scanOnce('squaresX', 1, () => loop.gather('squared-norm', { elementType: 'double', line: [1] })),
  };
  const { parts } = emitClippedSum(model, body, { ...options, ...(inputShape.length === 1 && { known }) });
  return parts.length === 1 ? parts[0]! : body.emit('Concat', parts, { axis: 1 });
}

/**
 * Whether a row's contribution is its residual, clipped, times the row. Only for losses whose residuals are finite
 * wherever they are numbers: an infinite one would be clipped to a number, and must not be.
 */
function isLinear(model: ForwardModel, { rowsPerUnit, layers, loss }: StepLoopOptions): boolean {
  const { kind } = lossFrom(loss);
  const isBounded = kind === 'binary-cross-entropy' || kind === 'huber';
  return rowsPerUnit === 1 && layers === undefined && isBounded && linearParts(model) !== undefined;
}

/**
 * The graph of many steps of gradient descent with momentum.
 *
 * Each step computes what `buildStepGraph` and `releaseMean` do and moves the parameters as `updateRuleOf` does for
 * `sgd`: integers L = round(κ · clipped sum), mean = (L + noise) · meanPerStep, v ← μ v + mean,
 * θ ← (1 - ηλ) θ - η v. The numbers of a unit in float32 are the same to the bit, since the operators are; sums in
 * double may be added in another order. |L| ≤ 2^20 · 2^20 and |noise| < 2^50, so that doubles hold L, noise and their
 * sum exactly, and Round rounds to an integer, to the even one of two.
 *
 * Steps whose sum is not finite leave a parameter that is not: see `dp-sgd/step-runs.ts`.
 */
export function buildStepLoop(model: ForwardModel, options: StepLoopOptions): StepLoop {
  const { parameterCount, features, inputShape } = model;
  const { momentum, latticePerUnit, meanPerStep, capacityUnits: units, rowsPerUnit } = options;
  assert(momentum >= 0 && momentum < 1);
  const loop = new LoopWriter();
  const { body, outer } = loop;
  const state = { elementType: 'double', shape: [1, parameterCount] } as const;
  body.emitAs('parameters', 'Reshape', [
    body.emit('Cast', ['theta'], { to: 1 }),
    body.int64s([parameterCount]),
  ]);
  const sum = emitSum(loop, model, options);
  const noise = loop.scanInput('noiseOfStep', 'noise', [1, parameterCount]);
  const rate = loop.scanInput('rate', 'rates', [1]);
  const kept = loop.scanInput('keptOfStep', 'kept', [1]);
  const integers = body.emit('Round', [body.emit('Mul', [sum, body.double(latticePerUnit)])]);
  const released = body.emit('Add', [integers, noise]);
  const mean = [released, body.double(meanPerStep)];
  if (momentum === 0) body.emitAs('velocityOut', 'Mul', mean);
  else {
    const carried = body.emit('Mul', ['velocityIn', body.double(momentum)]);
    body.emitAs('velocityOut', 'Add', [carried, body.emit('Mul', mean)]);
  }
  const shrunk = body.emit('Mul', ['theta', kept]);
  body.emitAs('thetaOut', 'Sub', [shrunk, body.emit('Mul', ['velocityOut', rate])]);
  outer.emitScan({
    body: body.graph({
      name: 'step',
      inputs: [valueInfo('theta', state), valueInfo('velocityIn', state), ...loop.bodyInputs],
      outputs: [valueInfo('thetaOut', state), valueInfo('velocityOut', state)],
    }),
    states: ['parametersBefore', 'velocityBefore'],
    scanned: loop.scanned,
    outputs: ['parametersAfter', 'velocityAfter'],
  });
  const bytes = outer.finish({
    name: 'dp-sgd-steps',
    inputs: [...loop.outerInputs, valueInfo('parametersBefore', state), valueInfo('velocityBefore', state)],
    outputs: [valueInfo('parametersAfter', state), valueInfo('velocityAfter', state)],
  });
  const linear = isLinear(model, options) ? linearParts(model) : undefined;
  return { bytes, units, rowsPerUnit, tables: loop.tables, inputShape, features, parameterCount, linear };
}
