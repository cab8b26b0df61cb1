// Progress on standard error: a line for each round, and now and then one for a long round's steps.

import type { Terminal } from '@consilium/command-line';
import type { EncodedTarget } from '@consilium/domain';
import { scoreLine } from '../report/score-text.ts';
import type { RoundScores } from '../simulation/held-out-scores.ts';
import type { SimulationProgress } from '../simulation/simulate-study.ts';

const STEPS_INTERVAL_MS = 2000;

export interface ProgressReport {
  onStep(progress: SimulationProgress): void;
  onScores(scores: RoundScores): void;
}

export function reportProgress(about: {
  readonly rounds: number;
  readonly isPrivate: boolean;
  readonly target: EncodedTarget;
  readonly terminal: Terminal;
}): ProgressReport {
  const label = about.isPrivate ? '' : '[NOT PRIVATE] ';
  const { terminal } = about;
  const say = (text: string) => terminal.error(`${label}${text}\n`);
  let saidAt = performance.now();
  return {
    onStep({ round, hospital, step, steps }) {
      const now = performance.now();
      if (now - saidAt < STEPS_INTERVAL_MS) return;
      saidAt = now;
      say(`round ${round} of ${about.rounds}: ${hospital}, step ${step} of ${steps}`);
    },
    onScores({ round, pooled }) {
      saidAt = performance.now();
      const scores = pooled ? scoreLine(pooled, about.target, { intervals: false }) : 'no held-out patients';
      say(`${round === 0 ? 'before training' : `round ${round} of ${about.rounds}`}: ${scores}`);
    },
  };
}
