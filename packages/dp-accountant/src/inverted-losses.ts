// The composed loss's curve δ(ε) by the inversion of its Laplace transform at few frequencies, with every error
// bounded and charged: no grid of losses, and none of their rounding.
import type { PrivacyPoint } from './compose-losses.ts';
import { type Tilt, type TiltedStep, TURNS } from './tilted-step.ts';

const ROUNDOFF = 2 ** -53;
const MOST_ROUNDS = 60;
/** δ(ε) found is short of the δ wanted by at most this share. */
const PRECISION = 1e-8;

export interface TiltedSteps {
  readonly step: TiltedStep;
  readonly steps: number;
}

/** What is composed, and the frequencies at which. */
export interface Inversion extends Pick<Tilt, 'theta'> {
  readonly parts: readonly TiltedSteps[];
  /** Σ steps/(2σ²) of what is not subsampled: its loss is Gaussian of that mean and twice that variance. */
  readonly gaussian: number;
  /** The frequencies are whole multiples of this, from 0 … */
  readonly spacing: number;
  /** … to this multiple. */
  readonly count: number;
  /** Bounds (1/π)·∫ |φ(t)|/t² dt from count·spacing on, for the characteristic function of the tilted sum. */
  readonly tail: number;
}

/**
 * δ(ε) = E[(1 − e^{ε−L})₊] of a composed loss L, from above.
 *
 * For θ > 0, (1 − e^{−y})₊ is (1/2πi)·∫ e^{sy}/(s(s+1)) ds along Re s = θ, so that with M(s) = E[e^{sL}]
 *
 *   δ(ε) = (1/2π)·∫ M(s)·e^{−sε}/(s(s+1)) dt,  s = θ + it.
 *
 * M is a product of powers of single steps' moments. The sum over t = jΔ, all j, in place of the integral is by
 * Poisson's summation, with W = 2π/Δ, exactly Σₖ e^{−θkW}·δ(ε − kW) over all whole k: what wraps around only adds.
 * What else makes the result an upper bound is charged relative to M(θ)e^{−θε}:
 * - frequencies above the last, at most `tail`, as |s(s+1)| ≥ t²;
 * - each step's sum is right to `error`, and |aⁿ − bⁿ| ≤ n|a − b|·max(|a|, |b|)^{n−1}, so that the product of all is
 *   right to expm1(1.01·Σ n·error), at every frequency and in M(θ) itself: this, times Σ Δ/(2π|s(s+1)|);
 * - rounding of the powers, whose logarithms and phases count by their size, and of the sum: likewise.
 */
export class InvertedLosses {
  readonly #theta: number;
  readonly #spacing: number;
  /** ln M(θ). */
  readonly #logMoment: number;
  /** Re and Im of the terms at ε = 0, that of frequency 0 halved, beside M(θ)·Δ/π. */
  readonly #re: Float64Array;
  readonly #im: Float64Array;
  /** What is charged, beside M(θ)e^{−θε}, for ε = 0 and for each ε more. */
  readonly #error: number;
  readonly #errorPerEpsilon: number;

  constructor({ parts, theta, gaussian, spacing, count, tail }: Inversion) {
    const logs = new Float64Array(count + 1);
    const phases = new Float64Array(count + 1);
    let [logMoment, stepErrors, magnitude] = [gaussian * theta * (1 + theta), 0, 0];
    magnitude += logMoment;
    for (const { step, steps } of parts) {
      addPowers(step, { steps, spacing, logs, phases });
      logMoment += steps * step.logMoment;
      magnitude += steps * Math.abs(step.logMoment);
      stepErrors += steps * step.error;
    }
    let [kernels, longest] = [0, 0];
    for (let j = 0; j <= count; j++) {
      const t = j * spacing;
      const size = Math.exp(logs[j]! - gaussian * t * t) * (j === 0 ? 0.5 : 1);
      const phase = phases[j]! + gaussian * t * (1 + 2 * theta);
      longest = Math.max(longest, Math.abs(phases[j]!) + gaussian * t * (1 + 2 * theta));
      // 1/(s(s+1)) is the conjugate of s(s+1) over its square.
      const [re, im] = [theta * (1 + theta) - t * t, t * (1 + 2 * theta)];
      const square = re * re + im * im;
      kernels += (j === 0 ? 0.5 : 1) / Math.sqrt(square);
      const [cos, sin] = [Math.cos(phase) * size, Math.sin(phase) * size];
      logs[j] = (cos * re + sin * im) / square;
      phases[j] = (sin * re - cos * im) / square;
    }
    kernels *= spacing / Math.PI;
    this.#theta = theta;
    this.#spacing = spacing;
    this.#logMoment = logMoment;
    this.#re = logs;
    this.#im = phases;
    const rounding = 8 * ROUNDOFF * (longest + magnitude + count + 32);
    this.#error = tail * Math.exp(1.01 * stepErrors) + kernels * (Math.expm1(1.01 * stepErrors) + rounding);
    this.#errorPerEpsilon = 8 * ROUNDOFF * kernels * (count * spacing + theta);
  }

