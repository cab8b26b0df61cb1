// Adaptive clipping (Andrew, Thakkar, McMahan and Ramaswamy 2021): the clip norm follows a quantile of the units'
// gradient norms. That takes a count of patients, and so the count gets noise, which the accounting charges.
import assert from 'node:assert/strict';
import { isModerate, MODERATE } from './moderate-numbers.ts';
import { type PlanProblem, planProblem } from './plan-problem.ts';
import { standInSigma } from './rounded-gaussian.ts';

/** Lattice steps per unit counted. */
const COUNT_BITS = 20;

/** A clip norm that follows a quantile of gradient norms, counted with noise (Andrew et al. 2021, Alg. 1). */
export interface AdaptiveClipping {
  readonly kind: 'adaptive';
  /** γ in (0, 1): target share of the units whose gradients are not clipped; 0.5 by default. */
  readonly targetQuantile?: number;
  /** η_C > 0: the clip norm moves by the factor exp(-η_C (share - γ)) a step; 0.2 by default. */
  readonly rate?: number;
  /**
   * z_b: standard deviation of the count's noise, in multiples of one unit's influence on it; at least twice the plan's
   * noise multiplier. By default a tenth of the expected batch or five times the noise multiplier, the larger of both.
   */
  readonly countNoiseMultiplier?: number;
  /** The clip norm never leaves this public range: a hundredth to a hundred times its start, by default. */
  readonly minimumClipNormL2?: number;
  readonly maximumClipNormL2?: number;
}

export interface AdaptivePlan {
  readonly clipping: AdaptiveClipping;
  readonly clipNormL2: number;
  readonly noiseMultiplier: number;
  readonly expectedBatchUnits: number;
}

export type AdaptiveSettings = Required<Omit<AdaptiveClipping, 'kind'>>;

/** The largest multiplier that the sampler can draw. */
const MAXIMUM_COUNT_NOISE = 2000;

/** The fields of the clipping, with defaults for those that are left out. */
export function adaptiveSettings(plan: AdaptivePlan): AdaptiveSettings {
  const { clipping, clipNormL2, noiseMultiplier, expectedBatchUnits } = plan;
  const { kind, ...given } = clipping;
  const wanted = Math.max(expectedBatchUnits / 10, 5 * noiseMultiplier);
  return {
    targetQuantile: 0.5,
    rate: 0.2,
    countNoiseMultiplier: Math.min(wanted, MAXIMUM_COUNT_NOISE),
    minimumClipNormL2: clipNormL2 / 100,
    maximumClipNormL2: clipNormL2 * 100,
    ...given,
  };
}

/** Problems of adaptive clipping, each with its field; empty if there are none. */
export function adaptiveProblems(plan: AdaptivePlan): PlanProblem[] {
  const settings = adaptiveSettings(plan);
  const { targetQuantile, rate, countNoiseMultiplier, minimumClipNormL2, maximumClipNormL2 } = settings;
  const problems: PlanProblem[] = [];
  const check = (holds: boolean, field: string, text: string) => {
    if (!holds) problems.push(planProblem(`clipping.${field}`, text));
  };
  check(targetQuantile > 0 && targetQuantile < 1, 'targetQuantile', 'must be above 0 and below 1');
  check(rate > 0 && rate <= 10, 'rate', 'must be above 0 and at most 10');
  check(
    countNoiseMultiplier >= 2 * plan.noiseMultiplier && countNoiseMultiplier <= MAXIMUM_COUNT_NOISE,
    'countNoiseMultiplier',
    `must be at least twice noiseMultiplier and at most ${MAXIMUM_COUNT_NOISE}`,
  );
  check(countNoiseMultiplier >= 2 ** -COUNT_BITS, 'countNoiseMultiplier', 'must be positive');
  check(
    isModerate(minimumClipNormL2) && minimumClipNormL2 <= plan.clipNormL2,
    'minimumClipNormL2',
    `must be positive, ${MODERATE}, and at most clipNormL2`,
  );
  check(
    isModerate(maximumClipNormL2) && maximumClipNormL2 >= plan.clipNormL2,
    'maximumClipNormL2',
    `must be finite, ${MODERATE}, and at least clipNormL2`,
  );
  return problems;
}

