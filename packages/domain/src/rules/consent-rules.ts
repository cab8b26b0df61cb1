// Granting, withdrawing and settling a consent, with the accounts it moves.

import { epsilonOfCost, timesCost } from '../accounting/privacy-cost.ts';
import { canonicalJson, type Sha256Of } from '../canonical-json.ts';
import type {
  ApproveConsent,
  Consent,
  ConsentApproval,
  ConsentRow,
  Decline,
  GrantConsent,
} from '../consent.ts';
import { type DatasetRow, populationIdOf } from '../dataset.ts';
import { DomainError } from '../errors.ts';
import { membershipOf, ofMembership } from '../member.ts';
import type { PrivacyCharge } from '../privacy-charge.ts';
import type { RecordedShare } from '../revision.ts';
import type { Round } from '../round.ts';
import { ROW_SCHEMA } from '../row-schema.ts';
import type { Study, StudyRow } from '../study.ts';
import type { Update } from '../update.ts';
import type { Verdict } from '../verdict.ts';
import { type AccountBook, moveAccounts } from './account-book.ts';
import { giveBack, spend } from './budget-rules.ts';
import { checkTerms } from './dataset-rules.ts';
import { type Given, givenShares, reserveBlocks } from './given-blocks.ts';
import {
  checkClaim,
  costPerRound,
  plannedScoreEvent,
  plannedTrainingEvent,
  recordedCost,
  reservedCost,
  timesRounds,
} from './plan-cost.ts';
import { blocksOf } from './revision-rules.ts';
import { isLive, planDigest, studyDigest } from './study-rules.ts';

/** @throws DomainError NOT_THE_OWNER */
export function requireOwner(
  row: { readonly datasetId: string; readonly owner: string },
  mspId: string,
): void {
  if (row.owner === mspId) return;
  throw new DomainError('NOT_THE_OWNER', `dataset ${row.datasetId} belongs to ${row.owner}`);
}

export function requireWanted(study: Study, datasetId: string): void {
  if (study.datasets.includes(datasetId)) return;
  throw new DomainError('DATASET_NOT_WANTED', `study ${study.studyId} does not ask for ${datasetId}`);
}

interface ConsentContext extends Given {
  readonly mspId: string;
  /** Which membership of the owner this is. */
  readonly membership: number;
  readonly at: string;
  readonly study: StudyRow;
  readonly dataset: DatasetRow;
  readonly existing: Consent | undefined;
  /** The last time that the dataset declined the study. */
  readonly declined: Decline | undefined;
  /** Enrolment id of the steward who calls. */
  readonly steward: string;
  readonly sha256: Sha256Of;
}

/**
 * The digest of the text that is consented to.
 *
 * @throws DomainError NOT_THE_OWNER, DATASET_NOT_WANTED, CONSENT_EXISTS, STUDY_STATE, STUDY_CHANGED, what the
 * terms refuse
 */
function checkConsentable(
  { studyId, datasetId, studySha256 }: ApproveConsent,
  { mspId, at, study, dataset, existing, sha256 }: ConsentContext,
): string {
  requireOwner(dataset, mspId);
  requireWanted(study, datasetId);
  if (existing !== undefined) {
    throw new DomainError('CONSENT_EXISTS', `${datasetId} already has a ${existing.state} consent`);
  }
  if (!isLive(study)) {
    throw new DomainError('STUDY_STATE', `study ${studyId} is ${study.state} and takes no consents`);
  }
  checkTerms(dataset, { purpose: study.purpose, requester: study.requester, at });
  const digest = studyDigest(study, sha256);
  if (studySha256 !== undefined && studySha256 !== digest) {
    throw new DomainError('STUDY_CHANGED', `text ${study.version} of study ${studyId} is ${digest}`);
  }
  return digest;
}

/**
 * One steward's approval of a consent that another steward will give.
 *
 * @throws DomainError as granting does, and APPROVAL_EXISTS for a steward who has approved this text
 */
export function approveConsent(
  argument: ApproveConsent,
  context: ConsentContext & { readonly approved: ConsentApproval | undefined },
): ConsentApproval {
  const { mspId, at, study, steward, approved, revision } = context;
  checkConsentable(argument, context);
  const { studyId, datasetId } = argument;
  const declines = context.declined?.number;
  const blocks = givenShares(argument.blocks, context);
  const patients = { revision: revision.revision, blocks };
  if (approved !== undefined && isApprovalOf(approved, patients, context)) {
    throw new DomainError('APPROVAL_EXISTS', `${steward} has approved this; another steward must`);
  }
  return {
    schema: ROW_SCHEMA['consent-approval'],
    studyId,
    datasetId,
    owner: mspId,
    ...ofMembership(context.membership),
    steward,
    studyVersion: study.version,
    ...patients,
    ...(declines !== undefined && { declines }),
    approvedAt: at,
  };
}

/**
 * Whether an approval is of this text and of these blocks of this revision. One of another text, or of other patients,
 * counts for nothing: what changed is approved again. Nor does one from before the dataset declined, since whoever gave
 * it did not know, or from an earlier membership of its owner.
 */