  /** An upper bound of δ(ε), and about −dδ/dε. */
  #at(epsilon: number): { readonly delta: number; readonly fall: number } {
    const [re, im, spacing, theta] = [this.#re, this.#im, this.#spacing, this.#theta];
    let [sum, fall] = [0, 0];
    for (let j = 0; j < re.length; j++) {
      const t = j * spacing;
      const [cos, sin] = [Math.cos(t * epsilon), Math.sin(t * epsilon)];
      const real = re[j]! * cos + im[j]! * sin;
      sum += real;
      fall += theta * real - t * (im[j]! * cos - re[j]! * sin);
    }
    const charged = this.#error + this.#errorPerEpsilon * Math.abs(epsilon);
    const scale = Math.exp(this.#logMoment - theta * epsilon);
    return { delta: scale * ((sum * spacing) / Math.PI + charged), fall: (scale * fall * spacing) / Math.PI };
  }

  /** What of δ(ε)'s bound is charged for errors. */
  chargedAt(epsilon: number): number {
    return (
      Math.exp(this.#logMoment - this.#theta * epsilon) *
      (this.#error + this.#errorPerEpsilon * Math.abs(epsilon))
    );
  }

  /** An upper bound of δ(ε), at most 1. */
  deltaOf(epsilon: number): PrivacyPoint {
    const { delta, fall } = this.#at(epsilon);
    return { epsilon, delta: Math.min(1, delta), decay: fall / delta };
  }

  /**
   * Close to the smallest ε ≥ 0 with δ(ε) at most `delta`, from above, by Newton's method on ln δ inside a bracket
   * that starts at `guess`; undefined where it is not found near there.
   */
  epsilonOf(delta: number, guess: number): PrivacyPoint | undefined {
    const window = (2 * Math.PI) / this.#spacing;
    let [low, high] = [Math.max(0, guess - window / 2), guess + window / 2];
    let epsilon = Math.max(0, guess);
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const at = this.#at(epsilon);
      const decay = at.fall / at.delta;
      const within = at.delta <= delta;
      if (within && (epsilon === 0 || at.delta > delta * (1 - PRECISION))) return { epsilon, delta, decay };
      if (within) high = epsilon;
      else low = epsilon;
      const newton = epsilon + Math.log((at.delta / delta) * (1 + PRECISION / 2)) / decay;
      if (newton <= 0 && low === 0 && epsilon > 0) epsilon = 0;
      else epsilon = newton > low && newton < high ? newton : (low + high) / 2;
      if (high - low < 1e-13 * high) break;
    }
    return undefined;
  }
}

/** Adds ln|φ(t)| and arg φ(t) of a step's characteristic function, times its count, for each frequency. */
function addPowers(
  { losses, weights }: TiltedStep,
  to: {
    readonly steps: number;
    readonly spacing: number;
    readonly logs: Float64Array;
    readonly phases: Float64Array;
  },
): void {
  const { steps, spacing, logs, phases } = to;
  const nodes = losses.length;
  const turnRe = losses.map((loss) => Math.cos(loss * spacing));
  const turnIm = losses.map((loss) => Math.sin(loss * spacing));
  const re = new Float64Array(nodes);
  const im = new Float64Array(nodes);
  for (let j = 1; j < logs.length; j++) {
    let [sumRe, sumIm] = [0, 0];
    if (j % TURNS === 1) {
      for (let k = 0; k < nodes; k++) {
        const phase = j * spacing * losses[k]!;
        re[k] = weights[k]! * Math.cos(phase);
        im[k] = weights[k]! * Math.sin(phase);
        sumRe += re[k]!;
        sumIm += im[k]!;
      }
    } else {
      for (let k = 0; k < nodes; k++) {
        const next = re[k]! * turnRe[k]! - im[k]! * turnIm[k]!;
        const nextIm = re[k]! * turnIm[k]! + im[k]! * turnRe[k]!;
        re[k] = next;
        im[k] = nextIm;
        sumRe += next;
        sumIm += nextIm;
      }
    }
    logs[j]! += steps * (Math.log(sumRe * sumRe + sumIm * sumIm) / 2);
    phases[j]! += steps * Math.atan2(sumIm, sumRe);
  }
}
