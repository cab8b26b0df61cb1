// Exact arithmetic on the decimal strings of the ledger. A decimal is a ratio of integers here, never a float.

/** A rational number; the denominator is positive. */
export interface Ratio {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/**
 * The exact value of a decimal string.
 *
 * @throws RangeError for a text that is no decimal number (the schemas refuse those earlier).
 */
export function ratioOf(decimal: string): Ratio {
  const match = /^(-?)([0-9]+)(?:[.]([0-9]+))?$/.exec(decimal);
  if (match === null) throw new RangeError(`not a decimal number: ${decimal}`);
  const [, sign, whole = '0', fraction = ''] = match;
  const magnitude = BigInt(whole + fraction);
  return { numerator: sign === '-' ? -magnitude : magnitude, denominator: 10n ** BigInt(fraction.length) };
}

/** Negative, zero or positive as a is below, equal to or above b. */
export function compareDecimals(a: string, b: string): number {
  const left = ratioOf(a);
  const right = ratioOf(b);
  const difference = left.numerator * right.denominator - right.numerator * left.denominator;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** An integer count of 10^-decimals as a decimal string without trailing zeros. */
export function decimalOf(units: bigint, decimals: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(decimals + 1, '0');
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '');
  const text = digits.slice(0, digits.length - decimals) + (fraction === '' ? '' : `.${fraction}`);
  return units < 0n ? `-${text}` : text;
}

/** a − b, or 0 where b is larger; exact to the finer of the two. */
export function subtractDecimals(a: string, b: string): string {
  const decimals = Math.max(a.split('.')[1]?.length ?? 0, b.split('.')[1]?.length ?? 0);
  const scale = 10n ** BigInt(decimals);
  const units = (text: string) => {
    const { numerator, denominator } = ratioOf(text);
    return (numerator * scale) / denominator;
  };
  const difference = units(a) - units(b);
  return decimalOf(difference < 0n ? 0n : difference, decimals);
}
