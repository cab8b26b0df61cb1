// Who has a say in the rows that a consent rests on: the dataset, its accounts and the consent itself.
import { type ConsentRow, POOLS } from '@consilium/domain';
import { ownerAndMajority } from '../ledger/key-policy.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { findDataset, found } from './find.ts';

/**
 * Lays their policy by the present members. Those that joined since rely on these rows from now on, and otherwise the
 * member that registered first would rule the rows alone. Nothing is written where nothing changes.
 *
 * @throws DomainError DATASET_NOT_FOUND
 */
export async function guardConsented(ledger: Ledger, consent: ConsentRow): Promise<void> {
  const { datasetId, owner } = consent;
  const members = (await ledger.all('member')).map(({ mspId }) => mspId);
  const policy = ownerAndMajority(owner, members);
  await ledger.guardAnew('consent', consent, policy);
  await ledger.guardAnew('dataset', await findDataset(ledger, datasetId), policy);
  for (const pool of POOLS) {
    const account = await found(ledger.get('budget', datasetId, pool), 'DATASET_NOT_FOUND', datasetId);
    await ledger.guardAnew('budget', account, policy);
  }
}
