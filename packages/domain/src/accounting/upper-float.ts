// Arithmetic that can only err upwards. A ledger's ε must be the same digits on every peer, whatever its
// processor or its mathematics library, and never below the truth: so the ledger's accounting uses none of the
// machine's floating point, only integers, and every operation here rounds up.
import type { Ratio } from '../decimal.ts';

/** A positive number, mantissa · 2^exponent. */
export interface UpperFloat {
  readonly mantissa: bigint;
  readonly exponent: number;
}

/** Bits after the binary point of logarithms: they are integers of 2^-LOG_BITS. */
export const LOG_BITS = 256n;
const ONE = 1n << LOG_BITS;
const MANTISSA_BITS = 192;

const bitLength = (value: bigint): number => {
  const hex = value.toString(16);
  return hex.length * 4 - (Math.clz32(Number.parseInt(hex[0]!, 16)) - 28);
};
const ceilShift = (value: bigint, bits: number): bigint => -(-value >> BigInt(bits));
/** a / b rounded up, for b > 0. */
export const ceilDivide = (a: bigint, b: bigint): bigint => (a > 0n ? (a + b - 1n) / b : a / b);

/** mantissa · 2^exponent with the mantissa shortened, rounding up. */
function upperFloat(mantissa: bigint, exponent: number): UpperFloat {
  const excess = bitLength(mantissa) - MANTISSA_BITS;
  if (excess <= 0) return { mantissa, exponent };
  return { mantissa: ceilShift(mantissa, excess), exponent: exponent + excess };
}

export const UPPER_ONE: UpperFloat = { mantissa: 1n, exponent: 0 };

/** At least numerator / denominator, which must be positive; relative excess below 2^-190. */
export function upperOfRatio({ numerator, denominator }: Ratio): UpperFloat {
  if (numerator <= 0n || denominator <= 0n) throw new RangeError('an upper float is positive');
  const shift = Math.max(0, MANTISSA_BITS + bitLength(denominator) - bitLength(numerator));
  return upperFloat(ceilDivide(numerator << BigInt(shift), denominator), -shift);
}

/** At least a · b. */
export const multiplyUp = (a: UpperFloat, b: UpperFloat): UpperFloat =>
  upperFloat(a.mantissa * b.mantissa, a.exponent + b.exponent);

/** At least a + b. */
export function addUp(a: UpperFloat, b: UpperFloat): UpperFloat {
  const [low, high] = a.exponent <= b.exponent ? [a, b] : [b, a];
  const shift = high.exponent - low.exponent;
  // Far apart: the lower one is less than one unit of the higher one's mantissa shifted by two widths.
  if (shift > 3 * MANTISSA_BITS && bitLength(low.mantissa) <= MANTISSA_BITS) {
    const room = 2 * MANTISSA_BITS;
    return upperFloat((high.mantissa << BigInt(room)) + 1n, high.exponent - room);
  }
  return upperFloat((high.mantissa << BigInt(shift)) + low.mantissa, low.exponent);
}

/** 2·artanh(y) for y in [0, 1/3] in units of 2^-LOG_BITS, from below or from above (error below 2^-240). */
function twiceArtanh(y: bigint, direction: 'down' | 'up'): bigint {
  const divide = direction === 'up' ? ceilDivide : (a: bigint, b: bigint) => a / b;
  const square = divide(y * y, ONE);
  let power = y;
  let sum = 0n;
  for (let i = 0n; i < 90n; i++) {
    sum += divide(power, 2n * i + 1n);
    power = divide(power * square, ONE);
  }
  // What is left out is below 9^-90 < 2^-285 of a term's first, so two units cover it.
  return 2n * (direction === 'up' ? sum + 2n : sum);
}

const LN2_DOWN = twiceArtanh(ONE / 3n, 'down');
const LN2_UP = twiceArtanh(ceilDivide(ONE, 3n), 'up');

/** At least ln(value), in units of 2^-LOG_BITS; error below 2^-180. May be negative. */
export function lnUp({ mantissa, exponent }: UpperFloat): bigint {
  const bits = bitLength(mantissa);
  const power = BigInt(exponent + bits - 1);
  // value = x · 2^power with x in [1, 2); y = (x − 1) / (x + 1) grows with x, so rounding x up is safe.
  const x = ceilDivide(mantissa << LOG_BITS, 1n << BigInt(bits - 1));
  const y = ceilDivide((x - ONE) * ONE, x + ONE);
  return power * (power >= 0n ? LN2_UP : LN2_DOWN) + (y === 0n ? 0n : twiceArtanh(y, 'up'));
}

/** At least e^value, for value in [0, 2^50]; relative error below 2^-180. */
export function expUp(value: Ratio): UpperFloat {
  const x = ceilDivide(value.numerator << LOG_BITS, value.denominator);
  const power = x / LN2_DOWN;
  const rest = x - power * LN2_DOWN;
  let term = ONE;
  let sum = ONE;
  for (let i = 1n; i <= 64n; i++) {
    term = ceilDivide(term * rest, ONE * i);
    sum += term;
  }
  // rest < 0.7, so all later terms together are below 0.7^65 / 65! · 2 < 2^-330.
  return upperFloat(sum + 2n, Number(power) - Number(LOG_BITS));
}

/** e^value from below and from above for values in [0, 2^12], all in units of 2^-LOG_BITS. */
export function expBounds(value: { readonly low: bigint; readonly high: bigint }): {
  readonly low: bigint;
  readonly high: bigint;
} {
  const grow = (x: bigint, ln2: bigint, divide: (a: bigint, b: bigint) => bigint): bigint => {
    const power = x / ln2;
    const rest = x - power * ln2;
    let [term, sum] = [ONE, ONE];
    for (let i = 1n; i <= 64n; i++) {
      term = divide(term * rest, ONE * i);
      sum += term;
    }
    return sum << power;
  };
  // rest is below 0.7: all later terms together are below 2^-330.
  return {
    low: grow(value.low, LN2_UP, (a, b) => a / b),
    high: grow(value.high, LN2_DOWN, ceilDivide) + (2n << (value.high / LN2_DOWN)),
  };
}
