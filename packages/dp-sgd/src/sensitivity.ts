// How far one patient can move the integers that a step releases, and so how much noise the step needs.
import assert from 'node:assert/strict';
import { BLOCK_ROWS, type StepRounding } from '@consilium/onnx-grad/step';
import { MAXIMUM_SIGMA } from './discrete-gaussian.ts';
import { standInSigma } from './rounded-gaussian.ts';
import { TrainingInputError } from './training-plan.ts';

/** Lattice steps per clip norm: γ = C / 2^20. */
export const LATTICE_BITS = 20;

/** Units the bound on summation rounding is made for; more are refused. */
export const MAXIMUM_UNITS = 2 ** 20;

/** Parameters that accounting is made for; larger models are refused. */
export const MAXIMUM_PARAMETERS = 2 ** 27;

/**
 * The lattice, the sensitivity on it, and the noise of a step: what `calibrateNoise` derives from public numbers.
 */
export interface NoiseCalibration {
  /** κ: the clipped sum times this, rounded, is what noise is added to. About 2^20 / C. */
  readonly latticePerUnit: number;
  /** Δ: bound on the L2 distance, in lattice steps, between the integers of neighbouring datasets. */
  readonly sensitivity: number;
  /** σ of the noise, in lattice steps: an integer with σ² - 1/12 ≥ (noiseMultiplier · Δ)²; see `standInSigma`. */
  readonly sigma: number;
}

/** η/C at most, so that rounding stays far below the clip norm: Δ grows by twice that. */
const MOST_ROUNDING = 2 ** -6;

/**
 * ρ and η/C of `calibrateNoise`.
 *
 * @throws TrainingInputError where a step's rounding could not be kept far below the clip norm
 */
function roundingBounds({ normTerms, sumTerms, cancellationGuard: tau, floatBlocks }: StepRounding): {
  readonly rho: number;
  readonly eta: number;
} {
  const u = 2 ** -53;
  const rho = 4 * normTerms * u;
  // Where orders are paired, one unit at most has two indices; near the limit it weighs less by its squares.
  const moved = floatBlocks === undefined ? 2 * rho * MAXIMUM_UNITS : 3 * rho;
  const perTerm = (2 * u * MAXIMUM_UNITS * 2) / tau;
  const most = Math.floor((MOST_ROUNDING - moved) / perTerm) - 12;
  if (rho >= 2 ** -10 || most <= 1) {
    throw new TrainingInputError(
      'the model’s sequences are too long, or its layers too wide, for the rounding of one patient’s norm to stay far ' +
        'below the clip norm: take shorter sequences, fewer rows of a patient, or narrower layers',
    );
  }
  if (sumTerms >= most) {
    throw new TrainingInputError(
      `rowsPerRun: a run’s rows times the positions in each are ${sumTerms}, and with more than ${most - 1} rounding ` +
        'would not stay far below the clip norm: take a smaller rowsPerRun (4096 where it is not given), or shorter ' +
        'sequences',
    );
  }
  return { rho, eta: (sumTerms + 12) * perTerm + moved };
}

