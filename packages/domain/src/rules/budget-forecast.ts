// When an account is used up, if it goes on as it went: an estimate for people who plan, and no rule of the ledger.
import { fitsGaussian } from '../accounting/gaussian-epsilon.ts';
import { epsilonAtOrder } from '../accounting/ledger-epsilon.ts';
import { LEDGER_ORDERS } from '../accounting/rdp-vector.ts';
import type { Budget } from '../budget.ts';
import { compareDecimals } from '../decimal.ts';

/** What an account had spent at one time. */
export type SpentAt = Pick<Budget, 'spent' | 'gaussian'> & { readonly at: string };

/** When an account is used up at its rate so far; or why that is not said. */
export type BudgetForecast =
  | { readonly goneAt: string }
  | {
      readonly goneAt: undefined;
      readonly because: 'fewer than two charges' | 'no time passed' | 'far away';
    };

// Pure results, kept because a ledger knows few budgets and is asked for forecasts often.
const capacities = new Map<string, bigint>();
const CAPACITIES_LIMIT = 4096;
/** Bits to which a capacity is found: a part in 2^16 of a year is eight minutes. */
const PRECISION_BITS = 16n;
const [START, CEILING] = [1n << 40n, 1n << 100n];

/** The most that fits a budget in one measure: within a part in 2^16, from below. What is less than a sum fits too. */
function capacityOf(key: string, fits: (sum: bigint) => boolean): bigint {
  const known = capacities.get(key);
  if (known !== undefined) return known;
  let low = 0n;
  let high = START;
  while (high < CEILING && fits(high)) [low, high] = [high, high * 2n];
  while (high - low > (high >> PRECISION_BITS) + 1n) {
    const middle = (low + high) >> 1n;
    if (fits(middle)) low = middle;
    else high = middle;
  }
  if (capacities.size >= CAPACITIES_LIMIT) capacities.delete(capacities.keys().next().value!);
  capacities.set(key, low);
  return low;
}

/** What an account adds up, in each measure that could still bear more: what fits, what is spent, what was at first. */
function measuresOf(account: Budget, first: SpentAt): { capacity: bigint; now: bigint; before: bigint }[] {
  const { accounting, budget, spent, gaussian } = account;
  const { epsilon, delta } = budget;
  if (accounting?.kind === 'gaussian') {
    const capacity = capacityOf(`gaussian ${epsilon} ${delta}`, (sum) => fitsGaussian(sum, budget));
    return [{ capacity, now: BigInt(gaussian!.spent), before: BigInt(first.gaussian!.spent) }];
  }
  // Accounts from before take the best of all orders each time: the last one to be used up decides.
  return LEDGER_ORDERS.map((order, i) => ({ order, i }))
    .filter(({ order }) => accounting?.order === undefined || accounting.order === order)
    .map(({ order, i }) => ({
      capacity: capacityOf(`${order} ${epsilon} ${delta}`, (sum) => {
        const sums = LEDGER_ORDERS.map(() => sum.toString());
        return compareDecimals(epsilonAtOrder(sums, delta, order), epsilon) <= 0;
      }),
      now: BigInt(spent[i]!),
      before: BigInt(first.spent[i]!),
    }));
}

/** The last instant that is written with four digits of a year. */
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * When an account is used up, if charges go on as they came from the first one until `at`.
 *
 * Costs add up in the account's own measure (Rényi divergence at its order; μ² of Gaussian differential privacy), and ε
 * does not: so the measure is extrapolated in a straight line, never ε. The rate is all that was charged after the
 * first charge, over the time from that charge until `at`: a quiet time counts. What is reserved is not counted,
 * since it is charged, or given back, later.
 *
 * @param first what was spent right after the first charge, and when that was; undefined where there was none
 * Edge cases: no rate from fewer than two charges, nor where no time passed; `far away` is after the year 9999. An
 * account that is used up is so `at`.
 */
export function forecastBudget(account: Budget, first: SpentAt | undefined, at: string): BudgetForecast {
  const none = (because: 'fewer than two charges' | 'no time passed' | 'far away') =>
    ({ goneAt: undefined, because }) as const;
  if (first === undefined) return none('fewer than two charges');
  const measures = measuresOf(account, first);
  if (measures.every(({ now, before }) => now <= before)) return none('fewer than two charges');
  const [begun, until] = [Date.parse(first.at), Date.parse(at)];
  if (until <= begun) return none('no time passed');
  const leftMs = measures.map(({ capacity, now, before }) => {
    if (now >= capacity) return 0;
    return now <= before
      ? Number.POSITIVE_INFINITY
      : (Number(capacity - now) / Number(now - before)) * (until - begun);
  });
  const goneMs = until + Math.max(...leftMs);
  return goneMs > LAST_MS ? none('far away') : { goneAt: new Date(goneMs).toISOString() };
}
