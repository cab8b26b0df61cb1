// One step of the subsampled Gaussian mechanism under an exponential tilt, by a quadrature whose error is bounded:
// the composed loss's characteristic function is a product of powers of such sums.
import type { Direction } from './saddle-point.ts';
import { SpectralBound, spectralPartsOf } from './spectral-bound.ts';

const ROUNDOFF = 2 ** -53;
const HALF_LOG_TAU = Math.log(2 * Math.PI) / 2;
/** Standard deviations from where a tilt may move a Gaussian to the last node. */
const REACH = 9;
/** Nodes of less than e^{−NEGLIGIBLE} of the heaviest one's weight are left out of the sums, and charged. */
const NEGLIGIBLE = 44;
/** −ln of what the rule may err by, relatively. */
const ACCURACY = 37;
/** Of the heights of half strips that are tried. */
const STRIPS = [1, 0.8, 0.6, 0.4, 0.25, 0.15, 0.08, 0.04];
/** e^loss of a little more than this is no double. */
const GREATEST_EXPONENT = 600;
const MOST_NODES = 2500;
/** Widest angle of a strip about the real axis, and how much e^{angle·frequency} is followed. */
const WIDEST_ANGLE = 2.9;
const MOST_LOST = 2000;
/** Exponents below this are not bounded more closely. */
const NO_MATTER = -80;
/** Densities that rise more between two nodes are too coarse to bound the spectrum by. */
const GREATEST_GAIN = 0.7;
/** A node's turning factor is recomputed after this many products. */
export const TURNS = 32;

export interface Tilt {
  readonly direction: Direction;
  /** The exponent of the loss, above 0. */
  readonly theta: number;
}

export interface SampledGaussianStep {
  readonly noiseMultiplier: number;
  readonly samplingRate: number;
}

/** What spreads the integrand about the real axis, where its frequency is above 0: ln of a bound, given α. */
type LogSpread = (alpha: number) => number;

/**
 * The coarsest spacing, of a few strips tried, with which the trapezoidal rule on ∫ φ(x/σ)/σ·r(x)^{a+iτ} dx, where
 * r = 1 − q + e(x) and a is the order, errs by less than e^{−ACCURACY}, relative to the moment at τ = 0.
 *
 * At step η it errs by at most 2N/(e^{2πd/η} − 1), where N bounds ∫|f(x + iy)| dx for every |y| < d (Trefethen and
 * Weideman 2014, Thm. 5.1). With α = d/σ² < π: |φ| grows by at most e^{d²/(2σ²)}; |1 − q + e·e^{iy/σ²}| is at most
 * r, and at least r·cos(α/2). Its argument A is at most that at α and has the sign of y, so that |r^{iτ}| ≤ e^{|τ|A}:
 * `spread` is ln of a bound of the mean of that under the tilted law, and N = e^{d²/(2σ²) + spread}·
 * cos(α/2)^{−max(0, −a)}. The spacing is rounded down to 24 bits, so that its multiples are exact.
 */
function spacingFor(sigma: number, order: number, spread: LogSpread): number {
  let widest = 0;
  for (const share of STRIPS) {
    const strip = share * Math.min(8.6 * sigma, WIDEST_ANGLE * sigma ** 2);
    const alpha = strip / sigma ** 2;
    const stretch = (strip / sigma) ** 2 / 2 - Math.max(0, -order) * Math.log(Math.cos(alpha / 2));
    const spacing = (2 * Math.PI * strip) / (ACCURACY + Math.LN2 + stretch + spread(alpha));
    if (spacing > widest) widest = spacing;
  }
  return Math.fround(widest * (1 - 1e-7));
}

interface Nodes {
  readonly losses: Float64Array;
  /** ln of the weights, but for a factor of all. */
  readonly logs: Float64Array;
  /** e(x)/r(x): the probability, given the output, that the unit was drawn. */
  readonly posteriors: Float64Array;
  /** Bound of each weight's relative error, phases at the highest frequency included, in units of roundoff. */
  readonly errors: Float64Array;
  /** The first node's place, as a multiple of the spacing. */
  readonly first: number;
}

function nodesOf(
  step: SampledGaussianStep,
  rule: {
    readonly order: number;
    readonly spacing: number;
    readonly highest: number;
    readonly count: number;
    readonly first: number;
  },
): Nodes {
  const { noiseMultiplier: sigma, samplingRate: q } = step;
  const { order, spacing, highest, count, first } = rule;
  const variance = sigma * sigma;
  const losses = new Float64Array(count);
  const logs = new Float64Array(count);
  const posteriors = new Float64Array(count);
  const errors = new Float64Array(count);
  for (let k = 0; k < count; k++) {
    const x = (first + k) * spacing;
    const exponent = (x - 0.5) / variance;
    const rest = q * Math.expm1(exponent);
    const ratio = 1 + rest;
    const loss = Math.log1p(rest);
    const posterior = (q * Math.exp(exponent)) / ratio;
    const square = (x * x) / variance;
    losses[k] = loss;
    posteriors[k] = posterior;
    logs[k] = order * loss - square / 2;
    const lossError = Math.abs(rest) / ratio + (posterior * (Math.abs(x) + 1)) / variance + Math.abs(loss);
    errors[k] = 4 * (Math.abs(order) + highest) * lossError + 2 * square + 4 * Math.abs(logs[k]!);
  }
  return { losses, logs, posteriors, errors, first };
}

