// Per-layer clipping: which parameters are clipped together, and how the clip norm is divided among the layers.
import { type ClipLayer, type ForwardModel, matchesPattern } from '@consilium/onnx-grad';
import { isModerate, MODERATE } from './moderate-numbers.ts';
import { type PlanProblem, planProblem } from './plan-problem.ts';

/** Each layer is clipped to a bound of its own; the squares of the bounds sum to C². */
export interface PerLayerClipping {
  readonly kind: 'per-layer';
  /**
   * How C is divided: the same bound for each layer, bounds in proportion to the square root of the layer's size, or in
   * proportion to the numbers given, one for each of `layers`.
   */
  readonly bounds: 'uniform' | 'by-size' | readonly number[];
  /**
   * Parameters of each layer: names, or prefixes ending in `*`. A parameter that no layer names is a layer of its own.
   */
  readonly layers?: readonly (readonly string[])[];
}

/** Bounds are reduced by this factor, so that rounding never makes the sum of their squares larger than C². */
const SHRINK = 1 - 2 ** -46;

/**
 * The layers of a model and their bounds C_k: Σ C_k² ≤ C² (McMahan et al. 2018, Sec. 2.2, "per-layer clipping").
 *
 * A unit's contribution then has norm C at most, as with flat clipping; noise and charge do not change.
 *
 * @returns the layers, or the problem with them
 */
export function clipLayersOf(
  model: Pick<ForwardModel, 'parameters'>,
  { clipping, clipNormL2 }: { readonly clipping: PerLayerClipping; readonly clipNormL2: number },
): { readonly layers: readonly ClipLayer[] } | { readonly problem: string } {
  const { bounds, layers: patterns = [] } = clipping;
  const names = model.parameters.map(({ name }) => name);
  const there = `there are ${names.join(', ')}`;
  const named = patterns.map((own) => names.filter((name) => matchesPattern(name, own)));
  const empty = named.findIndex((own) => own.length === 0);
  if (empty >= 0) {
    return { problem: `: no parameter matches ${patterns[empty]!.join(' or ')}; ${there}` };
  }
  const taken = named.flat();
  const twice = taken.find((name, i) => taken.indexOf(name) !== i);
  if (twice !== undefined) return { problem: `: ${twice} is in two of them; name it in one` };
  const rest = names.filter((name) => !taken.includes(name));
  if (typeof bounds !== 'string' && rest.length > 0) {
    return {
      problem: `: bounds in numbers need every parameter in a layer; ${rest.join(', ')} is in none`,
    };
  }
  const layers = [...named, ...rest.map((name) => [name])];
  const sizes = layers.map((own) =>
    model.parameters.reduce((sum, { name, size }) => sum + (own.includes(name) ? size : 0), 0),
  );
  const parts = sizes.map((size, i) => {
    if (bounds === 'uniform') return 1;
    return bounds === 'by-size' ? Math.sqrt(size) : bounds[i]!;
  });
  const scale = (clipNormL2 / Math.hypot(...parts)) * SHRINK;
  return { layers: layers.map((parameters, i) => ({ parameters, clipNormL2: parts[i]! * scale })) };
}

/** Problems of per-layer clipping that any model would have, each with its field; empty if there are none. */
export function perLayerProblems({ bounds, layers }: PerLayerClipping): PlanProblem[] {
  if (typeof bounds === 'string') {
    const isKnown = bounds === 'uniform' || bounds === 'by-size';
    return isKnown
      ? []
      : [planProblem('clipping.bounds', 'must be uniform, by-size, or a number for each of layers')];
  }
  const isRight = bounds.every(isModerate);
  const fits = layers !== undefined && layers.length === bounds.length;
  return [
    ...(isRight ? [] : [planProblem('clipping.bounds', `must be positive numbers, ${MODERATE}`)]),
    ...(fits ? [] : [planProblem('clipping.bounds', 'must have one number for each of layers')]),
  ];
}
