// Differentiates a forward graph into ONE ordinary ONNX graph for the private part of a DP-SGD step: forward,
// backward, the norm of each unit's gradient, clip factors, and the clipped sum.
import assert from 'node:assert/strict';
import { GraphWriter, valueInfo } from '../format/graph-writer.ts';
import { type Loss, lossFrom, whyNotLoss } from '../losses/loss.ts';
import type { ForwardModel } from '../model/forward-model.ts';
import { COPY_SPARING_OUTPUT } from '../runtime/given-arrays.ts';
import { blocksOf, type ProductWidths } from './block-sums.ts';
import { differentiate, parameterInput } from './differentiate.ts';
import { NO_MASK, UnitMask, type UnitMasking } from './unit-mask.ts';
import {
  CANCELLATION_GUARD,
  type FloatGradient,
  type KnownMatrix,
  type ParameterGradient,
  type UnitGrid,
} from './unit-norms.ts';

/** Parameters whose gradients are clipped together. */
export interface ClipLayer {
  /** Names of parameters. */
  readonly parameters: readonly string[];
  /** Bound on the L2 norm of one unit's contribution to them. */
  readonly clipNormL2: number;
}

/** What a graph of one step is made for. */
export interface StepGraphOptions {
  /** Bound on the L2 norm of one unit's contribution; `input` if it is an input of each run. */
  readonly clipNormL2: number | 'input';
  /** Every parameter in one layer: each layer is clipped to its own bound, and their squares sum to at most C². */
  readonly layers?: readonly ClipLayer[];
  /** Units that one run of the graph holds. More units take several runs. */
  readonly capacityUnits: number;
  /** Largest number of rows of a unit. Unused rows are masked. */
  readonly rowsPerUnit: number;
  readonly loss: Loss | 'binary-cross-entropy';
  /** The result of `addsUnitsInOrder` for this graph on the machine that runs it. */
  readonly addsInOrder?: boolean;
  /**
   * The result of `findBlockedChannels` on the machine that runs the graph; by default the graph runs on any machine.
   */
  readonly blockedChannels?: number;
  /** Work on one gradient from which the step computes in float where it can; `FLOAT_SUM_FROM` by default. */
  readonly floatFrom?: number;
}

export interface ShapedValue {
  readonly name: string;
  readonly shape: readonly number[];
}

/** What `dp-sgd/sensitivity.ts` needs to bound the graph's rounding. */
export interface StepRounding {
  /** Roundings in a row, at most, for one unit's squared norm: each parameter's over the square of its τ. */
  readonly normTerms: number;
  /**
   * τ of `unit-norms.ts`, or 1 where no gradient is made of positions that may cancel.
   */
  readonly cancellationGuard: number;
  /** Terms summed, at most, for one value of the clipped sum of one run. */
  readonly sumTerms: number;
  /** Blocks of BLOCK_ROWS units whose sums are taken and added in float32; absent where all sums are in double. */
  readonly floatBlocks?: number;
  /** Whether these sums are added block by block in order (`row-order.ts`), and not in pairs. */
  readonly addsInOrder?: boolean;
}

/** The graph of one private step: clipped sums of gradients, and the squared norm of each unit. */
export interface StepGraph extends UnitGrid {
  /**
   * ONNX bytes. Inputs: `x` float [rows, ...inputShape], `y` and `mask` float [rows, 1], the rows of unit u from
   * u · rowsPerUnit on (mask 1 for rows that exist, 0 for padding, whose x and y must be 0), `parameters`, float; where
   * `takesRowSquares`, `rowSquares` double [rows, 1], ‖x‖² of each; and where `takesClipNorm`, `clipNorm` double
   * [1, 1]. Outputs: `COPY_SPARING_OUTPUT`, `sums`, and `squares` double [units, 1]. See `step-tensors.ts`.
   */
  readonly bytes: Uint8Array;
  /** An input for each parameter, in the model's order. */
  readonly parameters: readonly ShapedValue[];
  /** Outputs: the clipped sum of each parameter, as many values in the same order. */
  readonly sums: readonly ShapedValue[];
  readonly takesClipNorm: boolean;
  readonly takesRowSquares: boolean;
  /** Units with larger `squares`, or squares that are no numbers, are left out. */
  readonly largestSquare: number;
  /** The type of the sums. */
  readonly sumType: 'float32' | 'float64';
  readonly inputShape: readonly number[];
  readonly features: number;
  readonly parameterCount: number;
  readonly rounding: StepRounding;
  /** Names of the float factors of each unit's contribution, units first (`unit-factors.ts`). */
  readonly factors: readonly string[];
  /** The sums over units that are taken in float, as `FloatGradient.widths`. */
  readonly floatProducts: readonly (ProductWidths | undefined)[];
}

