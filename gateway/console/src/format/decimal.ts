// Decimal numbers of the ledger for people: rounded in the direction in which nobody is promised too much.

/** What a privacy loss was rounds up, what is left of a budget rounds down. */
export type Rounding = 'up' | 'down';

/** Digits and the power of ten of the first: 0.0421 is [4, 2, 1] and -2. */
interface Digits {
  readonly digits: readonly number[];
  readonly power: number;
}

/** Results of floating-point sums are exact to about this many digits. */
const DIGITS_OF_NUMBERS = 13;

function digitsOf(value: string | number): Digits | undefined {
  const text = typeof value === 'number' ? value.toExponential(DIGITS_OF_NUMBERS - 1) : value;
  const [, whole = '', part = '', exponent = '0'] = /^(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(text) ?? [];
  const all = [...whole, ...part].map(Number);
  const first = all.findIndex((digit) => digit > 0);
  if (first < 0) return undefined;
  return { digits: all.slice(first), power: whole.length - 1 - first + Number(exponent) };
}

/**
 * A non-negative number with so many significant digits at most, without zeros at its end, in plain notation.
 *
 * @param value exact where it is the ledger's text; a number is taken as exact to 13 digits
 */
export function roundDecimal(value: string | number, significant: number, rounding: Rounding): string {
  const found = digitsOf(value);
  if (found === undefined) return '0';
  const { digits } = found;
  let { power } = found;
  const kept = digits.slice(0, significant);
  const isExact = digits.slice(significant).every((digit) => digit === 0);
  if (!isExact && rounding === 'up') {
    let at = kept.length - 1;
    while (at >= 0 && kept[at] === 9) {
      kept[at] = 0;
      at -= 1;
    }
    if (at >= 0) kept[at] = kept[at]! + 1;
    else {
      kept.unshift(1);
      power += 1;
    }
  }
  while (kept.at(-1) === 0) kept.pop();
  if (power < 0) return `0.${'0'.repeat(-power - 1)}${kept.join('')}`;
  const whole = kept
    .slice(0, power + 1)
    .join('')
    .padEnd(power + 1, '0');
  const part = kept.slice(power + 1).join('');
  return part === '' ? whole : `${whole}.${part}`;
}
