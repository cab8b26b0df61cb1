// Rényi accounting as in dp-accounting and Opacus, to the same digits, for comparison with reports made elsewhere.
// Their series for fractional orders is an upper bound of the cost that `rdpSampledGaussian` gives exactly.
import { REPORT_ORDERS } from './epsilon-of-rdp.ts';
import type { GaussianSteps } from './gaussian-steps.ts';
import { logNormalTail } from './normal-tail.ts';
import { rdpSampledGaussian } from './sampled-gaussian.ts';

const MOST_TERMS = 1000;
/** A term e^{−30} of the sum ends the series, once terms fall. */
const NEGLIGIBLE = 30;

const logAdd = (a: number, b: number): number => {
  const top = Math.max(a, b);
  return top === Number.NEGATIVE_INFINITY ? top : top + Math.log1p(Math.exp(Math.min(a, b) - top));
};

/**
 * ln A_α at a fractional order by the two series of Mironov, Talwar and Zhang 2019, §3.3, each binomial
 * coefficient taken by its absolute value, as dp-accounting 0.6 does: never below the true ln A_α. ∞ where
 * 1000 terms do not end it.
 */
function logMomentBySeries(
  { noiseMultiplier: sigma, samplingRate: q }: GaussianSteps,
  order: number,
): number {
  const middle = sigma ** 2 * Math.log(1 / q - 1) + 0.5;
  const [logQ, logRest] = [Math.log(q), Math.log1p(-q)];
  let total = Number.NEGATIVE_INFINITY;
  let [lastLow, lastHigh] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let logBinomial = 0;
  for (let i = 0; i < MOST_TERMS; i++) {
    const j = order - i;
    const low =
      logBinomial +
      i * logQ +
      j * logRest +
      (i * i - i) / (2 * sigma ** 2) +
      logNormalTail((i - middle) / sigma);
    const high =
      logBinomial +
      j * logQ +
      i * logRest +
      (j * j - j) / (2 * sigma ** 2) +
      logNormalTail((middle - j) / sigma);
    total = logAdd(total, logAdd(low, high));
    if (low < lastLow && high < lastHigh && Math.max(low, high) < total - NEGLIGIBLE) return total;
    [lastLow, lastHigh] = [low, high];
    logBinomial += Math.log(Math.abs((order - i) / (i + 1)));
  }
  return Number.POSITIVE_INFINITY;
}

/** An upper bound of D_α of one step; exact at whole orders and without subsampling. */
export function rdpBySeries(event: GaussianSteps, order: number): number {
  if (event.samplingRate === 1 || event.samplingRate === 0 || Number.isInteger(order)) {
    return rdpSampledGaussian({ ...event, order });
  }
  if (event.noiseMultiplier === 0) return Number.POSITIVE_INFINITY;
  return logMomentBySeries(event, order) / (order - 1);
}

/**
 * ε at a given δ by Rényi costs at dp-accounting's default orders, under adding or removing one unit.
 *
 * min over α of D_α + ln(1 − 1/α) − ln(δα)/(α−1) (Canonne, Kamath and Steinke 2020, Prop. 12), and 0 where
 * some D_α is so small that δ ≥ √(1 − e^{−D_α}) (Bretagnolle and Huber 1979).
 *
 * @throws RangeError for δ outside (0, 1) or what `rdpSampledGaussian` refuses.
 */
export function epsilonByRenyiSeries(events: readonly GaussianSteps[], delta: number): number {
  if (!(delta > 0 && delta < 1)) throw new RangeError('delta must be in (0, 1)');
  let best = Number.POSITIVE_INFINITY;
  for (const order of REPORT_ORDERS) {
    const cost = events.reduce((sum, event) => sum + event.steps * rdpBySeries(event, order), 0);
    if (delta ** 2 + Math.expm1(-cost) > 0) return 0;
    best = Math.min(best, cost + Math.log1p(-1 / order) - Math.log(delta * order) / (order - 1));
  }
  return Math.max(0, best);
}