/** Squared norms beyond this are treated as infinite. */
export const LARGEST_SQUARE = 1e300;

/** The same where sums are in float, for each factor's squared norm too: weights then lose nothing to underflow. */
export const LARGEST_FLOAT_SQUARE = 2 ** 100;

/** Work on one gradient from which a step computes in float: the time saved is worth the additional noise. */
const FLOAT_SUM_FROM = 2 ** 16;

/** Gradients with more squares than this to add in float stay in double, so that rounding stays small. */
const FLOAT_TERMS = 2500;

/** Clip norms for which float sums neither overflow nor underflow. */
const isFloatClipNorm = (clipNormL2: number) => clipNormL2 >= 2 ** -40 && clipNormL2 <= 2 ** 40;

interface ClippedSumOptions extends StepGraphOptions {
  /** What is at hand of `x`. */
  readonly known?: KnownMatrix;
  /** Whether the parameters are one value `parameters`, [1, parameterCount], and not an input each. */
  readonly isRow?: boolean;
  /** Multiplies a sum in double; 1 by default. */
  readonly scale?: number;
  /** Whether units that overflow are left out, as by default. Only where none can overflow may it be false. */
  readonly isMasked?: boolean;
}

/** How a step's gradients are computed: those in float by parameter, all others in double. */
interface Gradients {
  readonly all: readonly ParameterGradient[];
  readonly inFloat: ReadonlyMap<string, FloatGradient>;
}

/**
 * Which gradients are computed in float: where one of them takes the work of `floatFrom`, all that can be, and
 * otherwise none. That is a function of public numbers.
 */
function inFloat(
  gradients: readonly ParameterGradient[],
  { clipNormL2, layers = [], floatFrom = FLOAT_SUM_FROM }: ClippedSumOptions,
): ReadonlyMap<string, FloatGradient> {
  const bounds = [clipNormL2, ...layers.map((layer) => layer.clipNormL2)];
  if (!bounds.every((bound) => bound !== 'input' && isFloatClipNorm(bound))) return new Map();
  const able = gradients.flatMap(({ parameter, inFloat: float }) =>
    float !== undefined && float.terms <= FLOAT_TERMS ? [[parameter, float] as const] : [],
  );
  return new Map(able.some(([, { work }]) => work >= floatFrom) ? able : []);
}

const squaresOf = ({ inFloat: float }: Gradients, { parameter, unitSquares }: ParameterGradient): string =>
  float.get(parameter)?.unitSquares() ?? unitSquares;

/** Clip factors scale · min(1, C / norm) per unit, for the gradient of each parameter; NaN where the norm is. */
function emitUnitWeights(writer: GraphWriter, gradients: Gradients, options: ClippedSumOptions): string[] {
  const { capacityUnits: units, clipNormL2, layers, scale = 1 } = options;
  const weigh = (terms: readonly ParameterGradient[], bound: number | 'input') => {
    const sum = writer.sum(terms.map((gradient) => squaresOf(gradients, gradient)));
    assert(bound !== 'input' || scale === 1, 'a clip norm that is an input is not scaled');
    const numerator = bound === 'input' ? 'clipNorm' : writer.doubleColumn(units, bound * scale);
    const ratio = writer.emit('Div', [numerator, writer.emit('Sqrt', [sum])]);
    return writer.emit('Min', [writer.doubleColumn(units, scale), ratio]);
  };
  if (layers === undefined) {
    const weights = weigh(gradients.all, clipNormL2);
    return gradients.all.map(() => weights);
  }
  const byParameter = new Map(
    layers.flatMap(({ parameters, clipNormL2: bound }) => {
      const own = gradients.all.filter(({ parameter }) => parameters.includes(parameter));
      const weights = weigh(own, bound);
      return own.map(({ parameter }) => [parameter, weights] as const);
    }),
  );
  return gradients.all.map(({ parameter }) => byParameter.get(parameter)!);
}

/** Emits the squared norms of whole gradients, and of the factors of those in float. */
function emitSquares(writer: GraphWriter, gradients: Gradients): void {
  const norms = gradients.all.map((gradient) => squaresOf(gradients, gradient));
  const factors = [...gradients.inFloat.values()].flatMap((float) => float.factorSquares());
  // Some factors are whole gradients, of an offset.
  const others = [...new Set(factors)].filter((factor) => !norms.includes(factor));
  writer.emitAs('squares', 'Identity', [writer.sum([...norms, ...others])]);
}

