// How long a run trains and scores. Reading the files and writing the folder are not counted.
import type { Timing } from '../report/model-card.ts';
import { rounded } from './run-summary.ts';

export interface RunTiming {
  /** Does work whose time is scoring's; all other time is training's. */
  ofScoring<T>(work: () => Promise<T>): Promise<T>;
  /** What was spent so far, in seconds of elapsed time. */
  spent(): Required<Omit<Timing, 'examplesPerSecond'>>;
}

/**
 * Starts to count.
 *
 * @param options `isExact`: whether scores are; beside noised ones a time must not tell what their counts do not, and
 * has one digit
 */
export function startTiming({ isExact }: { readonly isExact: boolean }): RunTiming {
  const startedAt = performance.now();
  let scoringMs = 0;
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