/** The order of the moment of r = dP/dQ under Q = N(0, σ²) that the tilt's is. */
const orderOf = ({ direction, theta }: Tilt): number => (direction === 'remove' ? 1 + theta : -theta);

/**
 * ln of what lies beyond a node of a given ln weight, by nodes or as an integral over their distance, where ln weight
 * falls by at least `fall` a node: e^{−fall} + e^{−2·fall} + … is at most 1/fall, which the integral is.
 */
const logBeyond = (log: number, fall: number): number =>
  fall > 0 ? log - Math.log(fall) : Number.POSITIVE_INFINITY;

/**
 * One direction's loss L of a step, tilted: nodes with Σ weights·e^{it·losses} = E[e^{(θ+it)L}]/e^{logMoment},
 * |t| ≤ highest, up to an error of at most `error` in size.
 *
 * A moment of remove is one of r under Q = N(0, σ²) of order a = 1 + θ, one of add of order a = −θ. What `error`
 * holds: the rule's error; the nodes left out, and those beyond the first and the last, where ln w = a·ln r −
 * x²/(2σ²) has slope (−x + a·u)/σ², u = e/r rising from 0 to 1, so that it falls outwards as a geometric series; and
 * rounding, of each weight, of its phase t·L and of up to TURNS products of it, and of the sum.
 */
export class TiltedStep {
  readonly logMoment: number;
  readonly losses: Float64Array;
  readonly weights: Float64Array;
  readonly error: number;
  readonly #nodes: Nodes;
  readonly #all: Float64Array;
  readonly #spacing: number;
  readonly #order: number;
  readonly #variance: number;
  readonly #logTotal: number;
  readonly #step: SampledGaussianStep;
  readonly #tilt: Tilt;

  /** At frequency 0 alone. Undefined where it takes more nodes than it is worth, or numbers beyond a double's range. */
  static of(step: SampledGaussianStep, tilt: Tilt): TiltedStep | undefined {
    const spacing = spacingFor(step.noiseMultiplier, orderOf(tilt), () => 0);
    return TiltedStep.#with(step, tilt, { spacing, highest: 0 });
  }

