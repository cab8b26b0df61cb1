// A score as the journal keeps it until the ledger has it. What was drawn is sent as it was drawn, whichever version of
// this program drew it: counting otherwise would be a second release.
import type { Decision, Score } from '@consilium/domain';
import { TrainerError } from '../errors.ts';
import type { Counts } from './held-out-score.ts';

/** Counts that were released: of right and wrong, or, by versions before, of right and all. */
export type ReleasedCounts = Counts | { readonly correct: number; readonly total: number };

/** A score with the judgement that it belongs to, which is fixed with it. */
export type ScoreRecord = ReleasedCounts & {
  readonly candidateSha256: string;
  readonly decisions: readonly Decision[];
  /**
   * 32 random bytes in hex: with them the record's SHA-256, which is on the ledger before the score is shown, tells
   * nothing of the score. Records of versions before have none.
   */
  readonly nonce?: string;
};

/** @throws TrainerError TRAINER_RELEASE_SPENT where the score was drawn and lost */
export function parseScoreRecord(payload: Uint8Array): ScoreRecord {
  if (payload.length === 0) throw new TrainerError('TRAINER_RELEASE_SPENT');
  return JSON.parse(new TextDecoder().decode(payload)) as ScoreRecord;
}

export const rightAndWrong = (counts: ReleasedCounts): Counts =>
  'right' in counts ? counts : { right: counts.correct, wrong: counts.total - counts.correct };

/** The counts as a verdict states them. */
export const statedCounts = (
  counts: ReleasedCounts,
): Pick<Score, 'right' | 'wrong'> | Pick<Score, 'correct' | 'total'> =>
  'right' in counts
    ? { right: `${counts.right}`, wrong: `${counts.wrong}` }
    : { correct: `${counts.correct}`, total: `${counts.total}` };
