// How fine a grid and how long a transform a question needs: estimates only, the bound holds for any size.
import {
  type ComposedNodes,
  chernoffPoint,
  cumulantAt,
  type Direction,
  type SaddlePoint,
} from './saddle-point.ts';

/** Share of δ that each kind of cut-off tail may take. */
export const TAIL_SHARE = 1e-6;
/** What discretisation may add to ε, relatively: as little as the transform's length gives for free. */
const FINEST_BIAS = 5e-5;
export const COARSEST_BIAS = 2e-4;
const LONGEST = 2 ** 20;
const SHORTEST = 2 ** 9;
const MOST_CELLS = 2 ** 20;

/** From the least loss of any one step to the greatest. */
const widestStep = (parts: readonly ComposedNodes[]): number =>
  Math.max(...parts.map(({ nodes: { losses } }) => Math.max(...losses) - Math.min(...losses)));

export interface Sizing {
  readonly least: number;
  readonly interval: number;
  readonly length: number;
  readonly top: { readonly theta: number; readonly logMass: number };
  readonly theta: number;
}

/**
 * The mean rise of (1+decay)/2·(composed loss's variance) that a grid of a given interval brings, which is
 * what it adds to ε: a loss t above a grid point becomes 0 or h with mean excess t(h−t)/2 and variance
 * t(h−t), at most h times the loss itself, and h²/6 on average where the losses are spread over many cells.
 */
function biasOf(
  parts: readonly ComposedNodes[],
  direction: Direction,
  { theta, decay }: { readonly theta: number; readonly decay: number },
): (h: number) => number {
  const power = direction === 'remove' ? theta : -1 - theta;
  const tilted = parts.map(({ nodes, steps }) => {
    const top = nodes.losses.reduce((most, loss) => Math.max(most, power * loss), Number.NEGATIVE_INFINITY);
    const weights = nodes.probabilities.map((mass, i) => mass * Math.exp(power * nodes.losses[i]! - top));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { losses: nodes.losses, weights: weights.map((weight) => (weight * steps) / sum) };
  });
  return (h) => {
    let variance = 0;
    for (const { losses, weights } of tilted) {
      for (let i = 0; i < losses.length; i++) variance += weights[i]! * Math.min(h / 6, Math.abs(losses[i]!));
    }
    return ((1 + decay) * h * variance) / 2;
  };
}

/** The interval at which a rising function of it reaches a value. */
function intervalAt(bias: (h: number) => number, value: number): number {
  let low = 1e-12;
  let high = 10;
  for (let round = 0; round < 60 && high / low > 1.01; round++) {
    const middle = Math.sqrt(low * high);
    if (bias(middle) > value) high = middle;
    else low = middle;
  }
  return low;
}

/** What the transform's rounding, an error of this size per step and √length, may add to δ. */
const ROUNDING_SHARE = 1e-4;
const ROUNDING_PER_STEP = 4e-14;

/** ln of what rounding would add to δ at a tilt, relative to δ, as ComposedLosses bounds it. */
function logRoundingAt(tilt: {
  readonly excess: number;
  readonly theta: number;
  readonly interval: number;
  readonly spread: number;
  readonly steps: number;
}): number {
  const { excess, theta, interval, spread, steps } = tilt;
  const norm = Math.sqrt(Math.min(1, interval / spread));
  const weight = 1 / Math.sqrt(4 * Math.max(theta, 0.1) ** 3 * interval);
  return excess + Math.log(ROUNDING_PER_STEP * steps * norm * weight);
}

/**
 * How fine and how long the transform is to be, and at which tilt, for one direction and a saddle point.
 *
 * At the saddle point's own tilt the rounding is least, but where one rare draw decides δ the tilted loss has
 * two modes, far apart. A smaller tilt, as far as rounding allows, keeps the window short.
 */
export function sizeFor(
  parts: readonly ComposedNodes[],
  direction: Direction,
  {
    saddle,
    decay,
    logDelta,
    lowest,
    finer,
  }: {
    readonly saddle: SaddlePoint;
    /** −d ln δ/dε at ε: the saddle point's θ, until it is known better. */
    readonly decay: number;
    readonly logDelta: number;
    readonly lowest: number;
    readonly finer: number;
  },
): Sizing {
  const { epsilon } = saddle;
  const tailMass = logDelta + Math.log(TAIL_SHARE);
  const top = chernoffPoint(parts, direction, { side: 'upper', from: 0, logMass: tailMass });
  const bias = biasOf(parts, direction, { theta: saddle.theta, decay });
  const smallest = Math.max(epsilon, 2e-3 / decay) / finer;
  const limit = 0.03 / (1 + decay) / Math.sqrt(finer);
  const coarsest = Math.min(limit, intervalAt(bias, COARSEST_BIAS * smallest));
  const finest = Math.min(coarsest, intervalAt(bias, FINEST_BIAS * smallest));
  const steps = parts.reduce((sum, part) => sum + part.steps, 0);
  let best = { theta: saddle.theta, span: Number.POSITIVE_INFINITY, least: 0 };
  for (const share of [1, 0.9, 0.8, 0.7, 0.55, 0.4, 0.2]) {
    const theta = share * saddle.theta;
    const { value, variance } = cumulantAt(parts, direction, theta);
    const excess = Math.max(0, value - theta * epsilon - logDelta);
    const rounding = logRoundingAt({ excess, theta, interval: coarsest, spread: Math.sqrt(variance), steps });
    if (share < 1 && rounding > Math.log((ROUNDING_SHARE / finer) * Math.min(1, decay * smallest))) break;
    // What wraps around comes down where the tilt lifts it, or up where it hardly matters: both stay below δ's
    // share.
    const logMass = Math.log(TAIL_SHARE) - excess;
    const bottom = chernoffPoint(parts, direction, { side: 'lower', from: theta, logMass });
    const far = chernoffPoint(parts, direction, { side: 'upper', from: theta, logMass });
    const least = Math.min(bottom.loss, lowest);
    const span = Math.max(top.loss - least, far.loss - Math.min(epsilon, lowest));
    if (span > best.span) break;
    if (span < 0.97 * best.span) best = { theta, span, least };
    if (span < 2048 * coarsest) break;
  }
  const span = 1.02 * best.span;
  // Rounding each loss to the grid moves their sum by some √steps cells.
  const margin = 64 + Math.min(steps, 4 * Math.ceil(Math.sqrt(steps)));
  const wanted = 2 ** Math.ceil(Math.log2(span / coarsest + margin));
  const length = Math.min(LONGEST, Math.max(SHORTEST, wanted));
  const fitting = span / (length - Math.min(margin, length / 2));
  const sized =
    length === LONGEST ? Math.max(coarsest, fitting) : Math.min(coarsest, Math.max(finest, fitting));
  const interval = Math.max(sized, widestStep(parts) / MOST_CELLS);
  const { theta } = best;
  const least = best.least - margin * interval;
  return { interval, length, theta, least, top: { theta: top.theta, logMass: tailMass } };
}
