// Which keys of a member a study takes, and whether an update was sealed to them.
import { DomainError } from '../errors.ts';
import type { MemberKey } from '../member.ts';
import { type Problem, problem } from '../problem.ts';
import type { Round } from '../round.ts';
import { ROW_SCHEMA } from '../row-schema.ts';
import type { Study } from '../study.ts';
import type { RecordStudyKeys, StudyKey } from '../study-key.ts';
import type { Update } from '../update.ts';
import { duplicates } from './duplicates.ts';
import { isLive } from './study-rules.ts';

/** What the ledger knows of one key that is to be recorded. */
export interface KeyFacts {
  /** The member's key for this dataset in this study, if there is one. */
  readonly existing: StudyKey | undefined;
  /** The record of this very key, if any member has or had it, for whatever it is. */
  readonly used: MemberKey | undefined;
  /** Whether the proof is by the key's private half, for this member, channel, study and dataset. */
  readonly proven: boolean;
}

/**
 * A member's keys for a study, each for the updates of one dataset. There is one for each dataset, for good: whoever
 * could replace one could say afterwards that the updates were sealed to another.
 *
 * @throws DomainError STUDY_STATE, NOT_A_PARTICIPANT, INVALID_ARGUMENT, DATASET_NOT_WANTED, STUDY_KEY_EXISTS, KEY_USED,
 * KEY_UNPROVEN
 */
export function recordStudyKeys(
  { studyId, keys }: RecordStudyKeys,
  context: {
    readonly mspId: string;
    readonly at: string;
    readonly study: Study;
    /** Whether the member has a consent in this study that is not settled. */
    readonly consents: boolean;
    /** By the place in the list. */
    readonly facts: readonly KeyFacts[];
  },
): StudyKey[] {
  const { mspId, at, study, facts } = context;
  if (!isLive(study)) {
    throw new DomainError('STUDY_STATE', `study ${studyId} is ${study.state} and takes no keys`);
  }
  if (!context.consents) {
    throw new DomainError('NOT_A_PARTICIPANT', `${mspId} has no open consent in study ${studyId}`);
  }
  const twice = [
    ...duplicates(keys.map(({ datasetId }) => datasetId)).map((id) => `has dataset ${id} twice`),
    ...duplicates(keys.map((key) => key.encryptionPublicKey)).map((key) => `has the key ${key} twice`),
  ].map((text) => problem('keys', text));
  if (twice.length > 0) throw new DomainError('INVALID_ARGUMENT', twice.slice(0, 8));
  return keys.map((key, i) => {
    const { datasetId } = key;
    const { existing, used, proven } = facts[i]!;
    if (!study.datasets.includes(datasetId)) {
      throw new DomainError('DATASET_NOT_WANTED', `study ${studyId} does not ask for ${datasetId}`);
    }
    if (existing !== undefined) {
      throw new DomainError(
        'STUDY_KEY_EXISTS',
        `${mspId} recorded its key for ${datasetId} at ${existing.recordedAt}`,
      );
    }
    if (used !== undefined) {
      throw new DomainError(
        'KEY_USED',
        `the key for ${datasetId} is one that ${used.mspId} has had: make another`,
      );
    }
    if (!proven) {
      throw new DomainError(
        'KEY_UNPROVEN',
        `keyProof for ${datasetId} is no signature by its key for ${mspId} in study ${studyId}`,
      );
    }
    return { schema: ROW_SCHEMA['study-key'], studyId, ...key, mspId, recordedAt: at };
  });
}

/** A study's key as a key that was used: nobody registers it for anything else. */
export const usedKeyOf = ({ encryptionPublicKey, mspId, studyId, datasetId }: StudyKey): MemberKey => ({
  schema: ROW_SCHEMA['member-key'],
  encryptionPublicKey,
  mspId,
  studyId,
  datasetId,
});

/** Whose key for this dataset an update says that it is sealed to: those of the round that it does not except. */
export const sealedToStudyKeys = (
  { sealedToMemberKeys }: Pick<Update, 'sealedToMemberKeys'>,
  { validators }: Pick<Round, 'validators'>,
): string[] =>
  sealedToMemberKeys === undefined ? [] : validators.filter((mspId) => !sealedToMemberKeys.includes(mspId));

/** What is wrong with what an update says of the keys that it is sealed to. `keyed`: members that have such a key. */
export function sealingProblems(
  update: Pick<Update, 'sealedToMemberKeys' | 'datasetId'>,
  { round, keyed }: { readonly round: Pick<Round, 'validators'>; readonly keyed: readonly string[] },
): Problem[] {
  const { sealedToMemberKeys: named = [], datasetId } = update;
  const of = (text: string) => problem('sealedToMemberKeys', text);
  return [
    ...duplicates(named).map((mspId) => of(`has ${mspId} twice`)),
    ...named
      .filter((mspId) => !round.validators.includes(mspId))
      .map((mspId) => of(`has ${mspId}, which takes no part in the round`)),
    ...sealedToStudyKeys(update, round)
      .filter((mspId) => !keyed.includes(mspId))
      .map((mspId) => of(`must have ${mspId}, which has no key for ${datasetId} in this study`)),
  ];
}
