// How often a study's use of a dataset was charged: the key of each charge says whose it is, and of which account.
import type { Consent, Pool } from '@consilium/domain';
import type { LedgerHistory } from '../read-model/ledger-history.ts';

/** The number of charges of one use to each of its accounts. */
export function chargesOf(
  history: LedgerHistory,
  { studyId, datasetId }: Pick<Consent, 'studyId' | 'datasetId'>,
): (pool: Pool) => number {
  const charges = new Map<Pool, number>();
  return (pool) => {
    const known = charges.get(pool);
    if (known !== undefined) return known;
    const counted = history.count('chargesOfUse', `${datasetId} ${studyId} ${pool}`);
    charges.set(pool, counted);
    return counted;
  };
}
