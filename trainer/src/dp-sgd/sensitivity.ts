// How far one patient can move the integers that a step releases, and so how much noise the step needs.
import assert from 'node:assert/strict';
import type { StepRounding } from '../onnx/index.ts';
import { MAXIMUM_SIGMA } from './discrete-gaussian.ts';

/** Lattice steps per clip norm: γ = C / 2^20. */
export const LATTICE_BITS = 20;

/** Units the bound on summation rounding is made for; more are refused. */
export const MAXIMUM_UNITS = 2 ** 20;

export interface NoiseCalibration {
  /** κ: the clipped sum times this, rounded, is what noise is added to. About 2^20 / C. */
  readonly latticePerUnit: number;
  /** Δ: bound on the L2 distance, in lattice steps, between the integers of neighbouring datasets. */
  readonly sensitivity: number;
  /** Standard deviation of the noise, in lattice steps; an integer, at least noiseMultiplier · Δ. */
  readonly sigma: number;
}

/**
 * Δ and the noise's σ for one step of DP-SGD.
 *
 * **Claim.** Let D and D' be datasets of at most MAXIMUM_UNITS units that differ in one unit, B and B' batches
 * that differ in at most that unit, and L(B) = round(κ · fl(Σ_{u∈B} c_u g_u)) ∈ Z^P the integers before noise,
 * with κ = fl(2^20 / C). Then ‖L(B) - L(B')‖₂ ≤ Δ.
 *
 * **Proof.** Let u = 2^-53, a_r and d_r the float32 factors of row r's gradient as the graph computes them, g_u
 * their exact combination, S_u = Σ_r ‖g_ur‖ and R the rows per unit.
 *
 * 1. *One unit.* The graph computes ‖g_u‖² as n̂ in double, from at most K = normTerms + 16 roundings in a row,
 *    without under- or overflow (squares and products of float32 values fit). By Cauchy-Schwarz the terms'
 *    absolute values sum to at most S_u², so |n̂ - ‖g_u‖²| ≤ 2Ku S_u². The factor used is
 *    c_u = min(1, C / √max(n̂, τ²Ŝ_u²)), whence ‖g_u‖² ≤ max(n̂, τ²Ŝ_u²) (1 + 3Ku/τ²) and
 *    c_u ‖g_u‖ ≤ C (1 + ρ) with ρ = 4Ku/τ². For R = 1 all terms are positive and τ = 1. Units that are not finite
 *    have c_u = 0 and their factors replaced by 0.
 * 2. *The sum.* It is accumulated in double over the rows of a run, then, with compensation, over the runs (which
 *    counts like two roundings for any number of runs below 2^24), then scaled by κ: n = rows + 12 roundings at
 *    most. Whatever their order, the error's norm is at most 2nu Σ_u c_u S_u
 *    ≤ 2nu · MAXIMUM_UNITS · 2C/τ =: η, since c_u S_u ≤ (1 + ρ) C/τ ≤ 2C/τ. It may differ wholly between B and
 *    B' and counts twice.
 * 3. *Rounding* moves each coordinate by at most 1/2 in B and in B': by at most √P in norm, together.
 *
 * Adding up, ‖L(B) - L(B')‖ ≤ 2^20 (1 + ρ + 2η/C) + √P = Δ. ∎ The code rounds Δ and σ·Δ up.
 *
 * *Assumed:* a row's a_r and d_r depend on that row and the parameters alone, bit for bit, wherever in the batch
 * it lies and whatever the other rows are. ONNX Runtime's CPU kernels for the operators supported have that
 * property; `step-graph.test.ts` checks it on the machine at hand.
 */
export function calibrateNoise(options: {
  readonly clipNormL2: number;
  readonly noiseMultiplier: number;
  readonly parameterCount: number;
  readonly rounding: StepRounding;
}): NoiseCalibration {
  const { clipNormL2, noiseMultiplier, parameterCount, rounding } = options;
  const u = 2 ** -53;
  const tau = rounding.cancellationGuard;
  const rho = (4 * (rounding.normTerms + 16) * u) / tau ** 2;
  const eta = (2 * (rounding.rows + 12) * u * MAXIMUM_UNITS * 2) / tau;
  assert(rho < 2 ** -10 && eta < 2 ** -10, 'rounding stays far below the clip norm');
  // A few roundings of this very computation are covered by the last factor.
  const roundUp = 1 + 2 ** -48;
  const sensitivity = (2 ** LATTICE_BITS * (1 + rho + 2 * eta) + Math.sqrt(parameterCount)) * roundUp;
  const sigma = Math.ceil(noiseMultiplier * sensitivity * roundUp);
  assert(
    sigma >= 1 && sigma <= MAXIMUM_SIGMA,
    'the noise multiplier is one that checkTrainingPlan lets pass',
  );
  return { latticePerUnit: 2 ** LATTICE_BITS / clipNormL2, sensitivity, sigma };
}
