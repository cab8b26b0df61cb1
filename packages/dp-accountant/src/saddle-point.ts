// Where the composed loss is decided: the exponential tilt under which ε is a typical loss, and estimates of
// ε, of the spread there and of the tails. Nothing here is a bound: it only sizes what the bound is made of.
import type { LossNodes } from './loss-pair.ts';

/** Remove looks at the losses of P against Q, add at those of Q against P. */
export type Direction = 'remove' | 'add';

export interface ComposedNodes {
  readonly nodes: LossNodes;
  readonly steps: number;
}

/** ln of the moment generating function of the composed loss at θ, its slope and its curvature. */
export interface Cumulant {
  readonly value: number;
  readonly mean: number;
  readonly variance: number;
}

/** The cumulant of the composed loss at tilt θ; add's loss is −loss with probability P·e^{−loss}. */
export function cumulantAt(parts: readonly ComposedNodes[], direction: Direction, theta: number): Cumulant {
  const power = direction === 'remove' ? theta : -1 - theta;
  const sign = direction === 'remove' ? 1 : -1;
  let [value, mean, variance] = [0, 0, 0];
  for (const { nodes, steps } of parts) {
    const { probabilities, losses } = nodes;
    let top = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < losses.length; i++) top = Math.max(top, power * losses[i]!);
    let [sum, first, second] = [0, 0, 0];
    for (let i = 0; i < losses.length; i++) {
      const weight = probabilities[i]! * Math.exp(power * losses[i]! - top);
      const loss = sign * losses[i]!;
      sum += weight;
      first += weight * loss;
      second += weight * loss * loss;
    }
    value += steps * (top + Math.log(sum));
    mean += (steps * first) / sum;
    variance += steps * Math.max(0, second / sum - (first / sum) ** 2);
  }
  return { value, mean, variance };
}

/** The θ in (low, high), found on a logarithmic scale, at which a falling function passes 0. */
function fallingRoot(f: (theta: number) => number): number {
  let low = 1e-9;
  let high = 1e9;
  let theta = 1;
  for (let round = 0; round < 60 && high / low > 1.001; round++) {
    if (f(theta) > 0) low = theta;
    else high = theta;
    if (high === 1e9) theta = low * 4;
    else if (low === 1e-9) theta = high / 4;
    else theta = Math.sqrt(low * high);
  }
  return theta;
}

export interface SaddlePoint {
  readonly theta: number;
  /** Rough ε, possibly negative. */
  readonly epsilon: number;
  /** ln of a rough δ(ε). */
  readonly logDelta: number;
}

/**
 * δ(ε) = E[(1 − e^{ε−L})₊] by the saddle point of its Laplace transform, whose kernel is 1/(θ(1+θ)): exact
 * for Gaussian losses as they grow, and good to a few per cent of ε elsewhere.
 */
function saddleAt(parts: readonly ComposedNodes[], direction: Direction, theta: number): SaddlePoint {
  const { value, mean, variance } = cumulantAt(parts, direction, theta);
  const epsilon = mean - 1 / theta - 1 / (1 + theta);
  const curvature = variance + 1 / theta ** 2 + 1 / (1 + theta) ** 2;
  const kernel = Math.log(theta) + Math.log1p(theta);
  const logDelta = value - theta * epsilon - kernel - Math.log(2 * Math.PI * curvature) / 2;
  return { theta, epsilon, logDelta };
}

/** The saddle point of a wanted δ, or of a wanted ε. */
export function findSaddlePoint(
  parts: readonly ComposedNodes[],
  direction: Direction,
  wanted: { readonly logDelta: number } | { readonly epsilon: number },
): SaddlePoint {
  const theta = fallingRoot((at) => {
    const { epsilon, logDelta } = saddleAt(parts, direction, at);
    return 'epsilon' in wanted ? wanted.epsilon - epsilon : logDelta - wanted.logDelta;
  });
  return saddleAt(parts, direction, theta);
}

/**
 * The tilt and the loss at which Chernoff's bound on the upper tail of the composed loss, itself tilted by
 * `from`, is e^{logMass}. On the lower side the tail below the loss.
 */
export function chernoffPoint(
  parts: readonly ComposedNodes[],
  direction: Direction,
  tail: { readonly side: 'upper' | 'lower'; readonly from: number; readonly logMass: number },
): { readonly theta: number; readonly loss: number } {
  const base = cumulantAt(parts, direction, tail.from).value;
  const sign = tail.side === 'upper' ? 1 : -1;
  const shift = fallingRoot((at) => {
    const { value, mean } = cumulantAt(parts, direction, tail.from + sign * at);
    return value - base - sign * at * mean - tail.logMass;
  });
  const theta = tail.from + sign * shift;
  const { value } = cumulantAt(parts, direction, theta);
  return { theta, loss: (value - base - tail.logMass) / (theta - tail.from) };
}