/**
 * z_Δ: the noise multiplier of the gradients, so that gradients and count together are one mechanism of multiplier z.
 *
 * **Claim.** Let a step release integers L of L2 sensitivity Δ with discrete Gaussian noise of deviation at least
 * z_Δ Δ, and a count of sensitivity 1 with noise of deviation at least z_b, both of the same batch, with
 * z_Δ⁻² + z_b⁻² ≤ z⁻². Then the pair is no less private than one discrete Gaussian mechanism of multiplier z, and with
 * Poisson sampling no less than its subsampled form: privacy events state z, the plan's.
 *
 * **Proof.** For any unit, the pair moves by (μ_L, μ_b) with ‖μ_L‖ ≤ Δ and |μ_b| ≤ 1. The moments that `runRound`
 * names are those of a product of laws: E[(P(x-μ)/P(x))^k] = exp(k(k-1)/2 · (‖μ_L‖²/σ_L² + μ_b²/σ_b²)), and the sum in
 * the exponent is at most z_Δ⁻² + z_b⁻² ≤ z⁻², that of multiplier z (Andrew et al. 2021, Thm 1, where z_b is written
 * 2σ_b since there a unit counts ±1/2). ∎
 */
export function gradientNoiseMultiplier(noiseMultiplier: number, countNoiseMultiplier: number): number {
  assert(countNoiseMultiplier >= 2 * noiseMultiplier);
  const share = (noiseMultiplier / countNoiseMultiplier) ** 2;
  // The last factor covers the roundings of this computation.
  return (noiseMultiplier / Math.sqrt(1 - share)) * (1 + 2 ** -48);
}

/** σ_b: standard deviation of the count's noise in lattice steps of 2^-20; an integer. */
export const countSigma = (countNoiseMultiplier: number): number =>
  standInSigma(countNoiseMultiplier * 2 ** COUNT_BITS);

/** The count that a step releases beside its gradient, and what follows from it. */
export interface ClipAdaptation {
  /**
   * Σ over the units of the last batch of +1 where the gradient's norm is at most the clip norm, else -1; an integer.
   *
   * Adding or removing a unit moves it by at most 1: a unit counts by its own rows, the parameters and the clip norm
   * alone, whatever its index in the batch. Units whose gradients are not finite count 0, as units outside of the
   * batch.
   */
  count(): number;
  /** Fresh integer noise of deviation σ_b. */
  drawNoise(): number;
  /** The released count, in units, from the count and the noise. */
  release(sums: { readonly count: number; readonly noise: number }): number;
  /** Moves the clip norm of the next step. */
  follow(released: number): void;
}

/** The clip norms of successive steps: a function of public numbers and released counts. */
export class ClipNorm {
  readonly settings: AdaptiveSettings;
  readonly #expectedBatchUnits: number;
  #current: number;

  readonly #first: number;

  /** @param start the clip norm of the first step; by default the plan's */
  constructor(plan: AdaptivePlan, start = plan.clipNormL2) {
    this.#first = plan.clipNormL2;
    this.settings = adaptiveSettings(plan);
    this.#expectedBatchUnits = plan.expectedBatchUnits;
    this.#current = this.#within(start);
  }

  get current(): number {
    return this.#current;
  }

  /** Starts a round from the clip norm that the one before ended with; by default from the plan's. */
  restart(clipNormL2 = this.#first): void {
    this.#current = this.#within(clipNormL2);
  }

  release({ count, noise }: { readonly count: number; readonly noise: number }): number {
    return (count * 2 ** COUNT_BITS + noise) / 2 ** COUNT_BITS;
  }

  /**
   * C ← C exp(-η_C (b - γ)) within the public range, b = (count / expected batch + 1) / 2: the share of units within
   * the norm, by the public batch size and not the one drawn.
   */
  follow(released: number): void {
    const share = (released / this.#expectedBatchUnits + 1) / 2;
    const { rate, targetQuantile } = this.settings;
    this.#current = this.#within(this.#current * Math.exp(-rate * (share - targetQuantile)));
  }

  #within(clipNormL2: number): number {
    const { minimumClipNormL2, maximumClipNormL2 } = this.settings;
    return Math.min(maximumClipNormL2, Math.max(minimumClipNormL2, clipNormL2));
  }
}
