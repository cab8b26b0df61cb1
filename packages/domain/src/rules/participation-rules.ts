// Who takes part in a round, whose turn a step of it is, and until when.
import type { Consent } from '../consent.ts';
import type { Dataset } from '../dataset.ts';
import { DomainError } from '../errors.ts';
import { bandWeight } from '../record-count-band.ts';
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
  const weights = wanted.map(({ datasetId, recordCountBand, revision }) => ({
    datasetId,
    weight: bandWeight(recordCountBand),
    ...(revision !== undefined && { revision }),
  }));
  const most = ratioMax * Math.min(...weights.map(({ weight }) => weight));
  return weights.map((own) => ({ ...own, weight: Math.min(own.weight, most) }));
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

/** Participants of a round whose consent is in force no more, in order. */
export const withdrawnOf = (
  { participants }: Pick<Round, 'participants'>,
  consents: readonly Pick<Consent, 'datasetId' | 'state'>[],
): string[] =>
  participants
    .map(({ datasetId }) => datasetId)
    .filter((id) => !consents.some(({ datasetId, state }) => datasetId === id && state === 'granted'));

/** Whether a consent that is withdrawn now is withdrawn from the round too: until its verdicts are counted. */
export const takesWithdrawals = ({ state }: Pick<Round, 'state'>): boolean =>
  state === 'training' || state === 'validating';

/**
 * The round as it is while consents can still be withdrawn from it, which is until the verdicts are counted. From then
 * on the round itself says who had withdrawn: its aggregate is being recomputed from what is included.
 */
export function asWithdrawn<R extends Pick<Round, 'state' | 'participants' | 'withdrawn'>>(
  round: R,
  consents: readonly Pick<Consent, 'datasetId' | 'state'>[],
): R {
  if (!takesWithdrawals(round)) return round;
  const { withdrawn: _, ...rest } = round;
  const withdrawn = withdrawnOf(round, consents);
  return { ...rest, ...(withdrawn.length > 0 && { withdrawn }) } as R;
}

/** The validators whose verdicts count: those with a dataset in the round that is not withdrawn. */
export const judgesOf = ({
  validators,
  participants,
  withdrawn = [],
}: Pick<Round, 'validators' | 'participants' | 'withdrawn'>): string[] =>
  validators.filter((judge) =>
    participants.some(({ mspId, datasetId }) => mspId === judge && !withdrawn.includes(datasetId)),
  );

/** Updates that arrived and are not withdrawn. */
export const countedUpdates = ({
  updates = [],
  withdrawn = [],
}: Pick<Round, 'updates' | 'withdrawn'>): string[] =>
  updates.filter((datasetId) => !withdrawn.includes(datasetId));

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
 * A validator that judges the round: one of its datasets is not withdrawn from it.
 *
 * @throws DomainError NOT_A_PARTICIPANT, CONSENT_STATE
 */
export function requireJudge(round: Round, mspId: string): void {
  requireValidator(round, mspId);
  if (judgesOf(round).includes(mspId)) return;
  throw new DomainError(
    'CONSENT_STATE',
    `every consent of ${mspId} in round ${round.round} is withdrawn: it judges nothing in it`,
  );
}

/**
 * The step is the leader's alone for the study's `leaderSeconds` after the stage began; then any participating
 * member may take over. By the transaction's time, which is its client's claim within minutes.
 *
 * @throws DomainError NOT_THE_LEADER saying until when
 */
export function requireTurn(
  study: Study,
  round: RoundRow,
  { mspId, at }: { readonly mspId: string; readonly at: string },
): void {
  const { leader, stageSince, round: number } = round;
  const until = deadlineAfter(stageSince, study.leaderSeconds ?? 0);
  // A leader that has withdrawn is waited for by nobody.
  if (mspId === leader || !judgesOf(round).includes(leader) || Date.parse(at) >= Date.parse(until)) return;
  throw new DomainError(
    'NOT_THE_LEADER',
    `round ${number} is led by ${leader}; others take over at ${until}`,
  );
}
