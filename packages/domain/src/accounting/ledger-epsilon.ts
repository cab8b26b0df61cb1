// From the ledger's Rényi costs to the ε that people read, in exact integers rounded up.
import type { RdpVector } from '../budget.ts';
import { decimalOf, ratioOf } from '../decimal.ts';
import type { PrivacyBudget } from '../privacy-event.ts';
import { isZeroRdp, LEDGER_ORDERS, UNBOUNDED_RDP } from './rdp-vector.ts';
import { ceilDivide, LOG_BITS, lnUp, upperOfRatio } from './upper-float.ts';

const RDP_DECIMALS = 9n;
const EPSILON_DECIMALS = 6;
/** The largest ε that a decimal of the ledger can say; also what "unbounded" is printed as. */
const EPSILON_CEILING = 999_999_999n * 10n ** BigInt(EPSILON_DECIMALS);

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
  let best = EPSILON_CEILING;
  rdp.forEach((cost, i) => {
    const value = BigInt(cost);
    if (value >= UNBOUNDED_RDP) return;
    const total = ceilDivide(value << LOG_BITS, 10n ** RDP_DECIMALS) + terms[i]!;
    const units = ceilDivide(total * 10n ** BigInt(EPSILON_DECIMALS), 1n << LOG_BITS);
    if (units < best) best = units;
  });
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
