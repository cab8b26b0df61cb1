// The cost of a privacy event as the ledger keeps it: an upper bound in exact integers, equal on every peer.
import type { RdpVector } from '../budget.ts';
import { type Ratio, ratioOf } from '../decimal.ts';
import type { PrivacyEvent } from '../privacy-event.ts';
import { boundedRdp, LEDGER_ORDERS, UNBOUNDED_RDP } from './rdp-vector.ts';
import {
  addUp,
  ceilDivide,
  expUp,
  LOG_BITS,
  lnUp,
  multiplyUp,
  UPPER_ONE,
  type UpperFloat,
  upperOfRatio,
} from './upper-float.ts';

const UNITS = 10n ** 9n;
const HIGHEST_ORDER = LEDGER_ORDERS.at(-1)!;

/** base^0 … base^HIGHEST_ORDER. */
function powers(base: UpperFloat): UpperFloat[] {
  const list = [UPPER_ONE];
  for (let k = 1; k <= HIGHEST_ORDER; k++) list.push(multiplyUp(list[k - 1]!, base));
  return list;
}

/** At least e^{k(k−1)/(2σ²)} for k = 0 … HIGHEST_ORDER: the moments E_{P}[(Q/P)^k] of two shifted Gaussians. */
function gaussianMoments(inverseVariance: Ratio): UpperFloat[] {
  const step = powers(expUp(inverseVariance));
  const moments = [UPPER_ONE, UPPER_ONE];
  for (let k = 1; k < HIGHEST_ORDER; k++) moments.push(multiplyUp(moments[k]!, step[k]!));
  return moments;
}

/** One step's Rényi cost at each ledger order, in units of 2^-LOG_BITS, rounded up. */
function costPerStep(noiseMultiplier: string, samplingRate: string): bigint[] {
  const sigma = ratioOf(noiseMultiplier);
  const q = ratioOf(samplingRate);
  const inverseVariance = { numerator: sigma.denominator ** 2n, denominator: sigma.numerator ** 2n };
  if (q.numerator === q.denominator) {
    return LEDGER_ORDERS.map((order) =>
      ceilDivide((BigInt(order) * inverseVariance.numerator) << LOG_BITS, 2n * inverseVariance.denominator),
    );
  }
  const moments = gaussianMoments(inverseVariance);
  const drawn = powers(upperOfRatio(q));
  const passedOver = powers(
    upperOfRatio({ numerator: q.denominator - q.numerator, denominator: q.denominator }),
  );
  return LEDGER_ORDERS.map((order) => {
    let sum: UpperFloat | undefined;
    let binomial = 1n;
    for (let k = 0; k <= order; k++) {
      const chance = multiplyUp(passedOver[order - k]!, drawn[k]!);
      const ways = upperOfRatio({ numerator: binomial, denominator: 1n });
      const term = multiplyUp(multiplyUp(ways, chance), moments[k]!);
      sum = sum === undefined ? term : addUp(sum, term);
      binomial = (binomial * BigInt(order - k)) / BigInt(k + 1);
    }
    return ceilDivide(lnUp(sum!), BigInt(order - 1));
  });
}

// Pure results, kept because one plan's cost is asked for again with every update.
const known = new Map<string, bigint[]>();
const KNOWN_LIMIT = 64;

/**
 * The Rényi cost of an event at each ledger order: integers of 1e-9, rounded up once, after all its steps.
 *
 * Neighbouring relation: adding or removing all the rows of one unit (a patient, or a record). Mechanism: per
 * step, Poisson sampling of units with probability q, then discrete Gaussian noise of standard deviation
 * σ · Δ on the lattice, Δ being the L2 sensitivity of the sum. Order α, integer:
 * D_α = ln( Σ_k C(α,k) (1−q)^{α−k} q^k e^{k(k−1)/(2σ²)} ) / (α−1)   (Mironov, Talwar and Zhang 2019, §3.3),
 * and α/(2σ²) exactly for q = 1. The discrete Gaussian's moments at integer orders are at most the continuous
 * one's (Canonne, Kamath and Steinke 2020, Prop. 5), and the other direction of the neighbouring relation
 * costs no more, by the reflection argument of Mironov et al., Thm. 5, which needs only that a reflection
 * swaps the two distributions: it does, on the lattice too.
 *
 * Edge cases: σ below 1e-4 is unbounded (no privacy); a cost beyond 1e24 units is unbounded at that order.
 *
 * @throws RangeError for σ = 0, q = 0 or q > 1, which the event's schema refuses.
 */
export function rdpOfEvent(event: PrivacyEvent): RdpVector {
  const { noiseMultiplier, samplingRate, steps } = event;
  const sigma = ratioOf(noiseMultiplier);
  const q = ratioOf(samplingRate);
  if (sigma.numerator <= 0n) throw new RangeError('the noise multiplier must be positive');
  if (q.numerator <= 0n || q.numerator > q.denominator)
    throw new RangeError('the sampling rate is in (0, 1]');
  if (sigma.numerator * 10_000n < sigma.denominator) return LEDGER_ORDERS.map(() => UNBOUNDED_RDP.toString());

  const key = `${noiseMultiplier} ${samplingRate}`;
  let perStep = known.get(key);
  if (perStep === undefined) {
    perStep = costPerStep(noiseMultiplier, samplingRate);
    if (known.size >= KNOWN_LIMIT) known.delete(known.keys().next().value!);
    known.set(key, perStep);
  }
  return perStep.map((cost) => {
    const units = ceilDivide(cost * BigInt(steps) * UNITS, 1n << LOG_BITS);
    return boundedRdp(units);
  });
}
