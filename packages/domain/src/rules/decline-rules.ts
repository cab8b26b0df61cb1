// Declining a study: a hospital's answer on record, with a reason.
import type { Consent, Decline, DeclineStudy } from '../consent.ts';
import type { DatasetRow } from '../dataset.ts';
import { DomainError } from '../errors.ts';
import { ROW_SCHEMA } from '../row-schema.ts';
import type { StudyRow } from '../study.ts';
import { requireOwner, requireWanted } from './consent-rules.ts';
import { isLive } from './study-rules.ts';

/**
 * A study declined for one dataset, by one steward. It reserves nothing and binds nobody: a consent may follow it, with
 * approvals that were given after it.
 *
 * @throws DomainError NOT_THE_OWNER, DATASET_NOT_WANTED, CONSENT_EXISTS, STUDY_STATE, DECLINE_EXISTS
 */
export function declineStudy(
  argument: DeclineStudy,
  context: {
    readonly mspId: string;
    readonly at: string;
    readonly study: StudyRow;
    readonly dataset: DatasetRow;
    readonly existing: Consent | undefined;
    /** The last time that the dataset declined the study. */
    readonly declined: Decline | undefined;
    readonly steward: string;
  },
): Decline {
  const { mspId, at, study, dataset, existing, steward, declined } = context;
  const { datasetId, studyId } = argument;
  requireOwner(dataset, mspId);
  requireWanted(study, datasetId);
  if (existing !== undefined) {
    const instead = existing.state === 'granted' ? ': withdraw it instead' : '';
    throw new DomainError('CONSENT_EXISTS', `${datasetId} already has a ${existing.state} consent${instead}`);
  }
  if (!isLive(study)) {
    throw new DomainError('STUDY_STATE', `study ${studyId} is ${study.state}: there is nothing to decline`);
  }
  if (declined?.studyVersion === study.version) {
    throw new DomainError(
      'DECLINE_EXISTS',
      `${datasetId} declined text ${study.version} on ${declined.declinedAt}`,
    );
  }
  return {
    schema: ROW_SCHEMA.decline,
    ...argument,
    owner: mspId,
    steward,
    studyVersion: study.version,
    number: (declined?.number ?? 0) + 1,
    declinedAt: at,
  };
}
