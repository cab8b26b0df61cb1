// ε and δ of any list of subsampled Gaussian events by their privacy loss distribution: the tightest known
// accounting of DP-SGD, for planning and for reports. The ledger charges by Rényi costs, which add up.
import { ComposedLosses, type ComposedPair } from './compose-losses.ts';
import type { LossSource } from './loss-pair.ts';
import { ReplaceOneLosses } from './replace-one-losses.ts';
import {
  type ComposedNodes,
  chernoffPoint,
  cumulantAt,
  type Direction,
  findSaddlePoint,
  type SaddlePoint,
} from './saddle-point.ts';
import { SampledGaussianLosses } from './sampled-gaussian-losses.ts';
import { deltaOfRelease, epsilonOfRelease, type Release } from './single-release.ts';
import { type BatchCap, TruncatedLosses, type Truncation, truncationOf } from './truncated-sampling.ts';

export type Adjacency = 'add-or-remove-one' | 'replace-one';

/** Steps of one kind: `steps` Poisson-subsampled Gaussian releases. */
export interface GaussianSteps {
  /** Standard deviation of the noise over the greatest L2 norm of one unit's contribution to the sum. */
  readonly noiseMultiplier: number;
  /** Probability with which each unit is drawn in a step. */
  readonly samplingRate: number;
  readonly steps: number;
  /** Where batches have a largest size and what exceeds it is dropped at random. */
  readonly batchCap?: BatchCap;
  /** By default add-or-remove-one; the same for all events of a list. */
  readonly adjacency?: Adjacency;
}

type Wanted = { readonly delta: number } | { readonly epsilon: number };

/** Share of δ that each kind of cut-off tail may take. */
const TAIL_SHARE = 1e-6;
/** What discretisation may add to ε, relatively: as little as the transform's length gives for free. */
const FINEST_BIAS = 5e-5;
const COARSEST_BIAS = 2e-4;
/** δ(ε) is asked of a grid finer than any that ε(δ) may use, so that δ(ε(δ)) ≤ δ. */
const FINER_FOR_DELTA = 5;
const LONGEST = 2 ** 20;
const SHORTEST = 2 ** 9;
const MOST_ATTEMPTS = 6;
/** Two runs charge rounding differently: ε is raised by this share so that δ(ε(δ)) ≤ δ. */
const AGREEMENT = 2e-6;
/** Smaller δ are bounded from above by about this. */
const LEAST_LOG_DELTA = -80;

interface SourceSteps {
  readonly source: LossSource;
  readonly steps: number;
}

interface Sizing {
  readonly interval: number;
  readonly length: number;
  readonly top: { readonly loss: number; readonly theta: number };
  readonly theta: number;
}