export const isApprovalOf = (
  approved: ConsentApproval,
  patients: { readonly revision: number; readonly blocks: readonly RecordedShare[] },
  { study, declined, membership }: Pick<ConsentContext, 'study' | 'declined' | 'membership'>,
): boolean =>
  approved.studyVersion === study.version &&
  (approved.revision ?? 1) === patients.revision &&
  canonicalJson(blocksOf(approved)) === canonicalJson(blocksOf(patients)) &&
  approved.declines === declined?.number &&
  membershipOf(approved) === membership;

/**
 * A consent and the accounts with the study's whole cost reserved: rounds times the cost of one, in both accounts of
 * each block that it gives.
 *
 * @throws DomainError NOT_THE_OWNER, STUDY_STATE, DATASET_NOT_WANTED, CONSENT_EXISTS, STUDY_CHANGED, what the terms
 * refuse, BLOCK_NOT_FOUND, BLOCK_RETIRED, CONSENT_INCOMPLETE, PRIVACY_COST_UNDERCLAIMED, BUDGET_EXCEEDED
 */
export function grantConsent(
  argument: GrantConsent,
  context: ConsentContext & {
    readonly book: AccountBook;
    /** What other stewards of the owner have approved. */
    readonly approvals: readonly ConsentApproval[];
  },
): { consent: ConsentRow; book: AccountBook } {
  const { mspId, at, study, dataset, steward } = context;
  const { studyId, datasetId, claimedEpsilon } = argument;
  const studySha256 = checkConsentable(argument, context);
  const blocks = givenShares(argument.blocks, context);
  const patients = { revision: context.revision.revision, blocks };
  const approving = context.approvals.filter((approval) => isApprovalOf(approval, patients, context));
  const stewards = [...new Set([...approving.map((approval) => approval.steward), steward])].sort();
  if (stewards.length < dataset.consentPolicy.stewards) {
    throw new DomainError(
      'CONSENT_INCOMPLETE',
      `${stewards.length} of the ${dataset.consentPolicy.stewards} stewards that ${datasetId} asks for consent; ` +
        'the others approve first',
    );
  }
  const cost = costPerRound(study);
  const { delta } = dataset.privacyBudget;
  const whole = timesRounds(cost, study.rounds);
  for (const pool of ['training', 'heldOut'] as const) {
    const field = `claimedEpsilon.${pool}`;
    checkClaim({ claimed: claimedEpsilon[pool], cost: whole[pool], delta, field });
  }
  return {
    consent: {
      schema: ROW_SCHEMA.consent,
      studyId,
      datasetId,
      owner: mspId,
      ...ofMembership(context.membership),
      state: 'granted',
      claimedEpsilon,
      ...recordedCost(cost),
      rounds: study.rounds,
      grantedAt: at,
      studyVersion: study.version,
      stewards,
      studySha256,
      planSha256: planDigest(study, context.sha256),
      ...patients,
    },
    book: reserveBlocks(context.book, { dataset, blocks: blocksOf(patients) }, whole),
  };
}

/** @throws DomainError CONSENT_STATE where the consent is withdrawn or settled. */
export function requireGranted(consent: Consent): void {
  if (consent.state === 'granted') return;
  throw new DomainError('CONSENT_STATE', `the consent of ${consent.datasetId} is ${consent.state}`);
}

/**
 * The study's plan is the one that was consented to. Members together that run other code could have rewritten
 * the study; without its owner's peer they cannot rewrite the consent.
 *
 * @throws DomainError STUDY_CHANGED
 */
export function requirePlan({ datasetId, planSha256 }: Consent, present: string): void {
  // Consents of old say nothing of it.
  if (planSha256 === undefined || planSha256 === present) return;
  throw new DomainError(
    'STUDY_CHANGED',
    `the plan is ${present}, and ${datasetId} consented to ${planSha256}`,
  );
}

/**
 * A withdrawn consent: no release may follow it. What is reserved is returned by settling. One that was settled after
 * its study ended in a model stays settled, and says when it was withdrawn.
 *
 * `latest` is the last round of the study. Whether its candidate could be scored is recorded by the order of the
 * ledger: the dates of two transactions are their senders' claims, and do not show which came first.
 *
 * @throws DomainError NOT_THE_OWNER, CONSENT_STATE, STUDY_STATE
 */
export function withdrawConsent(
  consent: ConsentRow,
  context: {
    readonly mspId: string;
    readonly at: string;
    readonly reason: string;
    readonly study: Study;
    readonly latest: Pick<RoundRecord, 'round' | 'verdict'> | undefined;
  },
): ConsentRow {
  const { latest, at, reason } = context;
  requireOwner(consent, context.mspId);
  const { studyId, state } = context.study;
  // The model is there and stays what it is: what follows is what the study's text says of it, and what is erased.
  if (consent.state === 'settled' && state === 'completed' && consent.withdrawnAt === undefined) {
    return { ...consent, withdrawnAt: at, reason };
  }
  requireGranted(consent);
  if (!isLive({ state })) {
    throw new DomainError('STUDY_STATE', `study ${studyId} is ${state}: settle the consent instead`);
  }
  const scorable = latest?.round.state === 'validating' && latest.verdict === undefined;
  const scorableRound = scorable ? latest.round.round : 0;
  return { ...consent, state: 'withdrawn', withdrawnAt: at, scorableRound, reason };
}

