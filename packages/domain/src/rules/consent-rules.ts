// Granting, withdrawing and settling a consent, with the accounts it moves.

import { epsilonOfCost, timesCost } from '../accounting/privacy-cost.ts';
import type { ConsentQuote } from '../answers.ts';
import type { Budget } from '../budget.ts';
import type { Sha256Of } from '../canonical-json.ts';
import type { ApproveConsent, Consent, ConsentApproval, ConsentRow, GrantConsent } from '../consent.ts';
import type { Dataset, DatasetRow } from '../dataset.ts';
import { DomainError } from '../errors.ts';
import { ofMembership } from '../member.ts';
import type { PrivacyCharge } from '../privacy-charge.ts';
import type { Round } from '../round.ts';
import { ROW_SCHEMA } from '../row-schema.ts';
import type { Study, StudyRow } from '../study.ts';
import type { Update } from '../update.ts';
import type { Verdict } from '../verdict.ts';
import { afterReserving, epsilonIn, giveBack, reserve, spend, statementOf } from './budget-rules.ts';
import { checkTerms } from './dataset-rules.ts';
import {
  checkClaim,
  costPerRound,
  plannedScoreEvent,
  plannedTrainingEvent,
  recordedCost,
  reservedCost,
  timesRounds,
} from './plan-cost.ts';
import { isLive, planDigest, studyDigest } from './study-rules.ts';

/** Both accounts of a dataset. */
export interface Accounts {
  readonly training: Budget;
  readonly heldOut: Budget;
}

/** @throws DomainError NOT_THE_OWNER */
export function requireOwner(
  row: { readonly datasetId: string; readonly owner: string },
  mspId: string,
): void {
  if (row.owner === mspId) return;
  throw new DomainError('NOT_THE_OWNER', `dataset ${row.datasetId} belongs to ${row.owner}`);
}

function requireWanted(study: Study, datasetId: string): void {
  if (study.datasets.includes(datasetId)) return;
  throw new DomainError('DATASET_NOT_WANTED', `study ${study.studyId} does not ask for ${datasetId}`);
}

/** What a consent would reserve. @throws DomainError DATASET_NOT_WANTED */
export function quoteConsent(
  study: Study,
  { dataset, accounts, sha256 }: { dataset: Dataset; accounts: Accounts; sha256: Sha256Of },
): ConsentQuote {
  requireWanted(study, dataset.datasetId);
  const cost = costPerRound(study);
  const { training, heldOut } = timesRounds(cost, study.rounds);
  const after = {
    training: afterReserving(accounts.training, training),
    heldOut: afterReserving(accounts.heldOut, heldOut),
  };
  return {
    studyId: study.studyId,
    datasetId: dataset.datasetId,
    claimedEpsilon: {
      training: epsilonIn(accounts.training, training),
      heldOut: epsilonIn(accounts.heldOut, heldOut),
    },
    claimedEpsilonPerRound: {
      training: epsilonIn(accounts.training, cost.training),
      heldOut: epsilonIn(accounts.heldOut, cost.heldOut),
    },
    committedAfter: { training: after.training.committed, heldOut: after.heldOut.committed },
    left: {
      training: statementOf(accounts.training).leftEpsilon,
      heldOut: statementOf(accounts.heldOut).leftEpsilon,
    },
    fits: after.training.fits && after.heldOut.fits,
    ...(study.weights !== undefined && { weights: study.weights }),
    studySha256: studyDigest(study, sha256),
  };
}

interface ConsentContext {
  readonly mspId: string;
  /** Which membership of the owner this is. */
  readonly membership: number;
  readonly at: string;
  readonly study: StudyRow;
  readonly dataset: DatasetRow;
  readonly existing: Consent | undefined;
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
  const { mspId, at, study, steward, approved } = context;
  checkConsentable(argument, context);
  const { studyId, datasetId } = argument;
  if (approved?.studyVersion === study.version) {
    throw new DomainError('APPROVAL_EXISTS', `${steward} has approved this; another steward must`);
  }
  return {
    schema: ROW_SCHEMA['consent-approval'],
    studyId,
    datasetId,
    owner: mspId,
    steward,
    studyVersion: study.version,
    approvedAt: at,
  };
}

/**
 * A consent and the accounts with the study's whole cost reserved: rounds times the cost of one, per account.
 *
 * @throws DomainError NOT_THE_OWNER, STUDY_STATE, DATASET_NOT_WANTED, CONSENT_EXISTS, STUDY_CHANGED, what the terms
 * refuse, CONSENT_INCOMPLETE, PRIVACY_COST_UNDERCLAIMED, BUDGET_EXCEEDED
 */
export function grantConsent(
  argument: GrantConsent,
  context: ConsentContext & {
    readonly accounts: Accounts;
    /** What other stewards of the owner have approved. */
    readonly approvals: readonly ConsentApproval[];
  },
): { consent: ConsentRow; accounts: Accounts } {
  const { mspId, at, study, dataset, accounts, steward } = context;
  const { studyId, datasetId, claimedEpsilon } = argument;
  const studySha256 = checkConsentable(argument, context);
  // An approval of another text counts for nothing: what was amended is approved again.
  const approving = context.approvals.filter(({ studyVersion }) => studyVersion === study.version);
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
    },
    accounts: {
      training: reserve(accounts.training, whole.training),
      heldOut: reserve(accounts.heldOut, whole.heldOut),
    },
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
 * A withdrawn consent: no release may follow it. What is reserved is returned by settling.
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
  requireGranted(consent);
  const { studyId, state } = context.study;
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
    readonly delta: string;
    readonly accounts: Accounts;
    readonly rounds: readonly RoundRecord[];
  },
): { consent: ConsentRow; accounts: Accounts; charges: PrivacyCharge[] } {
  const { at, study, delta, accounts, rounds } = context;
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
  const settle = (pool: 'training' | 'heldOut') => {
    const cost = reservedCost(consent)[pool];
    const recorded = outcome.filter((round) => round[pool] === 'recorded').length;
    const unseen = outcome.filter((round) => round[pool] === 'unseen');
    const spent = spend(accounts[pool], timesCost(cost, unseen.length));
    return {
      account: giveBack(spent, timesCost(cost, consent.rounds - recorded - unseen.length)),
      charges: unseen.map(
        ({ record }): PrivacyCharge => ({
          schema: ROW_SCHEMA['privacy-charge'],
          datasetId: consent.datasetId,
          owner: consent.owner,
          studyId: consent.studyId,
          round: record.round.round,
          cause: 'settlement',
          privacyEvent: pool === 'training' ? plannedTrainingEvent(study) : plannedScoreEvent(study),
          claimedEpsilon: epsilonOfCost(cost, delta),
          transactionId: context.transactionId,
          chargedAt: at,
        }),
      ),
    };
  };
  const training = settle('training');
  const heldOut = settle('heldOut');
  return {
    consent: { ...consent, state: 'settled', settledAt: at },
    accounts: { training: training.account, heldOut: heldOut.account },
    charges: [...training.charges, ...heldOut.charges],
  };
}