  static #with(
    step: SampledGaussianStep,
    tilt: Tilt,
    { spacing, highest }: { readonly spacing: number; readonly highest: number },
  ): TiltedStep | undefined {
    const { noiseMultiplier: sigma } = step;
    const order = orderOf(tilt);
    const from = Math.min(-1 - 2 * sigma, Math.min(0, order) - REACH * sigma);
    const to = Math.max(0, order) + REACH * sigma;
    if ((to - from) / spacing > MOST_NODES || to > GREATEST_EXPONENT * sigma ** 2) return undefined;
    const first = Math.floor(from / spacing);
    const count = Math.ceil(to / spacing) - first + 1;
    const nodes = nodesOf(step, { order, spacing, highest, count, first });
    return new TiltedStep(nodes, { step, tilt, order, spacing });
  }

  private constructor(
    nodes: Nodes,
    rule: {
      readonly step: SampledGaussianStep;
      readonly tilt: Tilt;
      readonly order: number;
      readonly spacing: number;
    },
  ) {
    const { losses, logs, posteriors, errors } = nodes;
    const { step, tilt, order, spacing } = rule;
    const variance = step.noiseMultiplier ** 2;
    const last = logs.length - 1;
    const top = logs.reduce((most, log) => Math.max(most, log), Number.NEGATIVE_INFINITY);
    const all = logs.map((log) => Math.exp(log - top));
    const total = all.reduce((sum, weight) => sum + weight, 0);
    const kept: number[] = [];
    let [outside, rounding] = [0, 0];
    for (let k = 0; k <= last; k++) {
      all[k]! /= total;
      if (logs[k]! > top - NEGLIGIBLE) kept.push(k);
      else outside += all[k]!;
      rounding += all[k]! * errors[k]!;
    }
    const sign = tilt.direction === 'remove' ? 1 : -1;
    this.losses = Float64Array.from(kept, (k) => sign * losses[k]!);
    this.weights = Float64Array.from(kept, (k) => all[k]!);
    this.logMoment = Math.log((total * spacing) / Math.sqrt(variance)) - HALF_LOG_TAU + top;
    this.#nodes = nodes;
    this.#all = all;
    this.#spacing = spacing;
    this.#order = order;
    this.#variance = variance;
    this.#logTotal = top + Math.log(total);
    this.#step = step;
    this.#tilt = tilt;
    this.error =
      1.01 * Math.exp(-ACCURACY) +
      outside +
      Math.exp(this.#logOutside(logs, posteriors) - this.#logTotal) +
      ROUNDOFF * (rounding + last + 8 * TURNS + 8 * Math.abs(top) + 32);
  }

  /** By how much a weight, or the density of the loss, may stand out between two nodes beside the nearer one. */
  get #gain(): number {
    const variance = this.#variance;
    return (this.#spacing ** 2 / (8 * variance)) * (1 + (1 + Math.abs(this.#order)) / (4 * variance));
  }

  /**
   * The same step up to a frequency.
   *
   * The argument of 1 − q + e·e^{iα}, u = e/r, is atan2(u·sin α, 1 − u + u·cos α), at most α, and rises with the
   * output, so that between two nodes it is at most the upper one's, and the weight, with its `gain`, at most the
   * greater one's. Nodes go on above the last one to where weights are too small for any argument to matter, and
   * beyond the first and the last of all, where weights fall geometrically, α serves.
   */
  upTo(highest: number): TiltedStep | undefined {
    const { logs, posteriors } = this.#nodesFor(highest);
    const last = logs.length - 1;
    const exponents = new Float64Array(last);
    const spacing = spacingFor(this.#step.noiseMultiplier, this.#order, (alpha) => {
      const [sin, cos] = [Math.sin(alpha), Math.cos(alpha)];
      const outside = this.#logOutside(logs, posteriors) - this.#logTotal + highest * alpha;
      let most = outside;
      for (let k = 0; k < last; k++) {
        const u = posteriors[k + 1]!;
        const log = Math.max(logs[k]!, logs[k + 1]!) - this.#logTotal + this.#gain;
        const turn = log + highest * alpha < NO_MATTER ? alpha : Math.atan2(u * sin, 1 - u + u * cos);
        exponents[k] = log + highest * turn;
        most = Math.max(most, exponents[k]!);
      }
      let sum = Math.exp(outside - most);
      for (let k = 0; k < last; k++) sum += Math.exp(exponents[k]! - most);
      return Math.min(highest * alpha, most + Math.log(sum));
    });
    return TiltedStep.#with(this.#step, this.#tilt, { spacing, highest });
  }

  /** These nodes, and more of them above. */
  #nodesFor(highest: number): Nodes {
    const { first, logs } = this.#nodes;
    const [order, spacing] = [this.#order, this.#spacing];
    const lost = Math.min(MOST_LOST, highest * WIDEST_ANGLE) + REACH ** 2 / 2;
    const sigma = this.#step.noiseMultiplier;
    const to = Math.min(Math.max(0, order) + sigma * Math.sqrt(2 * lost), GREATEST_EXPONENT * sigma ** 2);
    const count = Math.max(logs.length, Math.ceil(to / spacing) - first);
    return nodesOf(this.#step, { order, spacing, highest: 0, count, first });
  }

  /** ln of a bound of the weight above the last of some nodes and below the first. */
  #logOutside(logs: Float64Array, posteriors: Float64Array): number {
    const [order, spacing] = [this.#order, this.#spacing];
    const start = this.#nodes.first * spacing;
    const end = start + (logs.length - 1) * spacing;
    const fall = (spacing / this.#variance) * (end - Math.max(0, order));
    const rise = (spacing / this.#variance) * (-start + Math.min(0, order) * posteriors[0]!);
    return Math.LN2 + Math.max(logBeyond(logs.at(-1)!, fall), logBeyond(logs[0]!, rise));
  }

  /** The share of the tilted law at outputs above x. */
  weightAbove(x: number): number {
    const from = Math.max(0, Math.ceil(x / this.#spacing) - this.#nodes.first);
    return this.#all.subarray(from).reduce((sum, weight) => sum + weight, 0);
  }

  /**
   * Parts of the tilted law, to bound its spectrum by; undefined where the nodes are too far apart for that.
   *
   * The loss's density is w·σ²/(u·spacing), as dL/dx = u/σ²; its logarithm has slope (−x − 1 + (1 + a)·u)/σ². As u
   * is logistic in x, this slope and that of ln w vanish at most three times each, and their own slopes are at most
   * (1 + (1 + |a|)/(4σ²))/σ² in size, so that at an extreme, half a node's distance η/2 away at most, either stands
   * out by at most half of (η/2)² times that.
   */
  spectralBound(): SpectralBound | undefined {
    const { posteriors } = this.#nodes;
    const [variance, spacing] = [this.#variance, this.#spacing];
    const gain = this.#gain;
    if (gain > GREATEST_GAIN) return undefined;
    const densities = this.#all.map((weight, k) => (weight * variance) / (posteriors[k]! * spacing));
    return new SpectralBound(spectralPartsOf({ weights: this.#all, densities, gain }));
  }
}