/**
 * Δ and the noise's σ for one step of DP-SGD.
 *
 * **Claim.** Let D and D' be datasets of at most MAXIMUM_UNITS units that differ in one unit, B and B' batches
 * that differ in at most that unit, and L(B) = round(κ · fl(Σ_{u∈B} c_u g_u)) ∈ Z^P the integers before noise,
 * with κ = fl(2^20 / C). Then ‖L(B) - L(B')‖₂ ≤ Δ.
 *
 * **Proof.** Let u = 2^-53. A unit's gradient g_u is *defined* by float32 numbers that the graph computes from the
 * unit's rows and the parameters alone: for some parameters the gradient itself (stored, R rows summed), for others
 * the factors a_p and d_p of Σ_p a_p d_pᵀ over the Q positions of the unit's rows, combined exactly. What rounding
 * made of the true gradient is part of that definition and costs nothing. Let S_u be the norm of the vector of
 * Σ_p ‖a_p‖‖d_p‖ over factored parameters and ‖g_u‖ over stored ones: ‖g_u‖ ≤ S_u.
 *
 * 1. *One unit.* The graph computes bounds n̂ on each parameter's ‖g_u‖² in double, from at most K roundings in a
 *    row, in an order that may depend on the unit's index, without under- or overflow (squares and products of
 *    float32 values fit). By Cauchy-Schwarz the terms' absolute values sum to at most S², so |n̂ - ‖g‖²| ≤ 2Ku S².
 *    For Q > 1 the bound is max(n̂, τ²Ŝ²), so that ‖g‖² ≤ max(n̂, τ²Ŝ²) (1 + 3Ku/τ²); for Q = 1 and for stored
 *    gradients all terms are positive and the same holds with τ = 1. With normTerms ≥ K/τ² for every parameter and
 *    c_u = min(1, C / √Σ of the bounds) it follows that c_u ‖g_u‖ ≤ C (1 + ρ) with ρ = 4u normTerms, that
 *    c_u S_u ≤ (1 + ρ) C/τ, and that c_u is within a factor 1 ± ρ of c*_u, the same without rounding, which does
 *    not depend on the index.
 *    *Units left out.* The graph gives weight 0 to a unit whose squares are NaN or beyond a limit, and takes the
 *    factors of a padding unit for its own (`onnx-grad/lowering/unit-mask.ts`): it contributes exactly 0, of norm 0 ≤
 *    C. In double no squares of finite float32 numbers come near that limit, so that who is left out follows from the
 *    unit's numbers, whatever rounding makes of them; in float see `floatRounding`. Where a factor of the padding unit
 *    is not finite, which follows from the parameters alone, L(B) = L(B') = 0.
 * 2. *The sum.* Each value is accumulated in double over at most sumTerms products of a run (one per unit, or per
 *    position), then over two shards at most and, with compensation, over the runs (which counts like two roundings
 *    for any number of runs below 2^24), then scaled by κ: n = sumTerms + 12 roundings at most. Whatever their
 *    order, the distance to Σ c*_u g_u is at most 2nu Σ_u c_u S_u + Σ_u |c_u - c*_u| ‖g_u‖
 *    ≤ MAXIMUM_UNITS (2nu · 2C/τ + 2ρC) =: η. It may differ wholly between B and B' and counts twice.
 *    *Layers.* With bounds C_k of layers, Σ C_k² ≤ C², 1 holds for each layer's part of the gradient with C_k in place
 *    of C, and so c_uk ‖g_uk‖ ≤ C_k (1 + ρ) and likewise for S; the norms of the whole vectors, in 2 as well, are then
 *    at most √Σ (C_k …)² = C ….
 *    *Many steps in a run* (`step-runs.ts`, `finite-runs.ts`). B may be summed by the graph of one step and B' by that
 *    of many, or the other way round: 1 and 2 hold for both, since the float32 numbers that define g_u are the same in
 *    both. For linear models the latter computes c_u d as d clipped to ±b, b = C / √(‖x‖² + m) of at most K roundings,
 *    where d x̃ = g_u and ‖x̃‖² = ‖x‖² + m: |c_u d| ‖x̃‖ ≤ C (1 + ρ) as in 1. There κ multiplies c_u or x̃ instead of
 *    the sum: one rounding of each term in place of one of the sum, within the n roundings and the K of a norm.
 *    *Sums in float32* (where `floatBlocks` is given): see `floatRounding`, whose bound is added. There both graphs
 *    take the same products in the same order, and κ multiplies their sum in double: the integers are the same to the
 *    bit, whichever graph has them.
 *    *A clip norm per step.* C may be any public number that is fixed before the batch is drawn: κ = fl(2^20 / C) goes
 *    with it, and Δ and σ, in lattice steps, do not depend on it.
 * 3. *Rounding* moves each coordinate by at most 1/2 in B and in B': by at most √P in norm, together.
 *
 * Adding up, ‖L(B) - L(B')‖ ≤ 2^20 (1 + ρ + 2η/C + φ/C) + √P = Δ, with φ = 0 where no sum is in float32. ∎ The code
 * rounds Δ and σ·Δ up.
 *
 * *Assumed:* the float32 numbers of a unit depend on its rows and the parameters alone, bit for bit, at whatever index
 * of the batch it lies and whatever the other units are. ONNX Runtime's CPU kernels for the operators emitted have that
 * property (those that round the last few values of an array otherwise, as for Elu, Softplus and Log, are made of
 * others); on the machine at hand `batch-invariance.test.ts` checks it operator by operator and `step-graph.test.ts`
 * for whole models, and `step-runs.test.ts` that the graphs of one step and of many give the same numbers.
 */
export function calibrateNoise(options: {
  readonly clipNormL2: number;
  readonly noiseMultiplier: number;
  readonly parameterCount: number;
  readonly rounding: StepRounding;
}): NoiseCalibration {
  const { clipNormL2, noiseMultiplier, parameterCount, rounding } = options;
  const { rho, eta } = roundingBounds(rounding);
  // A few roundings of this very computation are covered by the last factor.
  const roundUp = 1 + 2 ** -48;
  const inUnits = 1 + rho + 2 * eta + floatRounding(rounding);
  const sensitivity = (2 ** LATTICE_BITS * inUnits + Math.sqrt(parameterCount)) * roundUp;
  const sigma = standInSigma(noiseMultiplier * sensitivity * roundUp);
  assert(
    sigma >= 1 && sigma <= MAXIMUM_SIGMA,
    'the noise multiplier is one that checkTrainingPlan lets pass',
  );
  return { latticePerUnit: latticeOf(clipNormL2), sensitivity, sigma };
}

