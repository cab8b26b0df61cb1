// Who takes part in a round, whose turn a step of it is, and until when.
import { bandWeight, type Dataset } from '../dataset.ts';
import { DomainError } from '../errors.ts';
import type { Round, RoundRow } from '../round.ts';
import { type Participant, type Study, type StudyWeights, WEIGHT_RATIO_DEFAULT } from '../study.ts';
import { termsExpired } from './dataset-rules.ts';

/** Who takes a step of a round, when, of which study. */
export interface RoundContext {
  readonly mspId: string;
  readonly at: string;
  readonly study: Study;
}

export const byId = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * What each dataset of a study weighs: the middle of its band, and at most `ratioMax` times the least of all these.
 *
 * Bands are their owners' word. Of all datasets that the study asks for, so that a weight is known before anyone
 * consents and is the same in every round, no matter who takes part.
 */
export function weightsOf(wanted: readonly Dataset[], ratioMax = WEIGHT_RATIO_DEFAULT): StudyWeights {
  const weights = wanted.map(({ datasetId, recordCountBand }) => ({
    datasetId,
    weight: bandWeight(recordCountBand),
  }));
  const most = ratioMax * Math.min(...weights.map(({ weight }) => weight));
  return weights.map(({ datasetId, weight }) => ({ datasetId, weight: Math.min(weight, most) }));
}

/** What a dataset weighs in a study: as its text says, or, of a study from before, the middle of its band. */
export const weightIn = (
  { weights }: Pick<Study, 'weights'>,
  { datasetId, recordCountBand }: Pick<Dataset, 'datasetId' | 'recordCountBand'>,
): number => weights?.find((own) => own.datasetId === datasetId)?.weight ?? bandWeight(recordCountBand);

/** Consenting datasets whose terms have not expired, by id, with their public weights. */
export const participantsOf = (
  study: Pick<Study, 'weights'>,
  consenting: readonly Dataset[],
  at: string,
): Participant[] =>
  consenting
    .filter(({ terms }) => !termsExpired(terms, at))
    .map((dataset) => ({
      datasetId: dataset.datasetId,
      mspId: dataset.owner,
      weight: weightIn(study, dataset),
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
