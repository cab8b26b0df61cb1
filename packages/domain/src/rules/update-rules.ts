// Recording an update: one dataset's one release in a round, and its charge.
import type { Consent } from '../consent.ts';
import { type DatasetRow, populationIdOf } from '../dataset.ts';
import { DomainError } from '../errors.ts';
import type { PrivacyCharge } from '../privacy-charge.ts';
import type { Round } from '../round.ts';
import { ROW_SCHEMA } from '../row-schema.ts';
import type { RecordUpdate, Update } from '../update.ts';
import type { Release } from '../used-once.ts';
import { type AccountBook, moveAccounts } from './account-book.ts';
import { spend } from './budget-rules.ts';
import { requireGranted, requirePlan } from './consent-rules.ts';
import type { RoundContext } from './participation-rules.ts';
import { checkClaim, checkEvent, plannedTrainingEvent, reservedCost } from './plan-cost.ts';
import { blocksOf } from './revision-rules.ts';
import { sealingProblems } from './study-key-rules.ts';
import { requireRunning } from './study-rules.ts';

/**
 * An update, the accounts after the charge, and the charge: to each block of patients that the consent gives.
 *
 * A second update is recognised first, so that a sender who does not know what became of the first one learns
 * it. An update that comes after the deadline counts as long as nobody has closed the round.
 *
 * @throws DomainError STUDY_STATE, NOT_A_PARTICIPANT, NOT_THE_OWNER, UPDATE_EXISTS, ROUND_CLOSED, CONSENT_STATE,
 * STUDY_CHANGED, UPDATE_REPLAYED, INVALID_ARGUMENT, PRIVACY_EVENT_MISMATCH, PRIVACY_COST_UNDERCLAIMED
 */
export function recordUpdate(
  argument: RecordUpdate,
  context: RoundContext & {
    readonly transactionId: string;
    readonly round: Round;
    readonly existing: Update | undefined;
    /** Where these parameters were released before. */
    readonly released: Release | undefined;
    readonly consent: Consent;
    readonly dataset: DatasetRow;
    readonly book: AccountBook;
    readonly planSha256: string;
    /** Hospitals of the round that have a key for this dataset in this study. */
    readonly keyed: readonly string[];
  },
): { update: Update; book: AccountBook; charge: PrivacyCharge } {
  const { mspId, at, transactionId, study, round, existing, released, consent, dataset } = context;
  const { datasetId, privacyEvent, claimedEpsilon } = argument;
  requireParticipant(round, datasetId, mspId);
  if (existing !== undefined) {
    throw new DomainError('UPDATE_EXISTS', `${datasetId} has contributed to round ${round.round}`);
  }
  requireRunning(study);
  if (round.state !== 'training') {
    throw new DomainError('ROUND_CLOSED', `round ${round.round} is ${round.state} and takes no updates`);
  }
  requireGranted(consent);
  requirePlan(consent, context.planSha256);
  if (released !== undefined) {
    const { studyId, round: before, datasetId: of } = released;
    throw new DomainError(
      'UPDATE_REPLAYED',
      `this is the update of ${of} in round ${before} of study ${studyId}`,
    );
  }
  const problems = sealingProblems(argument, { round, keyed: context.keyed });
  if (problems.length > 0) throw new DomainError('INVALID_ARGUMENT', problems.slice(0, 8));
  checkEvent(privacyEvent, plannedTrainingEvent(study));
  const cost = reservedCost(consent).training;
  const { delta } = dataset.privacyBudget;
  checkClaim({ claimed: claimedEpsilon, cost, delta, field: 'claimedEpsilon' });
  const of = { populationId: populationIdOf(dataset), blocks: blocksOf(consent) };
  return {
    update: { schema: ROW_SCHEMA.update, ...argument, owner: mspId, recordedAt: at },
    book: moveAccounts(context.book, { ...of, pool: 'training' }, (account) => spend(account, cost)),
    charge: {
      schema: ROW_SCHEMA['privacy-charge'],
      datasetId,
      owner: mspId,
      studyId: study.studyId,
      round: round.round,
      cause: 'update',
      privacyEvent,
      claimedEpsilon,
      blocks: of.blocks,
      transactionId,
      chargedAt: at,
    },
  };
}

/** @throws DomainError NOT_A_PARTICIPANT, NOT_THE_OWNER */
export function requireParticipant({ participants, round }: Round, datasetId: string, mspId: string): void {
  const participant = participants.find((candidate) => candidate.datasetId === datasetId);
  if (participant === undefined) {
    throw new DomainError('NOT_A_PARTICIPANT', `${datasetId} takes no part in round ${round}`);
  }
  if (participant.mspId !== mspId) {
    throw new DomainError('NOT_THE_OWNER', `dataset ${datasetId} belongs to ${participant.mspId}`);
  }
}
