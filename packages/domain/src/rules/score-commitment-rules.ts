// Committing to a score: one dataset's one score in a round, named before it is shown.
import type { Consent } from '../consent.ts';
import { DomainError } from '../errors.ts';
import type { Round } from '../round.ts';
import { ROW_SCHEMA } from '../row-schema.ts';
import type { CommitScore, ScoreCommitment } from '../score-commitment.ts';
import type { Verdict } from '../verdict.ts';
import { requireGranted, requirePlan } from './consent-rules.ts';
import type { RoundContext } from './participation-rules.ts';
import { requireRunning } from './study-rules.ts';
import { requireParticipant } from './update-rules.ts';

/**
 * A commitment. A second one is recognised first, so that a sender who does not know what became of the first one
 * learns it. It charges nothing: the verdict that shows the score does.
 *
 * @throws DomainError NOT_A_PARTICIPANT, NOT_THE_OWNER, SCORE_COMMITTED, STUDY_STATE, ROUND_CLOSED, VERDICT_EXISTS,
 * CONSENT_STATE, STUDY_CHANGED
 */
export function commitScore(
  argument: CommitScore,
  context: RoundContext & {
    readonly round: Round;
    readonly existing: ScoreCommitment | undefined;
    /** The verdict of the dataset's owner on this round. */
    readonly verdict: Verdict | undefined;
    readonly consent: Consent;
    readonly planSha256: string;
  },
): ScoreCommitment {
  const { mspId, at, study, round, existing, verdict, consent, planSha256 } = context;
  const { datasetId } = argument;
  requireParticipant(round, datasetId, mspId);
  if (existing !== undefined) {
    throw new DomainError('SCORE_COMMITTED', `round ${round.round} has a score of ${datasetId}`);
  }
  requireRunning(study);
  if (round.state !== 'validating') {
    throw new DomainError('ROUND_CLOSED', `round ${round.round} is ${round.state} and takes no scores`);
  }
  if (verdict !== undefined) {
    throw new DomainError('VERDICT_EXISTS', `${mspId} has given its verdict on round ${round.round}`);
  }
  requireGranted(consent);
  requirePlan(consent, planSha256);
  return { schema: ROW_SCHEMA['score-commitment'], ...argument, owner: mspId, committedAt: at };
}
