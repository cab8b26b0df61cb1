// A score's commitment names a score on the ledger before anybody sees it. Endorsers read a verdict before it is ordered;
// so a trainer shows a score only once the ledger has its commitment, of which there is one for each charge.
import type { Static } from 'typebox';
import { Described, Id, Instant, MspId, RoundNumber, RowSchema, Sha256, Strict } from './primitives.ts';

export const CommitScore = Strict({
  studyId: Id,
  round: RoundNumber,
  datasetId: Id,
  scoreSha256: Described(
    Sha256,
    'SHA-256 of the score as its trainer wrote it down, with 32 secret random bytes: it tells nothing of what is counted.',
  ),
});
export type CommitScore = Static<typeof CommitScore>;

/** The commitment to one score of a round, as a row. */
export const ScoreCommitment = Strict({
  schema: RowSchema,
  ...CommitScore.properties,
  owner: MspId,
  committedAt: Instant,
});
export type ScoreCommitment = Static<typeof ScoreCommitment>;
