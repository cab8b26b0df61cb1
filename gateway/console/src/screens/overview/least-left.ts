// Which account of a dataset is shown: the one that the next study meets first.
import type { GetBudgetAnswer } from '@consilium/client/browser';

type Account = Pick<GetBudgetAnswer, 'pool' | 'leftEpsilon'>;

/** Of the accounts of a pool, one for each block of patients, the one with the least left; none where there is none. */
export function leastLeft<T extends Account>(accounts: readonly T[], pool: Account['pool']): T | undefined {
  return accounts
    .filter((account) => account.pool === pool)
    .reduce<T | undefined>(
      (least, account) =>
        least === undefined || Number(account.leftEpsilon) < Number(least.leftEpsilon) ? account : least,
      undefined,
    );
}
