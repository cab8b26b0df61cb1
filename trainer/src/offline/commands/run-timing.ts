// How long a run trains and scores. Reading the files and writing the folder are not counted.
import type { Timing } from '../report/model-card.ts';
import { rounded } from './run-summary.ts';

export interface SpentMs {
  readonly total: number;
  readonly scoring: number;
}

export interface RunTiming {
  /** Does work whose time is scoring's; all other time is training's. */
  ofScoring<T>(work: () => Promise<T>): Promise<T>;
  spentMs(): SpentMs;
  /** What was spent so far, in seconds of elapsed time. */
  spent(): Required<Omit<Timing, 'examplesPerSecond'>>;
}

/**
 * Starts to count.
 *
 * @param options `isExact`: whether scores are; beside noised ones a time must not tell what their counts do not, and
 * has one digit; `before`: what a run that goes on has spent already
 */
export function startTiming({
  isExact,
  before = { total: 0, scoring: 0 },
}: {
  readonly isExact: boolean;
  readonly before?: SpentMs | undefined;
}): RunTiming {
  const startedAt = performance.now() - before.total;
  let scoringMs = before.scoring;
  const stated = (ms: number) => (isExact ? rounded(ms / 1000) : Number((ms / 1000).toPrecision(1)));
  return {
    async ofScoring(work) {
      const before = performance.now();
      try {
        return await work();
      } finally {
        scoringMs += performance.now() - before;
      }
    },
    spentMs: () => ({ total: performance.now() - startedAt, scoring: scoringMs }),
    spent() {
      const totalMs = performance.now() - startedAt;
      return {
        seconds: stated(totalMs),
        trainingSeconds: stated(totalMs - scoringMs),
        scoringSeconds: stated(scoringMs),
      };
    },
  };
}
