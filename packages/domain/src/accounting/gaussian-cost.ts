// What an event without sampling costs in Gaussian differential privacy: one number, μ², that adds up exactly.
import { ratioOf } from '../decimal.ts';
import type { PrivacyEvent } from '../privacy-event.ts';
import { ceilDivide } from './upper-float.ts';

const BITS = 256n;
const ONE = 1n << BITS;
/** Sums of μ² are integers of 1e-18, as decimal strings. */
export const GAUSSIAN_DECIMALS = 18n;
const UNITS = 10n ** GAUSSIAN_DECIMALS;

/** Means "has no bound here": an event with sampling, or too little noise. It absorbs what is added. */
export const UNBOUNDED_GAUSSIAN = 10n ** 36n;

/** The greatest integer whose square is at most `value`. */
export function rootDown(value: bigint): bigint {
  if (value < 2n) return value;
  // Newton's iteration from above falls until it is there.
  let root = 1n << BigInt(Math.ceil(value.toString(16).length * 2));
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/**
 * μ² of one release, in units of 2^-256, rounded up; undefined where 3z² < 1.
 *
 * **Claim.** Let X have the discrete Gaussian law N_Z(0, σ²), 3σ² ≥ 1, and let μ² be the smaller root of
 * μ²(1 − μ²/12) = 1/σ². For every integer k the pair (X, X + k) is |k|μ-GDP (Dong, Roth and Su 2022): no test tells the
 * two apart better than it tells N(0, 1) from N(|k|μ, 1). For integer vectors that a unit moves by at most Δ in L2
 * norm, with such noise of σ ≥ zΔ on each coordinate, Δ ≥ 1, the release is μ-GDP with μ²(1 − μ²/12) = 1/z².
 *
 * **Proof.** Let F be the distribution function of X, a_m = Φ⁻¹(F(m)) and e_m = a_m − a_{m−1}, m ∈ Z. Likelihood ratios
 * grow with the outcome, so the best tests are thresholds, and the trade-off of (X, X + 1) has its vertices at
 * (P(X ≥ m), P(X + 1 < m)) = (Φ(−a_{m−1}), Φ(a_{m−2})). The Gaussian's trade-off is convex, so it lies below the chords
 * as soon as it lies below the vertices: if e_m ≤ μ for all m. (The other direction is the same, by reflection.)
 * *The widest cell.* The mass of [a_{m−1}, a_m] under N(0, 1) is P(X = m). From Mills' ratio and a_m²/2 + ln a_m + c =
 * (m + 1)²/2σ² + o(1), e_m → 1/σ as |m| → ∞. So sup e_m is 1/σ, which is below μ, or it is attained: let w = e_m be the
 * greatest. The cells m ± 1 are no wider, so their masses are at most those of [a_m, a_m + w] and of
 * [a_{m−1} − w, a_{m−1}]. With C(t) = Φ(t + w) − Φ(t) this says, at t = a_{m−1},
 *     −1/σ² = ln P(m + 1) + ln P(m − 1) − 2 ln P(m) ≤ ln C(t + w) + ln C(t − w) − 2 ln C(t).
 * *Curvature.* (ln C)″ = Var − 1, where Var is the variance of N(0, 1) cut to an interval of width w. That is at most
 * w²/12: with the mean kept, the variance falls as the precision rises from 0 (its derivative is minus half a Schur
 * complement of the covariance of (y, y²)), and at 0 it is that of a cut exponential of some rate u/w,
 * w²(1/u² − 1/4 sinh²(u/2)) ≤ w²/12. So the right-hand side is at most −w²(1 − w²/12), and w²(1 − w²/12) ≤ 1/σ².
 * (w² < 6, so that the smaller root is meant: by symmetry F(0) + F(−1) = 1, and the middle cell holds P(0) ≤ 0.7.)
 * *Several steps and coordinates.* a_m − a_{m−k} ≤ kμ. Independent coordinates moved by v compose to μ‖v‖ (Dong et al.,
 * Cor. 2). With x = 1/(zΔ)², g(x) = 6(1 − √(1 − x/3)) is the root; it is convex with g(0) = 0, so
 * Δ²g(1/(zΔ)²) ≤ g(1/z²) for Δ ≥ 1. ∎
 *
 * Two counts that one unit moves by (1, 1), with σ² ≥ 2z², cost 2g(1/2z²) ≤ g(1/z²): no more.
 */
function costPerStep(noiseMultiplier: string): bigint | undefined {
  const { numerator, denominator } = ratioOf(noiseMultiplier);
  const [variance, one] = [numerator * numerator, denominator * denominator];
  if (3n * variance < one) return undefined;
  // g(x) = 2x / (1 + √(1 − x/3)), which loses no digits.
  const x = ceilDivide(one << BITS, variance);
  const rest = ONE - ceilDivide(x, 3n);
  const root = rest <= 0n ? 0n : rootDown(rest << BITS);
  return ceilDivide((2n * x) << BITS, ONE + root);
}

/**
 * Σ μ² of an event's steps in units of 1e-18, rounded up once; unbounded where the event samples (q < 1).
 *
 * Adaptive steps of μ_i-GDP are √(Σ μ_i²)-GDP (Dong, Roth and Su 2022, Cor. 2), also where a step's μ_i is chosen by
 * the outcomes before it, as long as the sum stays within a bound that was fixed first (Smith and Thakurta 2022).
 *
 * @throws RangeError for a noise multiplier that is not positive
 */
export function gaussianOfEvent({ noiseMultiplier, samplingRate, steps }: PrivacyEvent): string {
  const q = ratioOf(samplingRate);
  if (ratioOf(noiseMultiplier).numerator <= 0n) throw new RangeError('the noise multiplier must be positive');
  const cost = q.numerator === q.denominator ? costPerStep(noiseMultiplier) : undefined;
  if (cost === undefined) return UNBOUNDED_GAUSSIAN.toString();
  return boundedGaussian(ceilDivide(cost * BigInt(steps) * UNITS, ONE));
}

/**
 * The noise multiplier of a Gaussian that one release of discrete noise is no less private than, in floating point and
 * rounded down, for accountants of the Gaussian; undefined where 3z² < 1.
 */
export function standInMultiplier(noiseMultiplier: string): number | undefined {
  const cost = costPerStep(noiseMultiplier);
  return cost === undefined ? undefined : Math.sqrt(2 ** 200 / Number(cost >> 56n)) * (1 - 2 ** -40);
}

const boundedGaussian = (units: bigint): string =>
  (units >= UNBOUNDED_GAUSSIAN ? UNBOUNDED_GAUSSIAN : units).toString();

export const addGaussian = (a: string, b: string): string => boundedGaussian(BigInt(a) + BigInt(b));

/** @throws RangeError where b exceeds a (a programming mistake: never reserved). */
export function subtractGaussian(a: string, b: string): string {
  const [from, taken] = [BigInt(a), BigInt(b)];
  if (from >= UNBOUNDED_GAUSSIAN) return UNBOUNDED_GAUSSIAN.toString();
  if (taken > from) throw new RangeError('subtracting more Gaussian cost than there is');
  return (from - taken).toString();
}

export function timesGaussian(a: string, n: number): string {
  if (!Number.isSafeInteger(n) || n < 0) throw new RangeError(`cannot take a cost ${n} times`);
  return boundedGaussian(BigInt(a) * BigInt(n));
}
