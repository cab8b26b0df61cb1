// ε and δ of any list of subsampled Gaussian events by their privacy loss distribution: the tightest known
// accounting of DP-SGD, for planning and for reports. The ledger charges by Rényi costs, which add up.
import { ComposedLosses, type ComposedPair } from './compose-losses.ts';
import {
  boundingRelease,
  type GaussianSteps,
  type Kind,
  kindsOf,
  onlyRelease,
  sourceOf,
  unbounded,
} from './gaussian-steps.ts';
import type { LossSource } from './loss-pair.ts';
import { inversionFor, type SampledKind } from './plan-inversion.ts';
import { type ComposedNodes, cumulantAt, type Direction, findSaddlePoint } from './saddle-point.ts';
import { SampledGaussianLosses } from './sampled-gaussian-losses.ts';
import { deltaOfRelease, epsilonOfRelease } from './single-release.ts';
import { COARSEST_BIAS, sizeFor, TAIL_SHARE } from './size-transform.ts';

type Wanted = { readonly delta: number } | { readonly epsilon: number };

/** δ(ε) is asked of a grid finer than any that ε(δ) may use, so that δ(ε(δ)) ≤ δ. */
const FINER_FOR_DELTA = 5;
const MOST_ATTEMPTS = 6;
/**
 * Two runs charge rounding differently: ε(δ) aims below δ by the first share, which counts where ε is next to
 * nothing, and rounds ε up by the second, which counts where δ falls steeply, so that δ(ε(δ)) ≤ δ.
 */
const BELOW_DELTA = 1.2e-5;
const ABOVE_EPSILON = 5e-5;
/** Smaller δ are bounded from above by twice this. */
const LEAST_DELTA = 1e-35;

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

interface Question {
  readonly parts: readonly ComposedNodes[];
  readonly grids: Grids;
  /** What is composed, where it can be inverted. */
  readonly invertible: Invertible | undefined;
  readonly wanted: Wanted;
  /** The δ that is given, or roughly the δ that is wanted. */
  readonly delta: number;
  readonly finer: number;
}

interface Invertible {
  readonly sampled: readonly SampledKind[];
  readonly gaussian: number;
}

function invertibleOf(kinds: readonly Kind[], sources: readonly SourceSteps[]): Invertible | undefined {
  const sampled: SampledKind[] = [];
  let gaussian = 0;
  for (const [i, kind] of kinds.entries()) {
    const { source } = sources[i]!;
    if (!(source instanceof SampledGaussianLosses)) return undefined;
    if (kind.samplingRate === 1) gaussian += kind.steps / (2 * kind.noiseMultiplier ** 2);
    else sampled.push({ kind, to: source.highestOutput });
  }
  return { sampled, gaussian };
}

const MOST_INVERSIONS = 3;
/** An inversion's nodes times frequencies that are fewer than a grid's sizing is worth, and most that are tried. */
const LITTLE_WORK = 1e5;
const MOST_WORK = 1e7;
/** What a point of a grid's transform costs, in nodes times frequencies. */
const WORK_PER_POINT = 25;
/** Share of δ, and of ε, by which what an inversion charges and wraps round may move them. */
const LOOSEST = 1e-5;

/** The bound in one direction by inversion; undefined where a grid is to be taken. */
function invertIn(
  direction: Direction,
  { parts, invertible, wanted, delta, finer }: Question,
): number | undefined {
  if (invertible === undefined) return undefined;
  let saddle = findSaddlePoint(parts, direction, 'delta' in wanted ? { logDelta: Math.log(delta) } : wanted);
  for (let attempt = 0; attempt < MOST_INVERSIONS; attempt++) {
    const logDelta = 'delta' in wanted ? Math.log(delta) : saddle.logDelta;
    const planned = inversionFor({ parts, ...invertible, direction, saddle, logDelta });
    if (planned === undefined || planned.work > MOST_WORK) return undefined;
    if (planned.work > LITTLE_WORK) {
      const lowest = saddle.epsilon - 1 / saddle.theta;
      const { length } = sizeFor(parts, direction, { saddle, decay: saddle.theta, logDelta, lowest, finer });
      if (planned.work > LITTLE_WORK + WORK_PER_POINT * length) return undefined;
    }
    const losses = planned.losses();
    const found =
      'delta' in wanted ? losses.epsilonOf(wanted.delta, saddle.epsilon) : losses.deltaOf(wanted.epsilon);
    if (found === undefined) return undefined;
    const loose = losses.chargedAt(found.epsilon) + planned.wrappedAt(found.epsilon);
    const allowed = LOOSEST * found.delta * Math.max(1, found.epsilon * found.decay);
    if (loose <= allowed) return 'delta' in wanted ? found.epsilon : found.delta;
    saddle = findSaddlePoint(parts, direction, { epsilon: found.epsilon });
  }
  return undefined;
}

