// From the ledger's Rényi costs to the ε that people read, in exact integers rounded up.
import type { RdpVector } from '../budget.ts';
import { decimalOf, ratioOf } from '../decimal.ts';
import type { PrivacyBudget } from '../privacy-event.ts';
import { isZeroRdp, LEDGER_ORDERS, UNBOUNDED_RDP } from './rdp-vector.ts';
import { ceilDivide, LOG_BITS, lnUp, upperOfRatio } from './upper-float.ts';

/** In how many parts of 1 costs are counted. */
const RDP_UNITS = 10n ** 9n;
const EPSILON_DECIMALS = 6;
const EPSILON_UNITS = 10n ** BigInt(EPSILON_DECIMALS);
/** The largest ε that a decimal of the ledger can say; also what "unbounded" is printed as. */
const EPSILON_CEILING = 999_999_999n * EPSILON_UNITS;

// Pure results, kept because a ledger knows few δ and asks for ε often.
const known = new Map<string, readonly bigint[]>();
const KNOWN_LIMIT = 64;

/** What the conversion adds at each ledger order, ln((α−1)/α) − ln(δα)/(α−1), in units of 2^-LOG_BITS. */
function conversionTerms(delta: string): readonly bigint[] {
  const before = known.get(delta);
  if (before !== undefined) return before;
  const { numerator, denominator } = ratioOf(delta);
  if (numerator <= 0n || numerator >= denominator) throw new RangeError('δ must be in (0, 1)');
  const terms = LEDGER_ORDERS.map((value) => {
    const order = BigInt(value);
    const shrink = lnUp(upperOfRatio({ numerator: order - 1n, denominator: order }));
    const tail = lnUp(upperOfRatio({ numerator: denominator, denominator: numerator * order }));
    return shrink + ceilDivide(tail, order - 1n);
  });
  if (known.size >= KNOWN_LIMIT) known.delete(known.keys().next().value!);
  known.set(delta, terms);
  return terms;
}

/**
 * The ε of a Rényi cost at a given δ: a decimal string of at most 6 decimals, rounded up.
 *
 * ε = min over orders α of D_α + ln((α−1)/α) − ln(δα)/(α−1)   (Canonne, Kamath and Steinke 2020, Prop. 12).
 * Edge cases: a zero cost is '0'; never negative; unbounded at every order is '999999999'.
 *
 * @throws RangeError where δ is not in (0, 1) or the vector has not one entry per ledger order.
 */
export function epsilonFromRdp(rdp: RdpVector, delta: string): string {
  if (rdp.length !== LEDGER_ORDERS.length) throw new RangeError(`${rdp.length} orders in a cost`);
  const terms = conversionTerms(delta);
  if (isZeroRdp(rdp)) return '0';
  // The least of all, and then rounded up once: rounding keeps the order, and divisions are what costs time.
  let least: bigint | undefined;
  rdp.forEach((cost, i) => {
    const value = BigInt(cost);
    if (value >= UNBOUNDED_RDP) return;
    const total = (value << LOG_BITS) + terms[i]! * RDP_UNITS;
    if (least === undefined || total < least) least = total;
  });
  if (least === undefined) return decimalOf(EPSILON_CEILING, EPSILON_DECIMALS);
  const units = ceilDivide(ceilDivide(least, RDP_UNITS) * EPSILON_UNITS, 1n << LOG_BITS);
  const best = units < EPSILON_CEILING ? units : EPSILON_CEILING;
  return decimalOf(best < 0n ? 0n : best, EPSILON_DECIMALS);
}

/**
 * The ε of a Rényi cost at one ledger order: what an account is held to whose order was fixed when it opened.
 *
 * Edge cases as `epsilonFromRdp`: it is never below that.
 *
 * @throws RangeError where δ is not in (0, 1), or the ledger keeps no such order
 */
export function epsilonAtOrder(rdp: RdpVector, delta: string, order: number): string {
  const place = LEDGER_ORDERS.indexOf(order);
  if (place < 0) throw new RangeError(`the ledger keeps no costs at order ${order}`);
  if (isZeroRdp(rdp)) return '0';
  return epsilonFromRdp(
    rdp.map((cost, i) => (i === place ? cost : UNBOUNDED_RDP.toString())),
    delta,
  );
}

/**
 * The order at which a budget bears most releases of one kind: that of the greatest (ε − c_α)/α, c_α being what the
 * conversion adds. Costs of the Gaussian are α times a number, and those of plans that sample are nearly so at the
 * orders that matter.
 */
export function bestOrder({ epsilon, delta }: Pick<PrivacyBudget, 'epsilon' | 'delta'>): number {
  const { numerator, denominator } = ratioOf(epsilon);
  const whole = (numerator << LOG_BITS) / denominator;
  const terms = conversionTerms(delta);
  const room = LEDGER_ORDERS.map((order, i) => ({ order, left: whole - terms[i]! }));
  return room.reduce((best, own) =>
    own.left * BigInt(best.order) > best.left * BigInt(own.order) ? own : best,
  ).order;
}
