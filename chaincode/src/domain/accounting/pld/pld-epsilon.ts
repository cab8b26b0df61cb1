// ε and δ of any list of subsampled Gaussian events by their privacy loss distribution: the tightest known
// accounting of DP-SGD, for planning and for reports. The ledger charges by Rényi costs, which add up.
import { ComposedLosses, type ComposedPair } from './compose-losses.ts';
import {
  type GaussianSteps,
  type Kind,
  kindsOf,
  onlyRelease,
  sourceOf,
  unbounded,
} from './gaussian-steps.ts';
import type { LossSource } from './loss-pair.ts';
import { type ComposedNodes, cumulantAt, type Direction, findSaddlePoint } from './saddle-point.ts';
import { deltaOfRelease, epsilonOfRelease } from './single-release.ts';
import { sizeFor, TAIL_SHARE } from './size-transform.ts';

type Wanted = { readonly delta: number } | { readonly epsilon: number };

/** δ(ε) is asked of a grid finer than any that ε(δ) may use, so that δ(ε(δ)) ≤ δ. */
const FINER_FOR_DELTA = 5;
const MOST_ATTEMPTS = 6;
/** Two runs charge rounding differently: ε is raised by this share so that δ(ε(δ)) ≤ δ. */
const AGREEMENT = 2e-6;
/** Smaller δ are bounded from above by about this. */
const LEAST_LOG_DELTA = -80;

interface SourceSteps {
  readonly source: LossSource;
  readonly steps: number;
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