/** The bound in one direction, with the grid refined and the window moved until it is tight. */
function boundIn(direction: Direction, question: Question): number {
  return invertIn(direction, question) ?? composeIn(direction, question);
}

function composeIn(direction: Direction, { parts, grids, wanted, delta, finer }: Question): number {
  const logDelta = Math.log(delta);
  let saddle = findSaddlePoint(parts, direction, 'delta' in wanted ? { logDelta } : wanted);
  let decay = saddle.theta;
  let best = Number.POSITIVE_INFINITY;
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
    // Each attempt is a bound, so the least of them is.
    const answer = Math.min(best, 'delta' in wanted ? found.epsilon : found.delta);
    const settled = answer === 0 || answer > best * (1 - 1e-3);
    best = answer;
    const steeper = found.decay > 1.5 * decay;
    const moved = Math.abs(found.epsilon / Math.max(saddle.epsilon, 2e-3 / decay) - 1) > 0.25;
    const poor = steeper || ('delta' in wanted && moved);
    if (attempt === MOST_ATTEMPTS || settled || !poor || !Number.isFinite(answer)) return answer;
    saddle = findSaddlePoint(parts, direction, { epsilon: found.epsilon });
    decay = Math.max(saddle.theta, found.decay);
    lowest = found.epsilon - 1 / saddle.theta;
  }
}

const sourcesOf = (kinds: readonly Kind[], tailMass: number): SourceSteps[] =>
  kinds.map((kind) => ({ source: sourceOf(kind, tailMass), steps: kind.steps }));

const nodesOf = (sources: readonly SourceSteps[]): ComposedNodes[] =>
  sources.map(({ source, steps }) => ({ nodes: source.nodes, steps }));

/** The larger bound of both directions, with tails that are small beside `delta`. */
function worstOf(kinds: readonly Kind[], question: Omit<Question, 'parts' | 'grids' | 'invertible'>): number {
  const { wanted, delta } = question;
  const steps = kinds.reduce((sum, kind) => sum + kind.steps, 0);
  const sources = sourcesOf(kinds, (delta * TAIL_SHARE) / steps);
  const parts = nodesOf(sources);
  const invertible = invertibleOf(kinds, sources);
  const task = { parts, grids: new Grids(sources), invertible, ...question };
  const remove = boundIn('remove', task);
  if (remove === Number.POSITIVE_INFINITY || sources.every(({ source }) => source.symmetric)) return remove;
  // Where Chernoff's bound alone shows that adding costs less than removing, it need not be composed.
  const epsilon = 'delta' in wanted ? remove : wanted.epsilon;
  const needed = 'delta' in wanted ? wanted.delta : remove;
  if (epsilon > 0 && logDeltaBound(parts, 'add', epsilon) < Math.log(needed / 2)) return remove;
  if ('delta' in wanted && addingCostsLess(remove, task)) return remove;
  return Math.max(remove, boundIn('add', task));
}

/**
 * Whether a coarser grid than ε itself needs proves that adding costs at most `remove`: as coarse as half of what
 * lies between the two, by the saddle point's estimate.
 */
