// Keys for studies on the ledger in memory: one for each hospital and dataset, each with its proof, none ever replaced.
import {
  DomainError,
  type RecordStudyKeys,
  type Round,
  type StudyKey,
  sealedToStudyKeys,
  type Update,
} from '@consilium/domain';
import { provesStudyKey } from '@consilium/domain/key-proof';

export class MemoryStudyKeys {
  readonly rows: StudyKey[] = [];
  /** As a ledger from before there were such keys. */
  areUnknown = false;

  record(mspId: string, { studyId, keys }: RecordStudyKeys, recordedAt: string): void {
    this.#requireKnown();
    for (const key of keys) {
      if (this.#find(studyId, key.datasetId).some((row) => row.mspId === mspId)) {
        throw new DomainError('STUDY_KEY_EXISTS', key.datasetId);
      }
      if (this.rows.some((row) => row.encryptionPublicKey === key.encryptionPublicKey)) {
        throw new DomainError('KEY_USED', key.datasetId);
      }
      if (!provesStudyKey({ ...key, channel: 'consortium', mspId, studyId })) {
        throw new DomainError('KEY_UNPROVEN', key.datasetId);
      }
    }
    this.rows.push(...keys.map((key) => ({ schema: 1, studyId, ...key, mspId, recordedAt })));
  }

  ofDataset(studyId: string, datasetId: string): StudyKey[] {
    this.#requireKnown();
    return this.#find(studyId, datasetId);
  }

  requireKeyed(update: Pick<Update, 'studyId' | 'datasetId' | 'sealedToMemberKeys'>, round: Round): void {
    const keyed = this.#find(update.studyId, update.datasetId).map(({ mspId }) => mspId);
    const unkeyed = sealedToStudyKeys(update, round).find((mspId) => !keyed.includes(mspId));
    if (unkeyed !== undefined) throw new DomainError('INVALID_ARGUMENT', `${unkeyed} has no key`);
  }

  #find(studyId: string, datasetId: string): StudyKey[] {
    return this.rows.filter((row) => row.studyId === studyId && row.datasetId === datasetId);
  }

  #requireKnown(): void {
    if (this.areUnknown) throw new DomainError('INVALID_ARGUMENT', 'there is no such transaction');
  }
}
