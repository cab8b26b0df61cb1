// Writes what the rules made of accounts.
import { type AccountBook, changedAccounts } from '@consilium/domain/rules';
import type { Ledger } from '../ledger/ledger.ts';

/** Writes the next version of each account that changed, once. */
export async function changeAccounts(ledger: Ledger, before: AccountBook, after: AccountBook): Promise<void> {
  for (const account of changedAccounts(before, after)) await ledger.accounts.change(account);
}
