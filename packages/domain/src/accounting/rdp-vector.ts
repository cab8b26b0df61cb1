// Sums of Rényi costs, exactly. A vector holds one integer of 1e-9 per ledger order, as a decimal string.
import type { RdpVector } from '../budget.ts';

/**
 * The Rényi orders at which the ledger keeps costs.
 *
 * Integers only: for the discrete Gaussian the moments that the subsampled bound sums are known at integer
 * orders (Canonne, Kamath and Steinke 2020, Prop. 5, with equality for integer shifts), while the series for
 * fractional orders rests on integrals of the continuous density. Between two integers nothing is lost: the
 * best bound there interpolates (α−1)·D_α, which is convex (van Erven and Harremoës 2014), and its ε is
 * smallest at an end. Without subsampling any order would hold.
 */
export const LEDGER_ORDERS: readonly number[] = [
  2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 24, 28, 32, 40, 48, 64, 96, 128, 192, 256, 512,
];

/** A cost of 1e24 units means "unbounded at this order": it absorbs what is added or subtracted. */
export const UNBOUNDED_RDP = 10n ** 24n;

/** A cost as a vector's entry. */
export function boundedRdp(units: bigint): string {
  if (units >= UNBOUNDED_RDP) return UNBOUNDED_RDP.toString();
  return units.toString();
}

function zip(a: RdpVector, b: RdpVector, combine: (a: bigint, b: bigint) => bigint): RdpVector {
  if (a.length !== b.length) throw new RangeError(`vectors of ${a.length} and ${b.length} orders`);
  return a.map((value, i) => boundedRdp(combine(BigInt(value), BigInt(b[i]!))));
}

/** The cost of nothing: zero at each of `LEDGER_ORDERS`. */
export const zeroRdp = (): RdpVector => LEDGER_ORDERS.map(() => '0');

/** a + b: sequential composition (Mironov 2017, Prop. 1). */
export const addRdp = (a: RdpVector, b: RdpVector): RdpVector => zip(a, b, (x, y) => x + y);

/**
 * a − b: what is left of a reservation.
 *
 * @throws RangeError where b exceeds a at some order (a programming mistake: never reserved).
 */
export const subtractRdp = (a: RdpVector, b: RdpVector): RdpVector =>
  zip(a, b, (x, y) => {
    if (x >= UNBOUNDED_RDP) return UNBOUNDED_RDP;
    if (y > x) throw new RangeError('subtracting more Rényi cost than there is');
    return x - y;
  });

/** n · a, for a count n. */
export function timesRdp(a: RdpVector, n: number): RdpVector {
  if (!Number.isSafeInteger(n) || n < 0) throw new RangeError(`cannot take a cost ${n} times`);
  return a.map((value) => boundedRdp(BigInt(value) * BigInt(n)));
}

/** Whether a vector costs nothing at any order. */
export const isZeroRdp = (a: RdpVector): boolean => a.every((value) => value === '0');
