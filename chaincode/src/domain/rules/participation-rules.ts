// Who takes part in a round, whose turn a step of it is, and until when.
import { bandWeight, type Dataset } from '../dataset.ts';
import { DomainError } from '../errors.ts';
import type { Round, RoundRow } from '../round.ts';
import type { Participant, Study } from '../study.ts';
import { termsExpired } from './dataset-rules.ts';

/** Who takes a step of a round, when, of which study. */
export interface RoundContext {
  readonly mspId: string;
  readonly at: string;
  readonly study: Study;
}

export const byId = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Consenting datasets whose terms have not expired, by id, with the public weight of their bands. */
export const participantsOf = (consenting: readonly Dataset[], at: string): Participant[] =>
  consenting
    .filter(({ terms }) => !termsExpired(terms, at))
    .map(({ datasetId, owner, recordCountBand }) => ({
      datasetId,
      mspId: owner,
      weight: bandWeight(recordCountBand),
    }))
    .sort((a, b) => byId(a.datasetId, b.datasetId));

/** The distinct owners of a round's participants, in order: their verdicts count. */
export const validatorsOf = (participants: readonly Participant[]): string[] =>
  [...new Set(participants.map(({ mspId }) => mspId))].sort(byId);

/** The member whose turn it is to lead a round; the others take over by convention when it is silent. */
export const leaderOf = (validators: readonly string[], round: number): string =>
  validators[(round - 1) % validators.length]!;

export const deadlineAfter = (at: string, seconds: number): string =>
  new Date(Date.parse(at) + seconds * 1000).toISOString();
export const deadlinePassed = ({ deadline }: Round, at: string): boolean =>
  Date.parse(at) >= Date.parse(deadline);

/** @throws DomainError NOT_A_PARTICIPANT */
export function requireValidator({ validators, round }: Round, mspId: string): void {
  if (validators.includes(mspId)) return;
  throw new DomainError('NOT_A_PARTICIPANT', `${mspId} takes no part in round ${round}`);
}

/**
 * The step is the leader's alone for the study's `leaderSeconds` after the stage began; then any participating
 * member may take over. By the transaction's time, which is its client's claim within minutes.
 *
 * @throws DomainError NOT_THE_LEADER saying until when
 */
export function requireTurn(
  study: Study,
  { leader, stageSince, round }: RoundRow,
  { mspId, at }: { readonly mspId: string; readonly at: string },
): void {
  const until = deadlineAfter(stageSince, study.leaderSeconds ?? 0);
  if (mspId === leader || Date.parse(at) >= Date.parse(until)) return;
  throw new DomainError('NOT_THE_LEADER', `round ${round} is led by ${leader}; others take over at ${until}`);
}
