// Whether the numbers of no row can overflow, by bounds on features, labels and parameters alone. Where it is sure, a
// step needs no mask (`unit-mask.ts`), which costs small models a tenth of their time. For chains of dense layers.

import { elementCount } from '../format/tensor-data.ts';
import type { Loss } from '../losses/loss.ts';
import type { ForwardModel } from '../model/forward-model.ts';
import type { OpNode } from '../ops/op-rule.ts';

/** Largest size of features and labels. A unit with larger ones contributes to no step. */
export const LARGEST_FEATURE = 2 ** 24;

/** Values of a row beyond this are treated as those that overflow. */
const LARGEST_VALUE = 2 ** 100;

interface Layer {
  readonly weight: string | undefined;
  readonly offset: string | undefined;
  readonly inner: number;
  readonly outer: number;
  readonly activation: 'none' | 'kept' | 'bounded';
}

const ACTIVATIONS: Readonly<Record<string, Layer['activation']>> = {
  Relu: 'kept',
  Tanh: 'bounded',
  Sigmoid: 'bounded',
};

function layerOf(node: OpNode, model: ForwardModel): Layer | undefined {
  const [data, first, second] = node.inputs as [string, string | undefined, string | undefined];
  const widthOf = (value: string) => elementCount(model.shapeOf(value).slice(1) as number[]);
  const widths = { inner: widthOf(data), outer: widthOf(node.output) };
  const activation = ACTIVATIONS[node.opType];
  if (activation !== undefined) return { weight: undefined, offset: undefined, ...widths, activation };
  if (model.shapeOf(data).length !== 2 || first === undefined || !model.isParameter(first)) return undefined;
  if (node.opType === 'Gemm' || node.opType === 'MatMul') {
    return { weight: first, offset: second || undefined, ...widths, activation: 'none' };
  }
  if (node.opType !== 'Add') return undefined;
  return { weight: undefined, offset: first, ...widths, activation: 'none' };
}

/** The model's layers, each fed by the one before; undefined where it is made of other things. */
function layersOf(model: ForwardModel): readonly Layer[] | undefined {
  if (model.frozen.length > 0 || model.inputShape.length !== 1) return undefined;
  const layers: Layer[] = [];
  let value = model.input;
  for (const node of model.nodes) {
    const layer = node.inputs[0] === value ? layerOf(node, model) : undefined;
    if (layer === undefined) return undefined;
    layers.push(layer);
    value = node.output;
  }
  const used = layers.flatMap(({ weight, offset }) => [weight, offset]).filter((name) => name !== undefined);
  const isEachUsedOnce = new Set(used).size === used.length && used.length === model.parameters.length;
  return value === model.logit && isEachUsedOnce ? layers : undefined;
}

/** Bound on a row's gradient with respect to its logit, for logits within `logit`. */
function residualBound(loss: Loss, logit: number): number {
  switch (loss.kind) {
    case 'binary-cross-entropy':
    case 'categorical-cross-entropy':
      return Math.max(1, ...(loss.classWeights ?? []));
    case 'huber':
      return loss.delta;
    case 'squared-error':
      return 2 * (logit + LARGEST_FEATURE);
    case 'poisson-deviance':
      return 2 * (Math.exp(logit) + LARGEST_FEATURE);
  }
}

/** Whether no unit can overflow, given bounds on the values of each parameter, in the model's order. */
export type OverflowBounds = (largest: readonly number[]) => boolean;

/**
 * **Claim.** Where it says yes, all numbers that a step computes of a unit of at most `rowsPerUnit` rows, with
 * features and labels within LARGEST_FEATURE, are finite, and its squares are at most half of `largestSquare`.
 *
 * **Proof.** A layer's sum of m products is at most m · a · w + b for values within a, weights within w and offsets
 * within b, and so is each of its partial sums; activations keep the bound or are within 1, and their slopes are too.
 * On the way back the same holds with n products. A unit's gradient of a weight is Σ over its rows of a dᵀ, of at most
 * R √m a √n d; that of an offset of R √n d. Rounding makes of a sum of k terms at most (1 + 2^-24)^(k+1) times its
 * bound, less than 2 for the widths that a parameter count of 2^22 allows; each bound is doubled for it. ∎
 *
 * @returns undefined for models that are not chains of dense layers
 */
export function overflowBoundsOf(
  model: ForwardModel,
  options: { readonly loss: Loss; readonly rowsPerUnit: number; readonly largestSquare: number },
): OverflowBounds | undefined {
  const layers = layersOf(model);
  if (layers === undefined || model.parameterCount > 2 ** 22) return undefined;
  const { loss, rowsPerUnit, largestSquare } = options;
  const indices = new Map(model.parameters.map(({ name }, i) => [name, i]));
  return (largest) => {
    const boundOf = (name: string | undefined) => (name === undefined ? 0 : largest[indices.get(name)!]!);
    let value = LARGEST_FEATURE;
    let most = value;
    const inputs = layers.map(({ weight, offset, inner, activation }) => {
      const own = value;
      if (activation === 'bounded') value = 1;
      else if (activation === 'none') {
        value = 2 * ((weight === undefined ? own : inner * own * boundOf(weight)) + boundOf(offset));
      }
      most = Math.max(most, value);
      return own;
    });
    let gradient = 2 * residualBound(loss, value);
    let squares = 0;
    for (let i = layers.length - 1; i >= 0; i--) {
      const { weight, offset, inner, outer } = layers[i]!;
      const right = outer * gradient ** 2;
      if (offset !== undefined) squares += rowsPerUnit ** 2 * right;
      if (weight === undefined) continue;
      const left = inner * inputs[i]! ** 2;
      squares += rowsPerUnit ** 2 * left * right + left + right;
      most = Math.max(most, gradient);
      gradient = 2 * outer * gradient * boundOf(weight);
    }
    return most <= LARGEST_VALUE && gradient <= LARGEST_VALUE && 4 * squares <= largestSquare;
  };
}
