// Thousands of steps composed by one Fourier transform, around the losses that decide ε, with every error
// bounded and charged.
import { type LossPair, MASS_ERROR } from './loss-pair.ts';
import { realFftOf } from './real-fft.ts';
import type { Direction } from './saddle-point.ts';

export interface ComposedPair {
  readonly pair: LossPair;
  readonly steps: number;
}

/** Which part of the composed distribution is wanted, and how it is found. */
export interface CompositionPlan {
  readonly direction: Direction;
  /** The exponential tilt, ≥ 0, under which that part is typical. */
  readonly theta: number;
  /** The tilt of Chernoff's bound on what is above the highest loss kept, and ln of the mass allowed there. */
  readonly top: { readonly theta: number; readonly logMass: number };
  /** Below this loss lies next to nothing under the tilt. */
  readonly least: number;
  /** Least length of the transform, a power of two; doubled until it reaches from `least` to the top. */
  readonly length: number;
}

/** A point of the privacy curve, and −d ln δ/dε there. */
export interface PrivacyPoint {
  readonly epsilon: number;
  readonly delta: number;
  readonly decay: number;
}

const ROUNDOFF = 2 ** -53;
/** Frequencies at which a factor's power is below e^{−LOST} are taken as 0. */
const LOST = 60;
/** Length of the longest transform: 2 seconds and 200 megabytes. */
const LONGEST = 2 ** 21;

interface TiltedStep {
  readonly logMoment: number;
  readonly centre: number;
  readonly folded: Float64Array;
  readonly norm: number;
}

function normOf(values: Float64Array): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += values[i]! * values[i]!;
  return Math.sqrt(squares);
}

/** Σ mass·e^{θ·loss}, as its logarithm. */
function logMomentOf(pair: LossPair, direction: Direction, theta: number): number {
  const { masses, lowest, interval } = pair;
  const power = (direction === 'remove' ? theta : -1 - theta) * interval;
  const shift = Math.max(power * lowest, power * (lowest + masses.length - 1));
  let sum = 0;
  for (let i = 0; i < masses.length; i++) sum += masses[i]! * Math.exp(power * (lowest + i) - shift);
  return shift + Math.log(sum);
}

function tilt(
  pair: LossPair,
  to: { readonly direction: Direction; readonly theta: number; readonly length: number },
): TiltedStep {
  const { masses, lowest, interval } = pair;
  const { direction, theta, length } = to;
  const sign = direction === 'remove' ? 1 : -1;
  const power = (direction === 'remove' ? theta : -1 - theta) * interval;
  const logMoment = logMomentOf(pair, direction, theta);
  const tilted = new Float64Array(masses.length);
  let mean = 0;
  for (let i = 0; i < masses.length; i++) {
    tilted[i] = masses[i]! * Math.exp(power * (lowest + i) - logMoment);
    mean += tilted[i]! * sign * (lowest + i);
  }
  const centre = Math.round(mean);
  const folded = new Float64Array(length);
  const wrap = length - 1;
  for (let i = 0; i < masses.length; i++) folded[(sign * (lowest + i) - centre) & wrap]! += tilted[i]!;
  return { logMoment, centre, folded, norm: normOf(folded) };
}