/**
 * φ/C: what sums in float32 add to the bound of `calibrateNoise`, for runs of n blocks of k = BLOCK_ROWS units.
 *
 * **Claim.** Let each step's batch be put into a uniformly random order (`shuffle`). Then orders of B and B' can be
 * paired so that in every pair ‖L(B) - L(B')‖ is within the bound with φ = 4.04 ν (k (k + 1) + 4 n k + 3) C, ν =
 * 2^-24; or, where rows are added in order, φ = 1.01 ν (2 k (k + 3) + n (n + 9) k + 12) C. That suffices: the outcome
 * is a mixture over the orders, and Rényi and hockey-stick divergences of mixtures are at most those of the worst pair
 * (joint quasi-convexity), with subsampling as without.
 *
 * **Proof.** *The pairs.* Let w be the unit that B has and B' lacks, and z the last unit of an order of B. Move z to
 * w's index and leave padding at its own (or, where z = w, only that). Each order of B' comes from exactly |B| orders
 * of B: it is uniform. The pair's runs differ at these two indices, and so in two blocks at most; at all other indices
 * there are the same units, with the same bits everywhere.
 * *Norms.* Of a factor's squared norm at most K squares are summed in float, and such sums in double. What underflows
 * is less than the floor that is added (`SQUARES_FLOOR`), the rest is off by K + 1 roundings to float, each of which
 * `normTerms` counts as 2^29 to double, and those in double: 1 holds unchanged.
 * *A unit* has one position; it contributes t_u = a fl(fl(c_u) d)ᵀ, an exact product of floats. Or its gradient is
 * stored, of R rows, and it contributes t_u = fl(c_u) g_u, where only c_u is rounded. Roundings to float make
 * ‖t_u‖ ≤ C (1 + ρ)(1 + 3ν). Underflow moves t_u by less than 2^-60 C, since ‖a‖² and ‖d‖² are at most 2^100 and
 * C at least 2^-40 (`step-graph.ts`). t_z at its new index differs from t_z at its old one by at most 2 (ρ + 4ν) C.
 * *Near the limit* weights are multiplied by s = min(1, 2 - 2n) for squares n times the limit L = 2^100, and are 0
 * from there on: |t_u| stays within C, squares within ρ of each other at two indices move s by at most 4ρ, and so t_z
 * by 4ρC more. Beyond L, where factors may be replaced by a padding unit's, the weight is 0 at any index. All other
 * units weigh the same in both, so that η has 3ρC where it has 2ρC of every unit otherwise.
 * *A block* sums at most k units in some order, with one rounding for each product and each addition: a value is off
 * by at most 1.001 ν (k + 1) times the sum of its terms' absolute values (Higham 2002, Sec. 3.1), the vector by 1.001
 * ν (k + 1) k C (1 + ρ)(1 + 4ν).
 * *Additions.* A sum that holds neither of the two blocks is the same in both runs, bit for bit. On the way of a
 * block to the total there are sums of 3n blocks in all (`block-sums.ts`), each rounded once: 3n k ν C. Parts that
 * were summed in double are rounded to float once, by at most n k ν C. Sums of further runs are added in double, as
 * before.
 * Two blocks, in B and in B': φ is four times 1.01 ν (k (k + 1) + 3 n k + n k) C and 12 ν C.
 * *In order* (`row-order.ts`): a value is off by at most 1.001 ν times the absolute values of all terms that each of
 * its rounded products and partial sums holds; where these are the same bits in both runs they are not counted. A
 * block has k products and partial sums of 1 to k units: k (k + 3) / 2 units in all. Blocks are added from the first
 * to the last: from w's block on there are at most n such sums, n (n + 1) k / 2 units. If z was in the same run, of
 * the same shard, these are its sums too. Otherwise it is the last unit of its shard, and of the sums from its block on
 * only the one that adds its block is rounded, since padding units add zeros: n k units. B' may take a smaller graph
 * (`step-layout.ts`): what is lost are padding units, which add zeros. Only parts that were summed in double may then
 * be so in another order, n k in each of the last run's shards, two at most, and in w's. In B and in B': φ is twice
 * 1.01 ν (k (k + 3) + n (n + 1) k / 2 + 4 n k) C and 12 ν C. ∎
 *
 * *Assumed* besides: the runtime's product of two float32 matrices is a function of their bits, and each of its
 * values a sum of the products in some order, in float32 or better: one that follows from the sizes of the matrices
 * alone, where it has been looked at.
 *
 * For n ≤ 32 (4096 rows, the most that a run has) it is below 0.0125, and for 5 (two shards of 561) 0.003.
 */
export function floatRounding({ floatBlocks: n, addsInOrder }: Partial<StepRounding>): number {
  if (n === undefined) return 0;
  const nu = 2 ** -24;
  const k = BLOCK_ROWS;
  if (addsInOrder) return 1.01 * nu * (2 * k * (k + 3) + n * (n + 9) * k + 12);
  return 4.04 * nu * (k * (k + 1) + 4 * n * k + 3);
}

/** κ of a clip norm. */
export const latticeOf = (clipNormL2: number): number => 2 ** LATTICE_BITS / clipNormL2;