/** Emits each parameter's clipped sum, all of one type. */
function emitSums(
  writer: GraphWriter,
  gradients: Gradients,
  { weights, mask }: { readonly weights: readonly string[]; readonly mask: UnitMasking },
): ShapedValue[] {
  const toFloat = (value: string) => writer.emit('Cast', [value], { to: 1 });
  const floatWeights = new Map<string, string>();
  const floatWeight = (weight: string) => {
    const known = floatWeights.get(weight) ?? toFloat(weight);
    floatWeights.set(weight, known);
    return known;
  };
  return gradients.all.map((gradient, i) => {
    const float = gradients.inFloat.get(gradient.parameter);
    const weight = weights[i]!;
    const own = float?.weightedSum(floatWeight(weight), mask) ?? gradient.weightedSum(weight, mask);
    const { sumShape } = float ?? gradient;
    const shape = sumShape ?? [1, gradient.size];
    const value = sumShape === undefined ? writer.reshape(own, shape) : own;
    return { name: float === undefined && gradients.inFloat.size > 0 ? toFloat(value) : value, shape };
  });
}

/** The rounding of the graph, for `calibrateNoise`. */
function roundingOf(
  { all, inFloat: float }: Gradients,
  { capacityUnits, addsInOrder = false }: StepGraphOptions,
): StepRounding {
  // One rounding to float counts as many to double.
  const termsOf = ({ parameter, terms }: ParameterGradient) => {
    const inFloat = float.get(parameter);
    return inFloat === undefined ? terms : (inFloat.terms + 2) * 2 ** 29 + terms;
  };
  const guardOf = ({ isGuarded }: ParameterGradient) => (isGuarded ? CANCELLATION_GUARD : 1);
  return {
    normTerms: Math.max(...all.map((own) => (termsOf(own) + all.length + 16) / guardOf(own) ** 2)),
    cancellationGuard: Math.min(...all.map(guardOf)),
    sumTerms: Math.max(...all.map(({ sumTerms }) => sumTerms)),
    ...(float.size > 0 && { floatBlocks: blocksOf(capacityUnits), addsInOrder }),
  };
}

function assertBounds(model: ForwardModel, { clipNormL2, layers }: StepGraphOptions): void {
  if (clipNormL2 !== 'input') {
    assert(Number.isFinite(clipNormL2) && clipNormL2 > 0, 'clipNormL2 is a positive number');
  }
  if (layers === undefined) return;
  assert(clipNormL2 !== 'input', 'bounds of layers are fixed');
  const names = layers.flatMap(({ parameters }) => parameters).sort();
  assert.deepEqual(names, model.parameters.map(({ name }) => name).sort(), 'each parameter is in one layer');
  assert(layers.every(({ clipNormL2: bound }) => bound > 0));
  assert(Math.hypot(...layers.map(({ clipNormL2: bound }) => bound)) <= clipNormL2, 'bounds are within C');
}

/**
 * Emits the clipped sum of a batch `x`, `y`, `mask` at given parameters, double, in parts in the order of the
 * parameters; and, as `squares`, the units' squared norms.
 *
 * Where a gradient takes the work of `floatFrom`, what can be is computed in float, and all parts are float.
 */
export function emitClippedSum(
  model: ForwardModel,
  writer: GraphWriter,
  options: ClippedSumOptions,
): {
  readonly parts: readonly ShapedValue[];
  readonly rounding: StepRounding;
  readonly factors: readonly string[];
  readonly floatProducts: readonly (ProductWidths | undefined)[];
} {
  const {
    capacityUnits: units,
    rowsPerUnit,
    known,
    isRow,
    blockedChannels,
    addsInOrder,
    isMasked = true,
  } = options;
  const loss = lossFrom(options.loss);
  assertBounds(model, options);
  assert(Number.isSafeInteger(units) && units >= 1, 'capacityUnits is a positive integer');
  assert(Number.isSafeInteger(rowsPerUnit) && rowsPerUnit >= 1, 'rowsPerUnit is a positive integer');
  assert.equal(whyNotLoss(loss, model.outputs), undefined);
  const grid = { units, rowsPerUnit };
  const countsUnits = options.clipNormL2 === 'input';
  const all = differentiate(model, {
    ...{ writer, grid, loss, known, isRow, blockedChannels, addsInOrder, countsUnits },
  });
  const gradients = { all, inFloat: inFloat(all, options) };
  const isFloat = gradients.inFloat.size > 0;
  const whole = emitUnitWeights(writer, gradients, isFloat ? { ...options, scale: 1 } : options);
  emitSquares(writer, gradients);
  const largestSquare = isFloat ? LARGEST_FLOAT_SQUARE : LARGEST_SQUARE;
  const mask = isMasked
    ? new UnitMask(writer, { units, squares: 'squares', largestSquare, isGradual: isFloat })
    : NO_MASK;
  const byWhole = new Map([...new Set(whole)].map((own) => [own, mask.weights(own)]));
  const weights = whole.map((own) => byWhole.get(own)!);
  return {
    parts: emitSums(writer, gradients, { weights, mask }),
    rounding: roundingOf(gradients, options),
    factors: [...new Set(all.flatMap((gradient) => gradient.factors))],
    floatProducts: [...gradients.inFloat.values()].map(({ widths }) => widths),
  };
}