/**
 * The mean rise of (1+decay)/2·(composed loss's variance) that a grid of a given interval brings, which is what it
 * adds to ε: a loss t above a grid point becomes 0 or h with mean excess t(h−t)/2 and variance t(h−t), at most
 * h times the loss itself, and h²/6 on average where the losses are spread over many cells.
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
function sizeFor(
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
  const top = chernoffPoint(parts, direction, {
    side: 'upper',
    from: 0,
    logMass: logDelta + Math.log(TAIL_SHARE),
  });
  const bias = biasOf(parts, direction, { theta: saddle.theta, decay });
  const smallest = Math.max(epsilon, 2e-3 / decay) / finer;
  const limit = 0.03 / (1 + decay) / Math.sqrt(finer);
  const coarsest = Math.min(limit, intervalAt(bias, COARSEST_BIAS * smallest));
  const finest = Math.min(coarsest, intervalAt(bias, FINEST_BIAS * smallest));
  const steps = parts.reduce((sum, part) => sum + part.steps, 0);
  let best = { theta: saddle.theta, span: Number.POSITIVE_INFINITY };
  for (const share of [1, 0.9, 0.8, 0.7, 0.55, 0.4, 0.2]) {
    const theta = share * saddle.theta;
    const { value, variance } = cumulantAt(parts, direction, theta);
    const excess = Math.max(0, value - theta * epsilon - logDelta);
    const rounding = logRoundingAt({ excess, theta, interval: coarsest, spread: Math.sqrt(variance), steps });
    if (share < 1 && rounding > Math.log((ROUNDING_SHARE / finer) * Math.min(1, decay * smallest)))
      break;
    // What wraps round comes down where the tilt lifts it, or up where it hardly matters: both stay below δ's share.
    const logMass = Math.log(TAIL_SHARE) - excess;
    const bottom = chernoffPoint(parts, direction, { side: 'lower', from: theta, logMass });
    const far = chernoffPoint(parts, direction, { side: 'upper', from: theta, logMass });
    const span = Math.max(top.loss - Math.min(bottom.loss, lowest), far.loss - Math.min(epsilon, lowest));
    if (span < 0.97 * best.span) best = { theta, span };
    if (span < 2048 * coarsest) break;
  }
  const span = 1.02 * best.span;
  const wanted = 2 ** Math.ceil(Math.log2(span / coarsest + 64));
  const length = Math.min(LONGEST, Math.max(SHORTEST, wanted));
  const fitting = span / (length - 64);
  const interval =
    length === LONGEST ? Math.max(coarsest, fitting) : Math.min(coarsest, Math.max(finest, fitting));
  return { interval, length, top, theta: best.theta };
}

/** Discretised sources, one grid interval at a time. */
class Grids {
  readonly #sources: readonly SourceSteps[];
  #interval = 0;
  #parts: readonly ComposedPair[] = [];

  constructor(sources: readonly SourceSteps[]) {
    this.#sources = sources;
  }

  at(interval: number): readonly ComposedPair[] {
    if (interval !== this.#interval) {
      this.#interval = interval;
      this.#parts = this.#sources.map(({ source, steps }) => ({ pair: source.discretise(interval), steps }));
    }
    return this.#parts;
  }
}

/**
 * ln of Chernoff's bound on δ(ε): (1 − e^{ε−x})₊ ≤ θ^θ/(1+θ)^{1+θ}·e^{θ(x−ε)} (Canonne, Kamath and Steinke
 * 2020, Prop. 12).
 */
function logDeltaBound(parts: readonly ComposedNodes[], direction: Direction, epsilon: number): number {
  const { theta } = findSaddlePoint(parts, direction, { epsilon });
  const { value } = cumulantAt(parts, direction, theta);
  return value - theta * epsilon + theta * Math.log(theta) - (1 + theta) * Math.log1p(theta);
}

/** The bound in one direction, with the grid refined and the window moved until it is tight. */
function boundIn(
  direction: Direction,
  {
    parts,
    grids,
    wanted,
    finer,
  }: {
    readonly parts: readonly ComposedNodes[];
    readonly grids: Grids;
    readonly wanted: Wanted;
    readonly finer: number;
  },
): number {
  const known = 'delta' in wanted ? Math.log(wanted.delta) : undefined;
  let saddle = findSaddlePoint(
    parts,
    direction,
    'delta' in wanted ? { logDelta: Math.log(wanted.delta) } : wanted,
  );
  let decay = saddle.theta;
  let logDelta = known ?? Math.max(LEAST_LOG_DELTA, saddle.logDelta);
  let lowest = saddle.epsilon - 1 / saddle.theta;
  for (let attempt = 0; ; attempt++) {
    const { interval, ...plan } = sizeFor(parts, direction, { saddle, decay, logDelta, lowest, finer });
    const composed = new ComposedLosses(grids.at(interval), { direction, ...plan });
    const found = 'delta' in wanted ? composed.epsilonOf(wanted.delta) : composed.deltaOf(wanted.epsilon);
    if (found === undefined) {
      if (attempt === MOST_ATTEMPTS) throw new Error('the privacy loss was not found where it was estimated');
      lowest = Math.min(lowest, 0) - plan.length * interval;
      continue;
    }
    const { epsilon, delta } = found;
    const answer = 'delta' in wanted ? epsilon : delta;
    if (attempt === MOST_ATTEMPTS || epsilon === Number.POSITIVE_INFINITY || answer === 0) return answer;
    const steeper = found.decay > 1.5 * decay;
    const moved = 'delta' in wanted && Math.abs(epsilon / Math.max(saddle.epsilon, 2e-3 / decay) - 1) > 0.4;
    const smaller = 'epsilon' in wanted && Math.log(delta) < logDelta - 1 && logDelta > LEAST_LOG_DELTA;
    if (!steeper && !moved && !smaller) return answer;
    saddle = findSaddlePoint(parts, direction, { epsilon });
    decay = Math.max(saddle.theta, found.decay);
    logDelta = known ?? Math.max(LEAST_LOG_DELTA, Math.log(delta));
    lowest = epsilon - 1 / saddle.theta;
  }
}

