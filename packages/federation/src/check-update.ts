// The checks of another hospital's update before it counts, from public numbers alone.
import { normSteps, PARAMETER_SCALE_BITS } from './parameter-lattice.ts';

/** What an update must keep to be taken into an aggregate. */
export interface UpdateLimits {
  /** Number of values in an update of this model. */
  readonly parameterCount: number;
  /** Bound on the update's L2 norm, in parameter units. */
  readonly maxUpdateNormL2: number;
}

/**
 * Reasons to reject an update; empty for a sound one. Its norm is computed exactly.
 *
 * Sums of squares of int32 stay exact in BigInt; the bound is rounded up to the lattice.
 */
export function checkUpdate(delta: Int32Array, limits: UpdateLimits): string[] {
  if (delta.length !== limits.parameterCount) {
    return [`it has ${delta.length} values, the model has ${limits.parameterCount}`];
  }
  let square = 0n;
  for (const step of delta) square += BigInt(step) * BigInt(step);
  const bound = normSteps(limits.maxUpdateNormL2);
  if (square > bound * bound) return [`its L2 norm exceeds ${limits.maxUpdateNormL2}`];
  return [];
}

/**
 * A bound that an honest update of a plan exceeds with probability below 2^-64 each.
 *
 * Per step the released mean has norm at most (C · n + N) / (q · bandSize), with n the units drawn and N the norm
 * of P Gaussians of deviation σ_true. n is at most μ + √(2μt) + t for μ = q · maximumUnits expected ones (Bernstein),
 * N at most σ_true (√P + √(2t)) (Laurent and Massart 2000, Lemma 1), each but with probability e^-t; t = 50 + ln T
 * covers all T steps. Momentum multiplies a step's reach by at most 1 / (1 - momentum). The lattice adds √P / 2
 * steps. σ_true is taken 1 % above C · noiseMultiplier, more than calibration ever adds for P below 10^8.
 */
export function impliedUpdateNormL2(plan: {
  readonly clipNormL2: number;
  readonly noiseMultiplier: number;
  readonly samplingRate: number;
  readonly steps: number;
  readonly bandSize: number;
  /** Upper end of the dataset's band. */
  readonly maximumUnits: number;
  readonly learningRate: number;
  readonly momentum?: number;
  readonly parameterCount: number;
}): number {
  const { clipNormL2, samplingRate, steps, parameterCount } = plan;
  const t = 50 + Math.log(steps);
  const mean = samplingRate * plan.maximumUnits;
  const drawn = samplingRate === 1 ? mean : Math.min(plan.maximumUnits, mean + Math.sqrt(2 * mean * t) + t);
  const root = Math.sqrt(parameterCount);
  const noise = 1.01 * clipNormL2 * plan.noiseMultiplier * (root + Math.sqrt(2 * t));
  const perStep = (plan.learningRate * (clipNormL2 * drawn + noise)) / (samplingRate * plan.bandSize);
  const lattice = (root / 2) * 2 ** -PARAMETER_SCALE_BITS;
  return (steps * perStep) / (1 - (plan.momentum ?? 0)) + lattice;
}