/**
 * The step graph of a forward model.
 *
 * Output: Σ_u c_u g_u over the units in the run, where g_u is the sum of the gradients of the unit's rows and
 * c_u = min(1, C / n_u) for a bound n_u ≥ ‖g_u‖₂ that is ‖g_u‖₂ itself but for positions that cancel almost
 * wholly (`unit-norms.ts`). Where n_u² is not finite or beyond `largestSquare`, c_u is 0 and nothing of g_u is in the
 * sum (`unit-mask.ts`), for which the last unit must be padding. The n_u² are an output too.
 *
 * Norms and sums are in double, except for models with large layers, where they take most of the time: there they are
 * in float32, sums in blocks (`block-sums.ts`). To the n_u² that are put out the factors' ‖a_u‖² and ‖d_u‖² are then
 * added.
 *
 * With layers, the gradient's part g_uk of each layer k has a factor of its own, min(1, C_k / n_uk); the squares of the
 * bounds C_k sum to at most C², and so the whole contribution of a unit is at most C as before. The n_u² that are put
 * out are those of the whole gradient.
 *
 * A parameter that is used several times counts once, with the sum of its uses.
 */
export function buildStepGraph(model: ForwardModel, options: StepGraphOptions): StepGraph {
  const { clipNormL2, capacityUnits: units, rowsPerUnit } = options;
  const writer = new GraphWriter();
  let takesRowSquares = false;
  const known: KnownMatrix = {
    value: 'x',
    double: () => writer.emit('Cast', ['x'], { to: 11 }),
    squares() {
      takesRowSquares = true;
      return 'rowSquares';
    },
  };
  const {
    parts: sums,
    rounding,
    factors,
    floatProducts,
  } = emitClippedSum(model, writer, {
    ...options,
    ...(model.inputShape.length === 1 && { known }),
  });
  const grid = { units, rowsPerUnit };
  const takesClipNorm = clipNormL2 === 'input';
  const sumType = rounding.floatBlocks === undefined ? 'float64' : 'float32';
  const graph = { writer, grid, sums, takesClipNorm, takesRowSquares, sumType } as const;
  return { ...finishStepGraph(model, graph), rounding, factors, floatProducts };
}

/** A step graph from nodes that compute the sums and `squares`. The caller adds its rounding. */
export function finishStepGraph(
  model: ForwardModel,
  graph: {
    readonly writer: GraphWriter;
    readonly grid: UnitGrid;
    readonly sums: readonly ShapedValue[];
    readonly takesClipNorm: boolean;
    readonly takesRowSquares: boolean;
    readonly sumType: StepGraph['sumType'];
  },
): Omit<StepGraph, 'rounding' | 'factors' | 'floatProducts'> {
  const { writer, grid, sums, takesClipNorm, takesRowSquares, sumType } = graph;
  const rows = grid.units * grid.rowsPerUnit;
  const { features, inputShape, parameterCount } = model;
  const elementType = sumType === 'float32' ? 'float' : 'double';
  const parameters = model.parameters.map(({ shape }, i) => ({ name: parameterInput(i), shape }));
  writer.emitAs(COPY_SPARING_OUTPUT, 'SequenceEmpty', []);
  const bytes = writer.finish({
    name: 'dp-sgd-step',
    inputs: [
      valueInfo('x', { elementType: 'float', shape: [rows, ...inputShape] }),
      valueInfo('y', { elementType: 'float', shape: [rows, 1] }),
      valueInfo('mask', { elementType: 'float', shape: [rows, 1] }),
      ...parameters.map(({ name, shape }) => valueInfo(name, { elementType: 'float', shape })),
      ...(takesRowSquares ? [valueInfo('rowSquares', { elementType: 'double', shape: [rows, 1] })] : []),
      ...(takesClipNorm ? [valueInfo('clipNorm', { elementType: 'double', shape: [1, 1] })] : []),
    ],
    outputs: [
      { name: COPY_SPARING_OUTPUT },
      ...sums.map(({ name, shape }) => valueInfo(name, { elementType, shape })),
      valueInfo('squares', { elementType: 'double', shape: [grid.units, 1] }),
    ],
  });
  const largestSquare = sumType === 'float32' ? LARGEST_FLOAT_SQUARE : LARGEST_SQUARE;
  const taken = { parameters, sums, takesClipNorm, takesRowSquares };
  return { ...grid, bytes, ...taken, largestSquare, sumType, inputShape, features, parameterCount };
}
