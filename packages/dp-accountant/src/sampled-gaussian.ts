// Rényi differential privacy of the Poisson-subsampled Gaussian in floating point, at any order: for planning
// and for reports. What the ledger charges is computed in exact integers in ledger-rdp.ts.

/** One step of the sampled Gaussian mechanism, and the Rényi order (above 1) that is asked about. */
export interface SampledGaussian {
  /** Standard deviation of the noise over the L2 sensitivity of the sum. */
  readonly noiseMultiplier: number;
  /** Probability with which each unit is drawn in a step. */
  readonly samplingRate: number;
  readonly order: number;
}

/** ln A_α for A_α = Σ C(α,k)(1−q)^{α−k} q^k e^{k(k−1)/(2σ²)} = 1 + the sum over k ≥ 2 with e^… − 1. */
function logMomentAtInteger(sigma: number, q: number, order: number): number {
  const logs: number[] = [];
  let logBinomial = Math.log(order);
  for (let k = 2; k <= order; k++) {
    logBinomial += Math.log((order - k + 1) / k);
    const exponent = (k * (k - 1)) / (2 * sigma * sigma);
    const excess =
      exponent > 1 ? exponent + Math.log1p(-Math.exp(-exponent)) : Math.log(Math.expm1(exponent));
    logs.push(logBinomial + (order - k) * Math.log1p(-q) + k * Math.log(q) + excess);
  }
  const top = Math.max(...logs);
  if (top === Number.NEGATIVE_INFINITY) return 0;
  const log = top + Math.log(logs.reduce((sum, value) => sum + Math.exp(value - top), 0));
  return log > 40 ? log : Math.log1p(Math.exp(log));
}

/** ln((1+e)^α − 1 − αe) for e = q·(exp(u) − 1), without cancellation; −∞ at e = 0. */
function logExcess(order: number, q: number, u: number): number {
  const e = q * Math.expm1(u);
  if (Math.abs(e) < 1e-3) {
    let coefficient = order;
    let sum = 0;
    for (let k = 2; k <= 8; k++) {
      coefficient *= (order - k + 1) / k;
      sum += coefficient * e ** k;
    }
    return Math.log(sum);
  }
  if (order * u < 30) return Math.log(Math.expm1(order * Math.log1p(e)) - order * e);
  const logPower = order * (u < 600 ? Math.log1p(e) : Math.log(q) + u);
  const logLinear = u < 600 ? Math.log1p(order * e) : Math.log(order * q) + u;
  return logPower + Math.log1p(-Math.exp(logLinear - logPower));
}

/**
 * ln A_α at a fractional order: A_α = 1 + ∫ μ₀(x) ((1+e)^α − 1 − αe) dx with e = q(μ₁(x)/μ₀(x) − 1), which is
 * the definition, since e has mean 0 under μ₀. The integrand is positive and analytic, so the trapezoidal
 * rule reaches full precision; the two alternating series of Mironov et al. 2019, §3.3, are the same number
 * but lose their digits, or never end, at orders close to 1.
 */
function logMomentAtFraction(sigma: number, q: number, order: number): number {
  const step = sigma / Math.min(160, Math.max(16, 8 / sigma));
  const from = -14 * sigma;
  const count = Math.ceil((28 * sigma + order) / step);
  const logs = Array.from({ length: count + 1 }, (_, i) => {
    const x = from + i * step;
    return logExcess(order, q, (2 * x - 1) / (2 * sigma * sigma)) - (x * x) / (2 * sigma * sigma);
  });
  const top = logs.reduce((highest, log) => Math.max(highest, log), Number.NEGATIVE_INFINITY);
  const sum = logs.reduce((total, log) => total + Math.exp(log - top), 0);
  const log = top + Math.log((sum * step) / (sigma * Math.sqrt(2 * Math.PI)));
  return log > 40 ? log : Math.log1p(Math.exp(log));
}

/**
 * Rényi divergence D_α of one step, an upper bound for both directions of the neighbouring relation.
 *
 * Neighbouring relation: adding or removing one unit. Mechanism: Poisson sampling with probability q, then
 * Gaussian noise of standard deviation σ times the L2 sensitivity of the sum. Source: Mironov, Talwar and
 * Zhang 2019, whose Thm. 5 says that this direction costs more than the other. Exact up to rounding.
 *
 * Edge cases: q = 0 costs 0; q = 1 costs α/(2σ²); σ = 0 costs ∞.
 *
 * @throws RangeError for σ < 0, q outside [0, 1] or α ≤ 1.
 */
export function rdpSampledGaussian({ noiseMultiplier, samplingRate, order }: SampledGaussian): number {
  if (!(noiseMultiplier >= 0)) throw new RangeError('noiseMultiplier must not be negative');
  if (!(samplingRate >= 0 && samplingRate <= 1)) throw new RangeError('samplingRate must be in [0, 1]');
  if (!(order > 1 && order < Number.POSITIVE_INFINITY)) throw new RangeError('order must be above 1');
  if (samplingRate === 0) return 0;
  if (noiseMultiplier === 0) return Number.POSITIVE_INFINITY;
  if (samplingRate === 1) return order / (2 * noiseMultiplier * noiseMultiplier);
  const logMoment = Number.isInteger(order) ? logMomentAtInteger : logMomentAtFraction;
  return Math.max(0, logMoment(noiseMultiplier, samplingRate, order) / (order - 1));
}
