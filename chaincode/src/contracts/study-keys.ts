// What the ledger knows of keys that a member records for a study.
import type { RecordStudyKeys, Round } from '@consilium/domain';
import { provesStudyKey } from '@consilium/domain/key-proof';
import type { KeyFacts } from '@consilium/domain/rules';
import type { Ledger } from '../ledger/ledger.ts';

/** By the place in the list: the member's key for that dataset, who has had this very key, and whether it is proven. */
export async function keyFacts(
  ledger: Ledger,
  { studyId, keys }: RecordStudyKeys,
  by: { readonly mspId: string; readonly channel: string },
): Promise<KeyFacts[]> {
  const facts: KeyFacts[] = [];
  for (const key of keys) {
    facts.push({
      existing: await ledger.get('study-key', studyId, key.datasetId, by.mspId),
      used: await ledger.get('member-key', key.encryptionPublicKey),
      proven: provesStudyKey({ ...key, ...by, studyId }),
    });
  }
  return facts;
}

/** Of these hospitals those that have a key for a dataset in a study. Such a row never changes. */
export async function keyedOf(
  ledger: Ledger,
  { studyId, datasetId }: { readonly studyId: string; readonly datasetId: string },
  mspIds: Round['validators'],
): Promise<string[]> {
  const keyed: string[] = [];
  for (const mspId of mspIds) {
    if ((await ledger.get('study-key', studyId, datasetId, mspId)) !== undefined) keyed.push(mspId);
  }
  return keyed;
}
