// How often a study's use of a dataset was charged: the key of each charge says whose it is, and of which account.
import type { Consent, Pool } from '@consilium/domain';
import type { LedgerHistory } from '../read-model/ledger-history.ts';

/** The number of charges of one use to each of its accounts. */
export function chargesOf(
  history: LedgerHistory,
  { studyId, datasetId }: Pick<Consent, 'studyId' | 'datasetId'>,
): (pool: Pool) => number {
  const charges = new Map<string, number>();
  for (const [, , , , pool = ''] of history.lookUpKeys('chargesOfUse', `${datasetId} ${studyId}`)) {
    charges.set(pool, (charges.get(pool) ?? 0) + 1);
  }
  return (pool) => charges.get(pool) ?? 0;
}