/** What the ledger has of one round, as far as one dataset is concerned. */
export interface RoundRecord {
  readonly round: Round;
  readonly update: Update | undefined;
  /** The verdict of the dataset's owner. */
  readonly verdict: Verdict | undefined;
}

/** What one dataset's part in a round was charged, or must be charged unseen. */
function chargesOf(
  { datasetId, withdrawnAt, scorableRound }: Consent,
  { round, update, verdict }: RoundRecord,
) {
  const takesPart = round.participants.some((participant) => participant.datasetId === datasetId);
  const scored = verdict?.scores.some((score) => score.datasetId === datasetId) ?? false;
  // From closing on, updates is there and a score may have been computed and sent.
  const scorable = takesPart && round.updates !== undefined;
  // A verdict after the withdrawal cannot have a score, whether one was sent to endorsers before or not. Which one came
  // after, withdrawals from before scorableRound do not say.
  const silenced = withdrawnAt !== undefined && (scorableRound ?? round.round) === round.round;
  // Of a round that went on without it, the ledger's order says whether there was a candidate before it withdrew.
  const unseen =
    scorableRound !== undefined && round.withdrawn?.includes(datasetId)
      ? scorableRound === round.round
      : verdict === undefined || silenced;
  return {
    training: update !== undefined ? 'recorded' : takesPart ? 'unseen' : 'none',
    heldOut: scored ? 'recorded' : scorable && unseen ? 'unseen' : 'none',
  } as const;
}

/**
 * A settled consent, its accounts without what was not spent, and charges for releases that nothing records. Its owner
 * settles it, or anyone where the owner has left: the row of it then needs the owner's peer all the same.
 *
 * A round that was open to the dataset but has no record of it may have seen a release all the same: the
 * machine may have died, or the round may have closed, between releasing and recording. Such a release is
 * charged, never free. A verdict without a score says that no score was released, unless the consent was withdrawn
 * while there was a candidate to score and the verdict came after that. Rounds that never opened cost nothing.
 *
 * @throws DomainError NOT_THE_OWNER, CONSENT_STATE, STUDY_STATE
 */
export function settleConsent(
  consent: ConsentRow,
  context: {
    readonly mspId: string;
    /** Whether the membership that gave it has ended. */
    readonly ownerLeft: boolean;
    readonly at: string;
    readonly transactionId: string;
    readonly study: Study;
    readonly dataset: DatasetRow;
    readonly book: AccountBook;
    readonly rounds: readonly RoundRecord[];
  },
): { consent: ConsentRow; book: AccountBook; charges: PrivacyCharge[] } {
  const { at, study, dataset, rounds } = context;
  if (!context.ownerLeft) requireOwner(consent, context.mspId);
  if (consent.state === 'settled') {
    throw new DomainError('CONSENT_STATE', `the consent of ${consent.datasetId} is settled already`);
  }
  if (consent.state === 'granted' && isLive(study)) {
    throw new DomainError(
      'STUDY_STATE',
      `study ${study.studyId} is ${study.state}: withdraw the consent first`,
    );
  }
  const outcome = rounds.map((record) => ({ record, ...chargesOf(consent, record) }));
  const of = { populationId: populationIdOf(dataset), blocks: blocksOf(consent) };
  const settle = (book: AccountBook, side: 'training' | 'heldOut') => {
    const cost = reservedCost(consent)[side];
    const pool = side === 'training' ? 'training' : 'held-out';
    const recorded = outcome.filter((round) => round[side] === 'recorded').length;
    const unseen = outcome.filter((round) => round[side] === 'unseen');
    const left = timesCost(cost, consent.rounds - recorded - unseen.length);
    return {
      book: moveAccounts(book, { ...of, pool }, (account) =>
        giveBack(spend(account, timesCost(cost, unseen.length)), left),
      ),
      charges: unseen.map(
        ({ record }): PrivacyCharge => ({
          schema: ROW_SCHEMA['privacy-charge'],
          datasetId: consent.datasetId,
          owner: consent.owner,
          studyId: consent.studyId,
          round: record.round.round,
          cause: 'settlement',
          privacyEvent: side === 'training' ? plannedTrainingEvent(study) : plannedScoreEvent(study),
          claimedEpsilon: epsilonOfCost(cost, dataset.privacyBudget.delta),
          blocks: of.blocks,
          transactionId: context.transactionId,
          chargedAt: at,
        }),
      ),
    };
  };
  const training = settle(context.book, 'training');
  const heldOut = settle(training.book, 'heldOut');
  return {
    consent: { ...consent, state: 'settled', settledAt: at },
    book: heldOut.book,
    charges: [...training.charges, ...heldOut.charges],
  };
}