interface Spectrum {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** Raises a spectrum to a power, frequency by frequency and in place, by repeated squaring. */
function raise({ re, im }: Spectrum, n: number): Spectrum {
  const lost = Math.exp((-2 * LOST) / n);
  for (let j = 0; j < re.length; j++) {
    let baseRe = re[j]!;
    let baseIm = im[j]!;
    let outRe = 0;
    let outIm = 0;
    if (baseRe * baseRe + baseIm * baseIm >= lost) {
      outRe = 1;
      for (let left = n; ; ) {
        if (left % 2 === 1) {
          const next = outRe * baseRe - outIm * baseIm;
          outIm = outRe * baseIm + outIm * baseRe;
          outRe = next;
        }
        left = Math.floor(left / 2);
        if (left === 0) break;
        const square = baseRe * baseRe - baseIm * baseIm;
        baseIm = 2 * baseRe * baseIm;
        baseRe = square;
      }
    }
    re[j] = outRe;
    im[j] = outIm;
  }
  return { re, im };
}

/** Multiplies a spectrum by another one, in place. */
function multiply({ re, im }: Spectrum, by: Spectrum): Spectrum {
  for (let j = 0; j < re.length; j++) {
    const next = re[j]! * by.re[j]! - im[j]! * by.im[j]!;
    im[j] = re[j]! * by.im[j]! + im[j]! * by.re[j]!;
    re[j] = next;
  }
  return { re, im };
}

/** Upper bound of Σ (1 − e^{−hm})²e^{−2θhm} over 1 ≤ m ≤ length, by (1 − e^{−x})² ≤ min(1, x²). */
function sumOfSquaredWeights(grid: {
  readonly theta: number;
  readonly interval: number;
  readonly length: number;
}): number {
  const { theta, interval, length } = grid;
  if (theta === 0) return length;
  const ratio = Math.exp(-2 * theta * interval);
  const rest = -Math.expm1(-2 * theta * interval);
  return Math.min(length, ratio / rest, (interval ** 2 * ratio * (1 + ratio)) / rest ** 3);
}

/**
 * The composed loss in one direction, near the losses that decide ε.
 *
 * Let p be a step's masses, tilted: p̃(k) = p(k)e^{θhk}/M. The n-fold convolution is P(k) =
 * Mⁿe^{−θhk}·p̃*ⁿ(k), and p̃*ⁿ is found circularly, modulo `length`, for several kinds of steps by one
 * product of powers. Under the tilt the losses near ε are typical, so an error relative to p̃*ⁿ is one
 * relative to δ, however small.
 *
 * What makes every δ below an upper bound:
 * - wrapping around only adds mass to the points that are kept (p̃ ≥ 0); the mass above the highest,
 *   which it moves down, is at most e^{logMass} by Chernoff's bound on the discrete losses themselves, and is
 *   charged at infinity;
 * - each mass is right to MASS_ERROR, so P(k) is right to a factor e^{±n·MASS_ERROR}, which also covers the
 *   rounding of exponents, of order n·10⁻¹⁴: `inflation`;
 * - transforms. Let γ be RealFft's relative error, x a kind of step tilted and folded modulo N, X its
 *   spectrum, |X_j| ≤ 1, and n its count. The computed X̂ has ‖X̂ − X‖₂ ≤ γ√N‖x‖₂ and |X̂_j − X_j| ≤ 1.25γ.
 *   Repeated squaring rounds a power by at most 6nu, relatively, and |aⁿ − bⁿ| ≤ n|a − b|·max(|a|,
 *   |b|)^{n−1}, so this kind moves the product Y of all by at most n(γ + 6u)√N‖x‖₂ in norm. Also, where
 *   |X̂_j| ≥ ¾, the power n − 1 is at most ⁴⁄₃ of the product, elsewhere at most ¾^{n−1}: so by at most
 *   1.25n(γ + 6u)(⁴⁄₃‖Ŷ‖₂ + ¾^{n−1}√N). The smaller counts; 1.02 covers (1 + γ√N)ⁿ, as nγ√N < 0.01 is
 *   asserted. Frequencies that are dropped add e^{−LOST}√N. The inverse divides norms by √N and adds γ.
 *   Together `error` bounds ‖ŷ − y‖₂;
 * - δ(ε) weighs y(k) by Mⁿe^{−θhk}(1 − e^{ε−hk}) for hk > ε, so by Cauchy and Schwarz the transforms change
 *   it by at most error·Mⁿe^{−θε}·(Σ_{m≥1} (1 − e^{−hm})²e^{−2θhm})^{1/2}.
 */
export class ComposedLosses {
  readonly #interval: number;
  readonly #theta: number;
  readonly #top: number;
  readonly #base: number;
  readonly #logMoment: number;
  readonly #masses: Float64Array;
  readonly #atInfinity: number;
  readonly #inflation: number;
  /** ln of `error` times the norm of the weights. */
  readonly #logError: number;
  /** Rounding of the grid's losses: of each step's by a few units of the last place of 1 and of itself. */
  readonly #gridError: number;