function check({ noiseMultiplier, samplingRate, steps, batchCap }: GaussianSteps): void {
  if (!(noiseMultiplier >= 0)) throw new RangeError('noiseMultiplier must be a number of at least 0');
  if (!(samplingRate >= 0 && samplingRate <= 1)) throw new RangeError('samplingRate must be in [0, 1]');
  if (!Number.isSafeInteger(steps) || steps < 0) throw new RangeError('steps must be a count of at least 0');
  for (const [name, count] of Object.entries(batchCap ?? {})) {
    if (!Number.isSafeInteger(count) || count < 1)
      throw new RangeError(`${name} must be a count of at least 1`);
  }
}

/** One kind of step as it is composed: without subsampling a single release, of noise smaller by √steps. */
interface Kind extends GaussianSteps {
  readonly truncation: Truncation;
  readonly adjacency: Adjacency;
}

const UNTRUNCATED: Truncation = { probability: 0, samplingRate: 0 };

/** The events without those that cost nothing, equal ones joined, in an order of their own. */
function kindsOf(events: readonly GaussianSteps[]): Kind[] {
  const joined = new Map<string, Kind>();
  let signal = 0;
  const adjacency = events[0]?.adjacency ?? 'add-or-remove-one';
  for (const event of events) {
    check(event);
    const { noiseMultiplier, samplingRate, steps, batchCap } = event;
    if ((event.adjacency ?? 'add-or-remove-one') !== adjacency) {
      throw new RangeError('events of different adjacency have no common guarantee');
    }
    if (steps === 0 || samplingRate === 0 || noiseMultiplier === Number.POSITIVE_INFINITY) continue;
    const truncation = batchCap ? truncationOf(samplingRate, batchCap) : UNTRUNCATED;
    if (samplingRate === 1 && truncation.probability === 0) {
      signal += steps / noiseMultiplier ** 2;
      continue;
    }
    const key = [noiseMultiplier, samplingRate, truncation.probability, truncation.samplingRate].join(' ');
    const before = joined.get(key)?.steps ?? 0;
    joined.set(key, { noiseMultiplier, samplingRate, truncation, adjacency, steps: before + steps });
  }
  const kinds = [...joined].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, kind]) => kind);
  if (signal === 0) return kinds;
  const noiseMultiplier = 1 / Math.sqrt(signal);
  return [...kinds, { noiseMultiplier, samplingRate: 1, steps: 1, truncation: UNTRUNCATED, adjacency }];
}

function sourceOf(
  { noiseMultiplier, samplingRate, truncation, adjacency }: Kind,
  tailMass: number,
): LossSource {
  const Plain = adjacency === 'replace-one' ? ReplaceOneLosses : SampledGaussianLosses;
  const plain = new Plain({ noiseMultiplier, samplingRate, tailMass });
  if (truncation.probability === 0) return plain;
  // A capped batch moves the sum by up to 2, which is a replacement at half the noise and one-sided shifts.
  const halved = { noiseMultiplier: noiseMultiplier / 2, samplingRate: truncation.samplingRate, tailMass };
  return new TruncatedLosses({
    probability: truncation.probability,
    capped: new ReplaceOneLosses(halved),
    plain,
  });
}

const sourcesOf = (kinds: readonly Kind[], tailMass: number): SourceSteps[] =>
  kinds.map((kind) => ({ source: sourceOf(kind, tailMass), steps: kind.steps }));

