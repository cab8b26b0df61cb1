// Differentiates a forward graph into ONE ordinary ONNX graph for the private part of a DP-SGD step: forward,
// backward, the norm of each unit's gradient, clip factors, and the clipped sum.
import assert from 'node:assert/strict';
import { differentiate } from './differentiate.ts';
import type { ForwardModel } from './forward-model.ts';
import { GraphWriter, valueInfo } from './graph-writer.ts';
import { type Loss, lossFrom, whyNotLoss } from './losses/loss.ts';
import { CANCELLATION_GUARD, type KnownMatrix, type ParameterGradient, type UnitGrid } from './unit-norms.ts';

/** Parameters whose gradients are clipped together, apart from all others. */
export interface ClipLayer {
  /** Names of parameters. */
  readonly parameters: readonly string[];
  /** Bound on the L2 norm of one unit's contribution to them. */
  readonly clipNormL2: number;
}

export interface StepGraphOptions {
  /** Bound on the L2 norm of one unit's contribution; `input` where each run is given one. */
  readonly clipNormL2: number | 'input';
  /** Every parameter in one layer: each layer is clipped to its own bound, and their squares sum to at most C². */
  readonly layers?: readonly ClipLayer[];
  /** Units one run of the graph holds; more are summed over several runs. */
  readonly capacityUnits: number;
  /** Rows each unit has room for; unused ones are masked. */
  readonly rowsPerUnit: number;
  readonly loss: Loss | 'binary-cross-entropy';
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
}

export interface StepGraph extends UnitGrid {
  /**
   * ONNX bytes. Inputs: `x` float [rows, ...inputShape], `y` and `mask` float [rows, 1], the rows of unit u from
   * u · rowsPerUnit on (mask 1 for rows that exist, 0 for padding, whose x and y must be 0), `parameters` float
   * [parameterCount]; and where `takesClipNorm`, `clipNorm` double [1, 1]. Outputs: `clippedSum` double
   * [1, parameterCount], `squares` double [units, 1].
   */
  readonly bytes: Uint8Array;
  readonly takesClipNorm: boolean;
  /** What `clippedSum` is made of. */
  readonly sumType: 'float32' | 'float64';
  readonly inputShape: readonly number[];
  readonly features: number;
  readonly parameterCount: number;
  readonly rounding: StepRounding;
}

/** Squared norms beyond this are as good as infinite. */
export const LARGEST_SQUARE = 1e300;

