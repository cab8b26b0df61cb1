// ε and δ as people read them: short, and never on the wrong side.
import { type Rounding, roundDecimal } from './decimal.ts';

/** Under this an ε says nothing more to a person. */
const LEAST_SHOWN = 0.001;

/**
 * ε with three significant digits, two below one: `1.24`, `0.043`; `< 0.001` for what is less.
 *
 * @param value as the ledger has it, or computed; not negative
 * @param rounding up for what was spent or is asked for, down for what is left
 */
export function formatEpsilon(value: string | number, rounding: Rounding = 'up'): string {
  const number = Number(value);
  if (!Number.isFinite(number)) return '∞';
  if (number <= 0) return '0';
  if (number < LEAST_SHOWN) return rounding === 'up' ? `< ${LEAST_SHOWN}` : '0';
  return roundDecimal(value, number < 1 ? 2 : 3, rounding);
}

const SUPERSCRIPTS: Readonly<Record<string, string>> = {
  '-': '⁻',
  0: '⁰',
  1: '¹',
  2: '²',
  3: '³',
  4: '⁴',
  5: '⁵',
  6: '⁶',
  7: '⁷',
  8: '⁸',
  9: '⁹',
};

/** δ as one digit, rounded up, times a power of ten: where the digit is 1, the power alone. */
export interface DeltaParts {
  readonly digit: number;
  readonly power: number;
}

/** @returns undefined for zero */
export function deltaParts(value: string | number): DeltaParts | undefined {
  const rounded = roundDecimal(value, 1, 'up');
  if (rounded === '0') return undefined;
  const [digit = '1', power = '0'] = Number(rounded).toExponential(0).split('e');
  return { digit: Number(digit), power: Number(power) };
}

/** `10⁻⁵`, or `3 × 10⁻⁶`. */
export function formatDelta(value: string | number): string {
  const parts = deltaParts(value);
  if (parts === undefined) return '0';
  const raised = [...String(parts.power)].map((sign) => SUPERSCRIPTS[sign] ?? sign).join('');
  return parts.digit === 1 ? `10${raised}` : `${parts.digit} × 10${raised}`;
}

/** What has been spent, what is reserved beside it and what is left of a budget, as shares of it: 0 to 1. */
export interface BudgetShares {
  readonly spent: number;
  readonly reserved: number;
  readonly left: number;
}

/**
 * What is reserved costs less beside what was spent than alone, since losses compose; so its share is what both cost
 * together less what was spent.
 */
export function budgetShares(budget: {
  readonly total: string | number;
  readonly spent: string | number;
  readonly committed: string | number;
}): BudgetShares {
  const total = Number(budget.total);
  if (!(total > 0)) return { spent: 0, reserved: 0, left: 0 };
  const within = (value: number) => Math.min(Math.max(value, 0), 1);
  const spent = within(Number(budget.spent) / total);
  const committed = Math.max(within(Number(budget.committed) / total), spent);
  return { spent, reserved: committed - spent, left: 1 - committed };
}