const nodesOf = (sources: readonly SourceSteps[]): ComposedNodes[] =>
  sources.map(({ source, steps }) => ({ nodes: source.nodes, steps }));

function composedBound(kinds: readonly Kind[], wanted: Wanted, finer: number): number {
  const steps = kinds.reduce((sum, kind) => sum + kind.steps, 0);
  let delta = 'delta' in wanted ? wanted.delta : 0;
  if ('epsilon' in wanted) {
    const rough = nodesOf(sourcesOf(kinds, 1e-40 / steps));
    delta = Math.exp(Math.max(LEAST_LOG_DELTA, findSaddlePoint(rough, 'remove', wanted).logDelta - 10));
  }
  const sources = sourcesOf(kinds, (delta * TAIL_SHARE) / steps);
  const parts = nodesOf(sources);
  const task = { parts, grids: new Grids(sources), wanted, finer };
  const remove = boundIn('remove', task);
  if (sources.every(({ source }) => source.symmetric)) return remove;
  // Where Chernoff's bound alone shows that adding costs less than removing, it need not be composed.
  const epsilon = 'delta' in wanted ? remove : wanted.epsilon;
  const needed = 'delta' in wanted ? wanted.delta : remove;
  if (remove === Number.POSITIVE_INFINITY) return remove;
  if (epsilon > 0 && logDeltaBound(parts, 'add', epsilon) < Math.log(needed / 2)) return remove;
  return Math.max(remove, boundIn('add', task));
}

/** The one release that all is equal to, if it is. */
function onlyRelease(kinds: readonly Kind[]): Release | undefined {
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1 || kind.steps > 1 || kind.truncation.probability > 0)
    return undefined;
  if (kind.adjacency === 'add-or-remove-one') return kind;
  return kind.samplingRate === 1 ? { ...kind, noiseMultiplier: kind.noiseMultiplier / 2 } : undefined;
}

const unbounded = (kinds: readonly Kind[]): boolean => kinds.some((kind) => kind.noiseMultiplier === 0);

/**
 * The smallest ε ≥ 0, rounded up, at which the composition of the events is (ε, δ)-differentially private under
 * adding or removing one unit; both directions are composed and the larger counts.
 *
 * An upper bound: every discretisation, truncation and rounding is charged. What discretisation adds is held
 * below 2·10⁻⁴ of ε (more, still upwards, where ε is below a thousandth of its own scale). One release, and any
 * number of releases without subsampling, are exact. The order of the events does not matter.
 *
 * Edge cases: no events, or none that costs anything, give 0; a noise multiplier of 0 with a sampling rate
 * above 0 gives ∞.
 *
 * @throws RangeError for δ outside (0, 1), a noise multiplier below 0, a rate outside [0, 1] or no count.
 */
export function epsilonByPld(events: readonly GaussianSteps[], delta: number): number {
  if (!(delta > 0 && delta < 1)) throw new RangeError('delta must be in (0, 1)');
  const costly = kindsOf(events);
  if (costly.length === 0) return 0;
  if (unbounded(costly)) return Number.POSITIVE_INFINITY;
  const release = onlyRelease(costly);
  return release ? epsilonOfRelease(release, delta) : composedBound(costly, { delta }, 1) * (1 + AGREEMENT);
}

/**
 * An upper bound of the smallest δ at which the composition of the events is (ε, δ)-differentially private, as
 * `epsilonByPld`, on a finer grid, so that δ(ε(δ)) is at most δ.
 *
 * @throws RangeError for ε below 0 and what `epsilonByPld` refuses.
 */
export function deltaByPld(events: readonly GaussianSteps[], epsilon: number): number {
  if (!(epsilon >= 0)) throw new RangeError('epsilon must be at least 0');
  const costly = kindsOf(events);
  if (costly.length === 0 || epsilon === Number.POSITIVE_INFINITY) return 0;
  if (unbounded(costly)) return 1;
  const release = onlyRelease(costly);
  return release ? deltaOfRelease(release, epsilon) : composedBound(costly, { epsilon }, FINER_FOR_DELTA);
}
