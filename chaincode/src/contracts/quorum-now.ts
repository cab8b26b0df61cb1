// What hospitals have said of a study so far, and whether that is enough for its quorum.
import type { ConsentRow, Departure, StudyAnswer, StudyQuorum, StudyRow } from '@consilium/domain';
import { membershipOf } from '@consilium/domain';
import { inMembership, quorumOf, type Standing } from '@consilium/domain/rules';
import type { Ledger } from '../ledger/ledger.ts';
import { consentOf, departureOf, findDataset, findMembership } from './find.ts';

/** The quorum of a study as it is now, or as it is once somebody's departure is written. */
export async function quorumNow(
  ledger: Ledger,
  study: StudyRow,
  leaving?: Departure | undefined,
): Promise<StudyQuorum> {
  const standings: Standing[] = [];
  const left = new Map<string, boolean>();
  for (const datasetId of study.datasets) {
    const consent = await consentOf(ledger, study.studyId, datasetId);
    const owner = consent?.owner ?? (await findDataset(ledger, datasetId)).owner;
    if (!left.has(owner)) {
      const isLeaving = leaving?.mspId === owner;
      left.set(owner, isLeaving || (await hasLeft(ledger, owner)));
    }
    const declined =
      consent === undefined ? await ledger.get('decline', study.studyId, datasetId) : undefined;
    standings.push({
      datasetId,
      owner,
      consent: after(consent, leaving),
      ownerLeft: left.get(owner)!,
      isDeclined: declined?.studyVersion === study.version,
    });
  }
  return quorumOf(study, standings);
}

const after = (consent: ConsentRow | undefined, leaving: Departure | undefined): ConsentRow | undefined =>
  consent !== undefined && consent.owner === leaving?.mspId && membershipOf(consent) === membershipOf(leaving)
    ? inMembership(consent, leaving)
    : consent;

/** A study as it is answered: with its quorum while that matters. */
export async function studyAnswer(ledger: Ledger, study: StudyRow): Promise<StudyAnswer> {
  const isOpen = study.state === 'proposed' || study.state === 'running' || study.state === 'paused';
  return isOpen ? { ...study, quorumNow: await quorumNow(ledger, study) } : study;
}

/** Whether the organisation that proposed a study is a member no more. */
export const hasLeft = async (ledger: Ledger, mspId: string): Promise<boolean> =>
  (await findMembership(ledger, mspId)).left !== undefined;

/** Whether the membership that gave a consent has ended, its owner having returned or not. */
export const ownerLeft = async (ledger: Ledger, consent: ConsentRow): Promise<boolean> =>
  (await departureOf(ledger, consent.owner, consent)) !== undefined;
