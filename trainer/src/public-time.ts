// What is recorded waits for a public time, so that the ledger does not show how long it took to compute. It has been
// drawn and written down by then.
import { publicTimeMs, type Round, type Study } from '@consilium/chaincode/domain';
import type { TrainerContext } from './trainer-context.ts';

/** early: it is to be recorded later, and all else is done. */
export type Recording = 'recorded' | 'early';

/** Whether a release may be recorded now. One that was drawn too late to wait is said to be, without by how much. */
export function mayRecord(
  { nowMs, log }: Pick<TrainerContext, 'nowMs' | 'log'>,
  release: {
    readonly study: Study;
    readonly round: Round;
    readonly what: 'update' | 'verdict';
    /** When it was drawn, if that was just now. */
    readonly drawnAtMs: number | undefined;
  },
): boolean {
  const { study, round, what, drawnAtMs } = release;
  const publicMs = publicTimeMs(study, round, what);
  if (publicMs > 0 && drawnAtMs !== undefined && drawnAtMs > publicMs) {
    log.warn(
      { studyId: study.studyId, round: round.round },
      `the ${what} is later than its public time: when it is recorded may tell how long it took`,
    );
  }
  return nowMs() >= publicMs;
}
