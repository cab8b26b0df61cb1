// From Rényi costs to ε in floating point, at any set of orders: for planning and for reports.

/** The orders that dp-accounting uses by default: fine between 1 and 11, then whole numbers. */
export const REPORT_ORDERS: readonly number[] = [
  ...Array.from({ length: 99 }, (_, i) => 1 + (i + 1) / 10),
  ...Array.from({ length: 53 }, (_, i) => 11 + i),
  128,
  256,
  512,
  1024,
];

/**
 * ε at a given δ: min over α of D_α + ln(1 − 1/α) − ln(δα)/(α−1), never negative.
 *
 * Source: Canonne, Kamath and Steinke 2020, Prop. 12. Orders at or below 1.01 are skipped, since the
 * formula loses its digits there. Where every cost is 0, ε is 0; where every cost is infinite, so is ε.
 *
 * @throws RangeError where the lists differ in length or δ is not in (0, 1).
 */
export function epsilonOfRdp(orders: readonly number[], rdp: readonly number[], delta: number): number {
  if (orders.length !== rdp.length) throw new RangeError(`${orders.length} orders, ${rdp.length} costs`);
  if (!(delta > 0 && delta < 1)) throw new RangeError('delta must be in (0, 1)');
  if (rdp.every((cost) => cost === 0)) return 0;
  let best = Number.POSITIVE_INFINITY;
  orders.forEach((order, i) => {
    if (order <= 1.01) return;
    best = Math.min(best, rdp[i]! + Math.log1p(-1 / order) - Math.log(delta * order) / (order - 1));
  });
  return Math.max(0, best);
}
