// One release, or any number without subsampling: δ(ε) in closed form, with nothing discretised.
import { logNormalTail } from './normal-tail.ts';

export interface Release {
  /** Standard deviation of the noise over the L2 sensitivity. For n Gaussian releases: σ/√n. */
  readonly noiseMultiplier: number;
  readonly samplingRate: number;
}

const ROUNDOFF = 2 ** -53;
/** Relative error of each of the two terms: tails 1e-14, exponents a few units at magnitudes below 1e3. */
const TERM_ERROR = 1e-13;

/** a − b for a = e^logA, b = e^logB, rounded up by the error of both. */
function differenceUp(logA: number, logB: number): number {
  if (logA === Number.NEGATIVE_INFINITY) return 0;
  const a = Math.exp(logA);
  const b = Math.exp(logB);
  return Math.max(
    0,
    a - b + (TERM_ERROR + 4 * ROUNDOFF * Math.max(1, Math.abs(logA), Math.abs(logB))) * (a + b),
  );
}

const logAdd = (a: number, b: number): number => {
  const top = Math.max(a, b);
  return top === Number.NEGATIVE_INFINITY ? top : top + Math.log1p(Math.exp(Math.min(a, b) - top));
};

/** δ(ε) of adding a unit to, or removing it from, one release. */
function deltaIn(direction: 'remove' | 'add', release: Release, epsilon: number): number {
  const { noiseMultiplier: sigma, samplingRate: q } = release;
  const loss = direction === 'remove' ? epsilon : -epsilon;
  // The output at which P's density is e^loss times Q's: e^loss = 1 − q + q·e^{(2x−1)/(2σ²)}.
  const excess = q < 0.5 ? Math.expm1(loss) + q : Math.exp(loss) - (1 - q);
  const odds = q === 1 ? loss : Math.log(excess) - Math.log(q);
  if (Number.isNaN(odds)) return 0;
  const x = sigma * sigma * odds + 0.5;
  const sign = direction === 'remove' ? 1 : -1;
  const plain = logNormalTail((sign * x) / sigma);
  const shifted = Math.log(q) + logNormalTail((sign * (x - 1)) / sigma);
  const mixed = q === 1 ? shifted : logAdd(Math.log1p(-q) + plain, shifted);
  return direction === 'remove' ? differenceUp(mixed, epsilon + plain) : differenceUp(plain, epsilon + mixed);
}

/**
 * An upper bound of δ(ε), exact to rounding, of one Poisson-subsampled Gaussian release under adding or
 * removing one unit: the larger of both directions.
 *
 * q = 1 is the analytic Gaussian mechanism, δ = Φ(1/(2σ) − εσ) − e^ε·Φ(−1/(2σ) − εσ) (Balle and Wang 2018,
 * Thm. 8), which n releases compose to with σ/√n. For q < 1, P − e^ε·Q is positive on a half-line whose end
 * solves a linear equation in e^{(2x−1)/(2σ²)} (Zhu, Dong and Wang 2022).
 */
export function deltaOfRelease(release: Release, epsilon: number): number {
  const worst = Math.max(deltaIn('remove', release, epsilon), deltaIn('add', release, epsilon));
  return Math.min(1, worst);
}

/** The smallest ε ≥ 0 at which `deltaOfRelease` is at most delta, rounded up. */
export function epsilonOfRelease(release: Release, delta: number): number {
  if (deltaOfRelease(release, 0) <= delta) return 0;
  let low = 0;
  let high = 1;
  while (deltaOfRelease(release, high) > delta) {
    low = high;
    high *= 2;
    if (high > 1e18) return Number.POSITIVE_INFINITY;
  }
  for (let round = 0; round < 200; round++) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) break;
    if (deltaOfRelease(release, middle) > delta) low = middle;
    else high = middle;
  }
  return high;
}
