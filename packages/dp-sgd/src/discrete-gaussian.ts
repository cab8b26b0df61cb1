// Exact samples of the discrete Gaussian, the noise of every private step. They are integers made from random bits, so
// that no floating-point rounding can leak anything (Mironov 2012).
import assert from 'node:assert/strict';
import { bernoulliExponential, ESTIMATE_MARGIN, type Rational } from './bernoulli-exponential.ts';
import type { RandomWords } from './randomness.ts';

/** Largest σ: up to it, proposals are exact integers in a double. */
export const MAXIMUM_SIGMA = 2 ** 31 - 1;

const ONE_OVER_E = Math.exp(-1);
const unitExponent = (): Rational => ({ numerator: 1n, denominator: 1n });

/** Draws from N_Z(0, σ²): integers y with probability proportional to exp(-y² / 2σ²), exactly. */
export interface GaussianSampler {
  readonly sigma: number;
  sample(): number;
  /** Overwrites `samples` with independent samples. */
  fill(samples: Float64Array): void;
}

/** The discrete Gaussian sampler of Canonne, Kamath and Steinke 2020. */
export class DiscreteGaussian implements GaussianSampler {
  readonly sigma: number;
  readonly #words: RandomWords;
  readonly #t: number;
  readonly #shift: number;
  readonly #halfPrecision: number;
  readonly #proposalExponent: (u: number) => Rational;
  readonly #acceptanceExponent: (magnitude: number) => Rational;

  /** @param sigma an integer in [1, MAXIMUM_SIGMA] */
  constructor(words: RandomWords, sigma: number) {
    assert(Number.isSafeInteger(sigma) && sigma >= 1 && sigma <= MAXIMUM_SIGMA, 'σ is an integer in range');
    assert(ESTIMATE_MARGIN >= 2 ** -44);
    this.sigma = sigma;
    this.#words = words;
    this.#t = sigma + 1;
    this.#shift = sigma * (sigma / this.#t);
    this.#halfPrecision = 1 / (2 * sigma * sigma);
    const [t, square] = [BigInt(this.#t), BigInt(sigma) ** 2n];
    this.#proposalExponent = (u) => ({ numerator: BigInt(u), denominator: t });
    this.#acceptanceExponent = (magnitude) => {
      const distance = BigInt(magnitude) * t - square;
      return { numerator: distance * distance, denominator: 2n * square * t * t };
    };
  }

  /**
   * One integer y with probability proportional to exp(-y² / 2σ²), exactly.
   *
   * Canonne, Kamath and Steinke 2020, Algorithm 3: a discrete Laplace proposal of scale t = σ + 1, kept with
   * probability exp(-(|y| - σ²/t)² / 2σ²), which is a rational exponent: (|y| t - σ²)² / (2 σ² t²). For large σ
   * `fast/` draws from the same law in less time.
   */
  sample(): number {
    for (;;) {
      const proposal = this.#laplace();
      const magnitude = Math.abs(proposal);
      const distance = magnitude - this.#shift;
      const estimate = Math.exp(-distance * distance * this.#halfPrecision);
      if (bernoulliExponential(this.#words, estimate, this.#acceptanceExponent, magnitude)) return proposal;
    }
  }

  fill(samples: Float64Array): void {
    for (let i = 0; i < samples.length; i++) samples[i] = this.sample();
  }

  /** An integer y with probability proportional to exp(-|y| / t). Algorithm 2, with s = 1. */
  #laplace(): number {
    const words = this.#words;
    const t = this.#t;
    for (;;) {
      const u = words.below(t);
      if (!bernoulliExponential(words, Math.exp(-u / t), this.#proposalExponent, u)) continue;
      let v = 0;
      while (bernoulliExponential(words, ONE_OVER_E, unitExponent, 0)) v++;
      const magnitude = u + t * v;
      const negative = (words.next() & 1) === 1;
      if (negative && magnitude === 0) continue;
      return negative ? -magnitude : magnitude;
    }
  }
}
