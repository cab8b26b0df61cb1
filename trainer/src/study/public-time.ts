// What is recorded waits for a public time, so that the ledger does not show how long it took to compute. It has been
// drawn and written down by then.
import { publicTimeMs, type Round, type Study } from '@consilium/domain';
import type { TrainerContext } from './trainer-context.ts';

/** early: it is to be recorded at that time (epoch ms), and all else is done. */
export type Recording = 'recorded' | { readonly earlyUntilMs: number };

/** Of a stage, at its end: whatever began late waits no longer than until then. */
const LEFT_PART = 8;

/**
 * When a release is recorded at the earliest.
 *
 * The ledger's public time counts from the stage's beginning. A member that delivers an update late, or keeps this
 * trainer busy, chooses when a draw begins, and would read from the record how long it took. So the same seconds count
 * from the beginning of the draw as well, which is before the first patient.
 */
function earliestMs(
  study: Study,
  round: Round,
  { what, begunAtMs }: { readonly what: 'update' | 'verdict'; readonly begunAtMs: number | undefined },
): number {
  const publicMs = publicTimeMs(study, round, what);
  if (publicMs === 0 || begunAtMs === undefined) return publicMs;
  const seconds = study.publicTimes?.[`${what}Seconds`] ?? 0;
  const latestMs = Date.parse(round.deadline) - (study.roundDeadlineSeconds * 1000) / LEFT_PART;
  return Math.max(publicMs, Math.min(begunAtMs + seconds * 1000, latestMs));
}

/**
 * Whether a release is recorded now, or until when it waits. One that was drawn too late to wait is said to be, without
 * by how much.
 */
export function waitsUntilMs(
  { nowMs, log }: Pick<TrainerContext, 'nowMs' | 'log'>,
  release: {
    readonly study: Study;
    readonly round: Round;
    readonly what: 'update' | 'verdict';
    /** When the draw began, the last one of several; undefined where nobody was drawn. */
    readonly begunAtMs: number | undefined;
    /** When it was drawn, if that was just now. */
    readonly drawnAtMs: number | undefined;
  },
): number | undefined {
  const { study, round, what, drawnAtMs } = release;
  const untilMs = earliestMs(study, round, release);
  if (untilMs > 0 && drawnAtMs !== undefined && drawnAtMs > untilMs) {
    log.warn(
      { studyId: study.studyId, round: round.round },
      `the ${what} is later than its public time: when it is recorded may tell how long it took`,
    );
  }
  return nowMs() >= untilMs ? undefined : untilMs;
}
