// Privacy accounts as the history has them: the row that says whose they are, and the versions of their sums, each
// read by its number, so that an account of ten years costs no more than one of today.
import { type Budget, type BudgetRow, type BudgetVersion, type Pool, statementOf } from '@consilium/domain';
import type { LedgerHistory } from '../read-model/ledger-history.ts';
import { numberKey } from './number-key.ts';

/** An account's sums, and since when. */
export interface AccountAt {
  readonly account: Budget;
  readonly at: string;
}

/** First charges that were found, of each history: nothing on a ledger changes them any more. */
const firstCharges = new WeakMap<LedgerHistory, Map<string, AccountAt>>();

/** A state of an account as people read it. */
export interface StatedAt {
  readonly spentEpsilon: string;
  readonly committedEpsilon: string;
  readonly leftEpsilon: string;
  readonly at: string;
}

/** States that were read and composed, of each history: a version of an account does not change either. */
const stated = new WeakMap<LedgerHistory, Map<string, StatedAt>>();
const STATED_MAX = 20_000;

/** An account with its past, from its opening to now. */
export class Account {
  readonly #history: LedgerHistory;
  readonly #key: readonly string[];
  readonly #row: BudgetRow | Budget;
  /** Of accounts from before there were versions: what they held until there were. */
  #before: readonly AccountAt[] | undefined;
  #now: AccountAt | undefined;

  constructor(history: LedgerHistory, key: readonly string[], row: BudgetRow | Budget) {
    this.#history = history;
    this.#key = key;
    this.#row = row;
  }

  get holder(): Omit<Budget, 'spent' | 'reserved' | 'gaussian'> {
    const { schema, populationId, block, owner, pool, budget, accounting } = this.#row;
    return {
      schema,
      populationId,
      block,
      owner,
      pool,
      budget,
      ...(accounting !== undefined && { accounting }),
    };
  }

  /** How many states it has had. */
  get states(): number {
    return this.#older().length + this.#versions;
  }

  /** Its state of a number from 1 on. */
  state(number: number): AccountAt {
    const older = this.#older();
    const found = older[number - 1];
    if (found !== undefined) return found;
    const key = [...this.#key, String(number - older.length)];
    const version = this.#history.row<BudgetVersion>('budget-version', key)?.row;
    if (version === undefined)
      throw new Error(`the history lacks version ${number} of ${this.#key.join(' ')}`);
    const { spent, reserved, gaussian, changedAt: at } = version;
    return { account: { ...this.holder, spent, reserved, ...(gaussian !== undefined && { gaussian }) }, at };
  }

  get now(): AccountAt {
    this.#now ??= this.state(this.states);
    return this.#now;
  }

  /** Its state right after the first charge; undefined before there was one. Found by halving: spent never falls. */
  firstCharge(): AccountAt | undefined {
    const of = this.#key.join(' ');
    const known = firstCharges.get(this.#history)?.get(of);
    if (known !== undefined) return known;
    const found = this.#findFirstCharge();
    if (found !== undefined) {
      const all = firstCharges.get(this.#history) ?? new Map<string, AccountAt>();
      firstCharges.set(this.#history, all.set(of, found));
    }
    return found;
  }

  #findFirstCharge(): AccountAt | undefined {
    const isCharged = (number: number) => this.state(number).account.spent.some((cost) => cost !== '0');
    let [low, high] = [0, this.states];
    if (!isCharged(high)) return undefined;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (isCharged(middle)) high = middle;
      else low = middle;
    }
    return this.state(high);
  }

  /** At most `points` of its states, evenly among all, with the first and the last. */
  course(points: number): StatedAt[] {
    const { states } = this;
    const taken = Math.min(points, states);
    const numbers = Array.from({ length: taken }, (_, i) =>
      taken === 1 ? states : 1 + Math.round((i * (states - 1)) / (taken - 1)),
    );
    return numbers.map((number) => this.#stated(number));
  }

  #stated(number: number): StatedAt {
    const kept = stated.get(this.#history) ?? new Map<string, StatedAt>();
    stated.set(this.#history, kept);
    const { budget, accounting } = this.#row;
    // With what it is held to, though that does not change today.
    const key = JSON.stringify([this.#key, number, budget, accounting]);
    const before = kept.get(key);
    if (before !== undefined) return before;
    const { account, at } = number === this.states ? this.now : this.state(number);
    const { spentEpsilon, committedEpsilon, leftEpsilon } = statementOf(account);
    const found = { spentEpsilon, committedEpsilon, leftEpsilon, at };
    if (kept.size >= STATED_MAX) kept.delete(kept.keys().next().value!);
    kept.set(key, found);
    return found;
  }

  get #versions(): number {
    return 'version' in this.#row ? this.#row.version : 0;
  }

  #older(): readonly AccountAt[] {
    this.#before ??= this.#hasOlder() ? [...this.#readOlder()] : [];
    return this.#before;
  }

  /** The first version of an account names what was before it, where something was. */
  #hasOlder(): boolean {
    if (this.#versions === 0) return true;
    const first = this.#history.row<BudgetVersion>('budget-version', [...this.#key, '1'])?.row;
    return first?.previousSha256 !== undefined;
  }

  *#readOlder(): Iterable<AccountAt> {
    for (const { row, at } of this.#history.versions<BudgetRow | Budget>('budget', this.#key)) {
      if (row !== undefined && 'spent' in row) yield { account: row, at };
    }
  }
}

export const accountKey = (populationId: string, pool: Pool, block: number): string[] => [
  populationId,
  pool,
  ...(block === 1 ? [] : [numberKey(block)]),
];

/** One account of a population; undefined where there is none. */
export function accountOf(
  history: LedgerHistory,
  populationId: string,
  { pool, block }: { readonly pool: Pool; readonly block: number },
): Account | undefined {
  const key = accountKey(populationId, pool, block);
  const row = history.row<BudgetRow | Budget>('budget', key)?.row;
  return row && new Account(history, key, row);
}

/** Which accounts are asked about; every one where nothing is said. */
export interface AccountFilter {
  readonly populationId?: string | undefined;
  readonly mspId?: string | undefined;
}

/** Accounts in the order of their keys, after one of them. */
export function* accountsIn(
  history: LedgerHistory,
  { populationId, mspId }: AccountFilter,
  after?: readonly string[],
): Generator<Account, void, undefined> {
  const found =
    populationId === undefined && mspId !== undefined
      ? history.lookUp<BudgetRow | Budget>('accountsOfMember', mspId, { after: after && { key: after } })
      : history.rows<BudgetRow | Budget>('budget', populationId === undefined ? [] : [populationId], after);
  for (const { key, row } of found) {
    if (row === undefined || (mspId !== undefined && row.owner !== mspId)) continue;
    yield new Account(history, key, row);
  }
}