function addingCostsLess(remove: number, task: Question): boolean {
  const { epsilon } = findSaddlePoint(task.parts, 'add', { logDelta: Math.log(task.delta) });
  const finer = (2 * COARSEST_BIAS * remove) / (remove - epsilon);
  if (!(finer > 0 && finer < 0.5)) return false;
  return boundIn('add', { ...task, wanted: { epsilon: remove }, finer }) <= task.delta;
}

function composedEpsilon(kinds: readonly Kind[], delta: number): number {
  const aim = delta * (1 - BELOW_DELTA);
  return worstOf(kinds, { wanted: { delta: aim }, delta: aim, finer: 1 }) * (1 + ABOVE_EPSILON);
}

/** Tails are cut in proportion to δ, not known yet: an estimate is lowered until it is not far off. */
function composedDelta(kinds: readonly Kind[], epsilon: number): number {
  const rough = nodesOf(sourcesOf(kinds, LEAST_DELTA ** 2));
  let delta = Math.exp(
    Math.max(logDeltaBound(rough, 'remove', epsilon), logDeltaBound(rough, 'add', epsilon)),
  );
  while (delta > LEAST_DELTA) {
    const found = worstOf(kinds, { wanted: { epsilon }, delta, finer: FINER_FOR_DELTA });
    if (found > delta / 2) return Math.min(found, delta);
    delta = found;
  }
  return 2 * LEAST_DELTA;
}

/** δ(0) is the distance in total variation, which adds up over the steps. */
function totalVariationBound(kinds: readonly Kind[]): number {
  return kinds.reduce((sum, { truncation, adjacency, steps, ...release }) => {
    if (adjacency === 'replace-one' || truncation.probability > 0) return Number.POSITIVE_INFINITY;
    return sum + steps * deltaOfRelease(release, 0);
  }, 0);
}

/**
 * The smallest ε ≥ 0, rounded up, at which the composition of the events is (ε, δ)-differentially private
 * under adding or removing one unit; both directions are composed and the larger counts.
 *
 * An upper bound: every discretisation, truncation and rounding is charged. By inversion ε is within 10⁻⁴ above the
 * smallest; where a grid of losses takes less work, as for few steps, what it adds is held below 2·10⁻⁴ of ε (more,
 * still upwards, where ε is below a thousandth of its own scale). One release, and any number of releases without
 * subsampling, are exact. The order of the events does not matter.
 *
 * Edge cases: no events, or none that costs anything, give 0; a noise multiplier of 0 with a sampling rate
 * above 0 gives ∞; one below 0.05, where ε is hundreds, is bounded without its sampling rate.
 *
 * @throws RangeError that names the field: δ outside (0, 1), a noise multiplier below 0, a rate outside [0, 1], steps
 *   or sizes of a batch cap that are no counts, an adjacency that is not known, and NaN in any of them.
 */
export function epsilonByPld(events: readonly GaussianSteps[], delta: number): number {
  if (!(delta > 0 && delta < 1)) throw new RangeError('delta must be in (0, 1)');
  const costly = kindsOf(events);
  if (costly.length === 0) return 0;
  if (unbounded(costly)) return Number.POSITIVE_INFINITY;
  if (totalVariationBound(costly) <= delta) return 0;
  const release = onlyRelease(costly) ?? boundingRelease(costly);
  return release ? epsilonOfRelease(release, delta) : composedEpsilon(costly, delta);
}

/**
 * An upper bound of the smallest δ at which the composition of the events is (ε, δ)-differentially private,
 * as `epsilonByPld`, on a finer grid, so that δ(ε(δ)) is at most δ.
 *
 * @throws RangeError for ε below 0 and what `epsilonByPld` refuses.
 */
export function deltaByPld(events: readonly GaussianSteps[], epsilon: number): number {
  if (!(epsilon >= 0)) throw new RangeError('epsilon must be at least 0');
  const costly = kindsOf(events);
  if (costly.length === 0 || epsilon === Number.POSITIVE_INFINITY) return 0;
  if (unbounded(costly)) return 1;
  const release = onlyRelease(costly) ?? boundingRelease(costly);
  if (release) return deltaOfRelease(release, epsilon);
  return Math.min(totalVariationBound(costly), composedDelta(costly, epsilon));
}
