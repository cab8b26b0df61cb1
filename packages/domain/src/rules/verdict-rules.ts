// Recording a verdict: one member's judgement of a round, and the charges of its scores.
import type { Consent } from '../consent.ts';
import { type DatasetRow, populationIdOf } from '../dataset.ts';
import { DomainError } from '../errors.ts';
import type { PrivacyCharge } from '../privacy-charge.ts';
import { type Problem, problem } from '../problem.ts';
import type { Round } from '../round.ts';
import { ROW_SCHEMA } from '../row-schema.ts';
import type { RecordVerdict, Verdict } from '../verdict.ts';
import { type AccountBook, moveAccounts } from './account-book.ts';
import { spend } from './budget-rules.ts';
import { requireGranted, requirePlan } from './consent-rules.ts';
import { duplicates } from './duplicates.ts';
import { asWithdrawn, type RoundContext, requireJudge, requireValidator } from './participation-rules.ts';
import { checkClaim, checkEvent, plannedScoreEvent, reservedCost } from './plan-cost.ts';
import { blocksOf } from './revision-rules.ts';
import { requireRunning } from './study-rules.ts';
import { requireParticipant } from './update-rules.ts';

function decisionProblems({ decisions, scores }: RecordVerdict, { updates = [] }: Round): Problem[] {
  const decided = decisions.map(({ datasetId }) => datasetId);
  return [
    ...duplicates(decided).map((datasetId) => problem('decisions', `has ${datasetId} twice`)),
    ...updates
      .filter((datasetId) => !decided.includes(datasetId))
      .map((datasetId) => problem('decisions', `must decide on ${datasetId}`)),
    ...[...new Set(decided)]
      .filter((datasetId) => !updates.includes(datasetId))
      .map((datasetId) => problem('decisions', `has ${datasetId}, which has no update in this round`)),
    ...duplicates(scores.map(({ datasetId }) => datasetId)).map((id) => problem('scores', `has ${id} twice`)),
  ];
}

/**
 * A verdict, the accounts after the charges, and the charges: to each block of patients that a score's consent gives.
 *
 * `own` holds the member's datasets in the round with the consent of each, `book` their held-out accounts. A member that
 * accepts the candidate must have scored it on each of them whose consent is in force.
 *
 * @throws DomainError STUDY_STATE, NOT_A_PARTICIPANT, NOT_THE_OWNER, VERDICT_EXISTS, ROUND_CLOSED,
 * INVALID_ARGUMENT, CONSENT_STATE, STUDY_CHANGED, PRIVACY_EVENT_MISMATCH, PRIVACY_COST_UNDERCLAIMED
 */
export function recordVerdict(
  argument: RecordVerdict,
  context: RoundContext & {
    readonly transactionId: string;
    readonly round: Round;
    readonly existing: Verdict | undefined;
    readonly signerSha256: string;
    readonly planSha256: string;
    readonly own: ReadonlyMap<string, { readonly consent: Consent; readonly dataset: DatasetRow }>;
    readonly book: AccountBook;
  },
): { verdict: Verdict; book: AccountBook; charges: PrivacyCharge[] } {
  const { mspId, at, transactionId, study, round, existing, own, signerSha256 } = context;
  requireValidator(round, mspId);
  if (existing !== undefined) {
    throw new DomainError('VERDICT_EXISTS', `${mspId} has given its verdict on round ${round.round}`);
  }
  requireJudge(
    asWithdrawn(
      round,
      [...own.values()].map(({ consent }) => consent),
    ),
    mspId,
  );
  requireRunning(study);
  if (round.state !== 'validating') {
    throw new DomainError('ROUND_CLOSED', `round ${round.round} is ${round.state} and takes no verdicts`);
  }
  const problems = decisionProblems(argument, round);
  if (argument.accepted) {
    for (const [datasetId, { consent }] of own) {
      if (consent.state !== 'granted') continue;
      if (argument.scores.some((score) => score.datasetId === datasetId)) continue;
      problems.push(problem('scores', `must score the accepted candidate on ${datasetId}`));
    }
  }
  if (problems.length > 0) throw new DomainError('INVALID_ARGUMENT', problems.slice(0, 8));

  let { book } = context;
  const charges: PrivacyCharge[] = [];
  argument.scores.forEach(({ datasetId, privacyEvent, claimedEpsilon }, i) => {
    requireParticipant(round, datasetId, mspId);
    const { consent, dataset } = own.get(datasetId)!;
    requireGranted(consent);
    requirePlan(consent, context.planSha256);
    checkEvent(privacyEvent, plannedScoreEvent(study));
    const cost = reservedCost(consent).heldOut;
    const field = `scores.${i}.claimedEpsilon`;
    const { delta } = dataset.privacyBudget;
    checkClaim({ claimed: claimedEpsilon, cost, delta, field });
    const of = { populationId: populationIdOf(dataset), blocks: blocksOf(consent) };
    // One after the other: two scores of one population cost the same accounts twice.
    book = moveAccounts(book, { ...of, pool: 'held-out' }, (account) => spend(account, cost));
    charges.push({
      schema: ROW_SCHEMA['privacy-charge'],
      datasetId,
      owner: mspId,
      studyId: study.studyId,
      round: round.round,
      cause: 'verdict',
      privacyEvent,
      claimedEpsilon,
      blocks: of.blocks,
      transactionId,
      chargedAt: at,
    });
  });
  return {
    verdict: { schema: ROW_SCHEMA.verdict, ...argument, mspId, recordedAt: at, signerSha256 },
    book,
    charges,
  };
}
