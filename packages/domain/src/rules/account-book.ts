// The accounts that a transaction moves, each once: two datasets of one population, or two scores in one verdict,
// change the same account one after the other, and no change is lost.
import type { Budget } from '../budget.ts';
import type { Pool } from '../privacy-event.ts';

/** Accounts by whose they are. */
export type AccountBook = ReadonlyMap<string, Budget>;

/** Blocks of one population. */
export interface BlocksOf {
  readonly populationId: string;
  readonly blocks: readonly number[];
}
type AccountKey = Pick<Budget, 'populationId' | 'block' | 'pool'>;

const keyOf = ({ populationId, block, pool }: AccountKey): string => `${populationId} ${block} ${pool}`;

/** These accounts as a book. */
export const bookOf = (accounts: readonly Budget[]): AccountBook =>
  new Map(accounts.map((account) => [keyOf(account), account]));

/** @throws RangeError for an account that was not read (a programming mistake) */
export function accountIn(book: AccountBook, key: AccountKey): Budget {
  const account = book.get(keyOf(key));
  if (account === undefined) throw new RangeError(`account ${keyOf(key)} was not read`);
  return account;
}

/**
 * The book after a move of one pool's account of every block.
 *
 * A release about patients of several blocks costs each of them all of it: which block somebody is in is fixed for
 * life, so that nobody bears it twice (parallel composition), and nobody bears a part of it.
 */
export function moveAccounts(
  book: AccountBook,
  { populationId, blocks, pool }: BlocksOf & { readonly pool: Pool },
  move: (account: Budget) => Budget,
): AccountBook {
  const moved = new Map(book);
  for (const block of blocks) {
    const key = { populationId, block, pool };
    moved.set(keyOf(key), move(accountIn(moved, key)));
  }
  return moved;
}

/** The accounts of `after` that are not as they were. */
export const changedAccounts = (before: AccountBook, after: AccountBook): Budget[] =>
  [...after].filter(([key, account]) => before.get(key) !== account).map(([, account]) => account);
