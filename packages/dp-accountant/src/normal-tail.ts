// Tails of the normal distribution to full relative accuracy, which Math does not offer.

const STEP = 0.5;
const TERMS = 13;
const GAUSSIANS = Array.from({ length: TERMS }, (_, k) => Math.exp(-((STEP * (k + 1)) ** 2)));
const SQRT_HALF = Math.SQRT1_2;

/** erf(x) for |x| < 1: e^{−x²}·2x/√π·Σ (2x²)^k / (2k+1)!!, all terms of one sign. */
function erfSeries(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > 1e-17; k++) {
    term *= (2 * x * x) / (2 * k + 1);
    sum += term;
  }
  return ((2 * x) / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/**
 * e^{x²}·erfc(x) for x ≥ 1, to a relative 1e-15.
 *
 * Trapezoidal rule with step h on Mills' integral, with the residue of its pole added (Matta and Reichel
 * 1971): (hx/π)·(1/x² + 2Σ e^{−k²h²}/(k²h² + x²)) + 2e^{x²}/(1 − e^{2πx/h}), whose error is e^{−π²/h²}.
 */
function scaledErfc(x: number): number {
  let sum = 1 / (x * x);
  for (let k = TERMS; k >= 1; k--) sum += (2 * GAUSSIANS[k - 1]!) / ((STEP * k) ** 2 + x * x);
  const residue = x < Math.PI / STEP ? (2 * Math.exp(x * x)) / -Math.expm1((2 * Math.PI * x) / STEP) : 0;
  return ((STEP * x) / Math.PI) * sum + residue;
}

/** P(Z > z) for a standard normal Z, to a relative 1e-14 until it underflows near z = 38. */
export function normalTail(z: number): number {
  const x = z * SQRT_HALF;
  if (x < -1) return 1 - 0.5 * Math.exp(-x * x) * scaledErfc(-x);
  if (x < 1) return 0.5 * (1 - erfSeries(x));
  return 0.5 * Math.exp(-x * x) * scaledErfc(x);
}

/** ln P(Z > z), also where the probability underflows. */
export function logNormalTail(z: number): number {
  const x = z * SQRT_HALF;
  return x < 1 ? Math.log(normalTail(z)) : Math.log(0.5 * scaledErfc(x)) - x * x;
}

/** A z with P(Z > z) ≤ mass, not much larger than needed: ½e^{−z²/2} bounds the tail. */
export function normalQuantileBound(mass: number): number {
  return mass >= 0.5 ? 0 : Math.sqrt(-2 * Math.log(2 * mass));
}
