// When an update and a verdict are recorded at the earliest: a time that anyone can compute from public data, so that
// how long a hospital's machine took over its patients is not to be read from the ledger.
import type { Dataset } from '../dataset.ts';
import { type Problem, problem } from '../problem.ts';
import { bandWeight } from '../record-count-band.ts';
import type { Round } from '../round.ts';
import type { ProposeStudy, PublicTimes, Study } from '../study.ts';

/** Of a slow processor, with room: parameters times rows in a second, and steps in a second. */
const PER_SECOND = { training: 2e8, scoring: 5e8, steps: 100 };
/** Of the deadline, at most. */
const DEFAULT_PART = 4;
const MOST_PART = 2;

/**
 * The public times of a study whose text names none: what its work takes on a slow processor, from the sizes in the
 * text and the datasets' bands, in whole seconds. Products and quotients of integers and decimals alone, so that every
 * machine has the same.
 */
export function defaultPublicTimes(
  { model, training, roundDeadlineSeconds, unit }: ProposeStudy,
  wanted: readonly Dataset[],
): PublicTimes {
  const rows = wanted.map(
    ({ recordCountBand, dictionary }) =>
      bandWeight(recordCountBand) * (unit === 'patient' ? dictionary.maxRowsPerPatient : 1),
  );
  const work = Math.max(0, ...rows) * model.parameters;
  const { stepsPerRound, samplingRate } = training;
  const update =
    stepsPerRound / PER_SECOND.steps + (stepsPerRound * work * Number(samplingRate)) / PER_SECOND.training;
  const most = Math.floor(roundDeadlineSeconds / DEFAULT_PART);
  return {
    updateSeconds: Math.min(most, 1 + Math.ceil(update)),
    verdictSeconds: Math.min(most, 1 + Math.ceil(work / PER_SECOND.scoring)),
  };
}

/** Times that leave too little of a round. @param field how the times are named to the person who chose them */
export function publicTimeProblems(
  times: PublicTimes | undefined,
  { roundDeadlineSeconds, field }: { readonly roundDeadlineSeconds: number; readonly field: string },
): Problem[] {
  const most = Math.floor(roundDeadlineSeconds / MOST_PART);
  return (['updateSeconds', 'verdictSeconds'] as const)
    .filter((name) => times !== undefined && times[name] > most)
    .map((name) => problem(`${field}.${name}`, `must be at most ${most}, half of roundDeadlineSeconds`));
}

/** Epoch milliseconds before which an update or a verdict is not recorded; 0 where there is no such time. */
export function publicTimeMs(
  { publicTimes }: Pick<Study, 'publicTimes'>,
  { openedAt, closedAt, stageSince }: Round,
  what: 'update' | 'verdict',
): number {
  const seconds = publicTimes?.[`${what}Seconds`] ?? 0;
  const since = what === 'update' ? openedAt : (closedAt ?? stageSince ?? openedAt);
  return seconds === 0 ? 0 : Date.parse(since) + seconds * 1000;
}