/** Clip factors min(1, C / norm) per unit, for the gradient of each parameter; NaN where the norm is. */
function emitUnitWeights(
  writer: GraphWriter,
  gradients: readonly ParameterGradient[],
  { clipNormL2, layers }: Pick<StepGraphOptions, 'clipNormL2' | 'layers'>,
): string[] {
  const sum = (terms: readonly ParameterGradient[]) => {
    const squares = terms.map(({ unitSquares }) => unitSquares);
    return squares.length === 1 ? squares[0]! : writer.emit('Sum', squares);
  };
  const weigh = (squares: string, bound: number | 'input') => {
    const numerator = bound === 'input' ? 'clipNorm' : writer.double(bound);
    const ratio = writer.emit('Div', [numerator, writer.emit('Sqrt', [squares])]);
    return writer.emit('Min', [writer.double(1), ratio]);
  };
  const terms = gradients.map(({ unitSquares }) => unitSquares);
  writer.emitAs('squares', terms.length === 1 ? 'Identity' : 'Sum', terms);
  if (layers === undefined) {
    const weights = weigh('squares', clipNormL2);
    return gradients.map(() => weights);
  }
  const byParameter = new Map(
    layers.flatMap(({ parameters, clipNormL2: bound }) => {
      const own = gradients.filter(({ parameter }) => parameters.includes(parameter));
      const weights = weigh(sum(own), bound);
      return own.map(({ parameter }) => [parameter, weights] as const);
    }),
  );
  return gradients.map(({ parameter }) => byParameter.get(parameter)!);
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
 * Emits the clipped sum of a batch `x`, `y`, `mask` at `parameters`, double [1, parameterCount] in parts in the order
 * of the parameters; and, as `squares`, the units' squared norms.
 *
 * @param known what is at hand of `x`
 */
export function emitClippedSum(
  model: ForwardModel,
  writer: GraphWriter,
  options: StepGraphOptions & { readonly known?: KnownMatrix },
): { readonly parts: readonly string[]; readonly gradients: readonly ParameterGradient[] } {
  const { capacityUnits: units, rowsPerUnit, known } = options;
  const loss = lossFrom(options.loss);
  assertBounds(model, options);
  assert(Number.isSafeInteger(units) && units >= 1, 'capacityUnits is a positive integer');
  assert(Number.isSafeInteger(rowsPerUnit) && rowsPerUnit >= 1, 'rowsPerUnit is a positive integer');
  assert.equal(whyNotLoss(loss, model.outputs), undefined);
  const gradients = differentiate(model, { writer, grid: { units, rowsPerUnit }, loss, known });
  const weights = emitUnitWeights(writer, gradients, options);
  const sums = gradients.map((gradient, i) => gradient.weightedSum(weights[i]!));
  const parts = sums.map((sum, i) => (gradients[i]!.isRow ? sum : writer.reshape(sum, [1, -1])));
  return { parts, gradients };
}

/**
 * The step graph of a forward model.
 *
 * Output: Σ_u c_u g_u over the units in the run, where g_u is the sum of the gradients of the unit's rows and
 * c_u = min(1, C / n_u) for a bound n_u ≥ ‖g_u‖₂ that is ‖g_u‖₂ itself but for positions that cancel almost
 * wholly (`unit-norms.ts`). The n_u² are an output too: where one is not finite or beyond LARGEST_SQUARE, the sum is
 * of no use, and the run is to be repeated without that unit (`dp-sgd/clipped-sum.ts`).
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
  const { parts, gradients } = emitClippedSum(model, writer, options);
  writer.emitAs('clippedSum', 'Concat', parts, { axis: 1 });
  const grid = { units, rowsPerUnit };
  const takesClipNorm = clipNormL2 === 'input';

  return {
    ...finishStepGraph(model, { writer, grid, takesClipNorm, sumType: 'float64' }),
    rounding: {
      normTerms: Math.max(
        ...gradients.map(
          ({ terms, isGuarded }) =>
            (terms + gradients.length + 16) / (isGuarded ? CANCELLATION_GUARD : 1) ** 2,
        ),
      ),
      cancellationGuard: gradients.some(({ isGuarded }) => isGuarded) ? CANCELLATION_GUARD : 1,
      sumTerms: Math.max(...gradients.map(({ sumTerms }) => sumTerms)),
    },
  };
}

/** A step graph from nodes that put out `clippedSum` and `squares`; its rounding is the caller's to say. */
export function finishStepGraph(
  model: ForwardModel,
  graph: {
    readonly writer: GraphWriter;
    readonly grid: UnitGrid;
    readonly takesClipNorm: boolean;
    readonly sumType: StepGraph['sumType'];
  },
): Omit<StepGraph, 'rounding'> {
  const { writer, grid, takesClipNorm, sumType } = graph;
  const rows = grid.units * grid.rowsPerUnit;
  const { features, inputShape, parameterCount } = model;
  const elementType = sumType === 'float32' ? 'float' : 'double';
  const bytes = writer.finish({
    name: 'dp-sgd-step',
    inputs: [
      valueInfo('x', { elementType: 'float', shape: [rows, ...inputShape] }),
      valueInfo('y', { elementType: 'float', shape: [rows, 1] }),
      valueInfo('mask', { elementType: 'float', shape: [rows, 1] }),
      valueInfo('parameters', { elementType: 'float', shape: [parameterCount] }),
      ...(takesClipNorm ? [valueInfo('clipNorm', { elementType: 'double', shape: [1, 1] })] : []),
    ],
    outputs: [
      valueInfo('clippedSum', { elementType, shape: [1, parameterCount] }),
      valueInfo('squares', { elementType: 'double', shape: [grid.units, 1] }),
    ],
  });
  return { ...grid, bytes, takesClipNorm, sumType, inputShape, features, parameterCount };
}