  constructor(parts: readonly ComposedPair[], plan: CompositionPlan) {
    const interval = parts[0]!.pair.interval;
    const { theta, direction } = plan;
    const tailTheta = Math.min(plan.top.theta, 1 / interval);
    let [steps, highest, losses, tailMoment] = [0, 0, 0, 0];
    for (const { pair, steps: n } of parts) {
      const end = pair.lowest + pair.masses.length - 1;
      steps += n;
      highest += n * (direction === 'remove' ? end : -pair.lowest);
      losses += n * interval * Math.max(Math.abs(pair.lowest), Math.abs(end));
      tailMoment += n * logMomentOf(pair, direction, tailTheta);
    }
    this.#interval = interval;
    this.#theta = theta;
    this.#top = Math.min(highest, Math.ceil((tailMoment - plan.top.logMass) / (tailTheta * interval)));
    const needed = 2 ** Math.ceil(Math.log2(Math.max(1, this.#top - Math.floor(plan.least / interval) + 2)));
    const length = Math.min(LONGEST, Math.max(plan.length, needed));
    const fft = realFftOf(length);
    if (!(steps * fft.relativeError * Math.sqrt(length) < 0.01)) {
      throw new RangeError(`${steps} steps are too many to bound the rounding of their composition`);
    }
    let product: Spectrum | undefined;
    const rounding: { n: number; norm: number }[] = [];
    let [base, infinity, logMoment] = [0, 0, 0];
    for (const { pair, steps: n } of parts) {
      const step = tilt(pair, { direction, theta, length });
      const power = raise(fft.forward(step.folded), n);
      product = product ? multiply(product, power) : power;
      rounding.push({ n, norm: step.norm });
      base += n * step.centre;
      infinity += n * (direction === 'remove' ? pair.infinityRemove : pair.infinityAdd);
      logMoment += n * step.logMoment;
    }
    this.#base = base;
    this.#logMoment = logMoment;
    this.#masses = fft.inverse(product!);
    this.#atInfinity = infinity + (this.#top < highest ? Math.exp(plan.top.logMass) : 0);
    this.#inflation = Math.exp(steps * MASS_ERROR);
    const norm = normOf(this.#masses);
    const perStep = fft.relativeError + 6 * ROUNDOFF;
    let error = fft.relativeError + parts.length * Math.exp(-LOST);
    for (const part of rounding) {
      const spread = (4 / 3) * norm + 0.75 ** (part.n - 1);
      error += part.n * perStep * Math.min(part.norm, 1.25 * spread);
    }
    this.#logError = Math.log(1.02 * error) + Math.log(sumOfSquaredWeights({ theta, interval, length })) / 2;
    this.#gridError = 4 * ROUNDOFF * (steps + losses);
  }

  /**
   * Scans the losses downwards to the first grid point at or below `floor`, or at which the bound on δ passes
   * `limit`. There `tail` + `charged` bounds δ before inflation, and slope is −dδ/d(e^ε)·e^ε just above.
   * Undefined where the kept losses end first.
   */
  #scan(stop: {
    readonly floor: number;
    readonly limit: number;
  }):
    | { readonly index: number; readonly tail: number; readonly slope: number; readonly charged: number }
    | undefined {
    const h = this.#interval;
    const masses = this.#masses;
    const wrap = masses.length - 1;
    const growth = Math.exp(this.#theta * h);
    const shrink = Math.exp(-h);
    const lift = -Math.expm1(-h);
    const error = Math.exp(this.#logError);
    const limit = stop.limit / this.#inflation;
    let [tail, slope, scale] = [0, 0, 0];
    for (let left = masses.length, index = this.#top; left > 0; left--, index--) {
      scale = left % 64 === 0 ? Math.exp(this.#logMoment - this.#theta * index * h) : scale * growth;
      const charged = this.#atInfinity + scale * error;
      if (index <= stop.floor || tail + charged > limit) return { index, tail, slope, charged };
      const above = slope + scale * Math.max(0, masses[(index - this.#base) & wrap]!);
      tail += above * lift;
      slope = above * shrink;
    }
    return undefined;
  }

  /**
   * The smallest ε ≥ 0 with δ(ε) at most `delta`, rounded up; ∞ where what is charged at infinity alone
   * exceeds delta; undefined where that ε lies below the kept losses.
   */
  epsilonOf(delta: number): PrivacyPoint | undefined {
    const found = this.#scan({ floor: 0, limit: delta });
    if (found === undefined) return undefined;
    const { index, tail, slope, charged } = found;
    const excess = tail + charged - delta / this.#inflation;
    const decay = slope / delta;
    if (excess <= 0) return { epsilon: 0, delta, decay };
    if (slope === 0) return { epsilon: Number.POSITIVE_INFINITY, delta, decay };
    const inCell = Math.min(this.#interval, Math.log1p(excess / slope));
    const epsilon = (index * this.#interval + inCell) * (1 + 1e-13) + this.#gridError;
    return { epsilon: Math.max(0, epsilon), delta, decay };
  }

  /** An upper bound of δ(ε), at most 1; undefined where ε lies below the kept losses. */
  deltaOf(epsilon: number): PrivacyPoint | undefined {
    const at = Math.max(0, epsilon - this.#gridError);
    const found = this.#scan({ floor: Math.floor(at / this.#interval), limit: Number.POSITIVE_INFINITY });
    if (found === undefined) return undefined;
    const { index, tail, slope, charged } = found;
    const above = Math.max(0, at - index * this.#interval);
    const delta = Math.min(1, (tail - slope * Math.expm1(above) + charged) * this.#inflation);
    return { epsilon, delta, decay: slope / delta };
  }
}
