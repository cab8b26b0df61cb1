// The learning rate over a study: a function of public numbers alone. Steps are counted over all rounds.
import { type PlanProblem, planProblem } from './plan-problem.ts';

/** The schedules of the learning rate that a plan can name. */
export const SCHEDULES = ['constant', 'cosine', 'linear', 'step'] as const;

/** How the learning rate changes over the steps of a study: a function of public numbers alone. */
export interface Schedule {
  readonly kind: (typeof SCHEDULES)[number];
  /** w: steps over which the rate grows in proportion to the step's number, 0 by default. */
  readonly warmUpSteps?: number;
  /** f: `cosine` and `linear` fall from the learning rate towards f times it, 0 by default. */
  readonly finalFraction?: number;
  /** `step` multiplies the rate by `factor` after each `everySteps` steps; it needs both. */
  readonly everySteps?: number;
  readonly factor?: number;
}

export interface ScheduledRate {
  /** η: the rate after warming up and before any decay. */
  readonly learningRate: number;
  /** Constant by default. */
  readonly schedule?: Schedule;
  /** T: steps of the whole study. */
  readonly studySteps: number;
}

/**
 * The rate of a step, counted from 1 over the whole study: η step/w while step ≤ w; afterwards, with
 * p = (step - w - 1) / (T - w) in [0, 1), η for `constant`, η (f + (1 - f) (1 + cos πp) / 2) for `cosine`,
 * η (1 - (1 - f) p) for `linear`, and η factor^⌊(step - w - 1) / everySteps⌋ for `step`. It is never 0.
 *
 * Steps beyond T have the rate of the last one.
 */
export function learningRateAt({ learningRate, schedule, studySteps }: ScheduledRate, step: number): number {
  if (schedule === undefined) return learningRate;
  const { kind, warmUpSteps = 0, finalFraction = 0, everySteps = 1, factor = 1 } = schedule;
  const current = Math.min(step, studySteps);
  if (current <= warmUpSteps) return (learningRate * current) / warmUpSteps;
  const past = current - warmUpSteps - 1;
  const progress = past / (studySteps - warmUpSteps);
  switch (kind) {
    case 'constant':
      return learningRate;
    case 'cosine':
      return learningRate * (finalFraction + ((1 - finalFraction) * (1 + Math.cos(Math.PI * progress))) / 2);
    case 'linear':
      return learningRate * (1 - (1 - finalFraction) * progress);
    case 'step':
      return learningRate * factor ** Math.floor(past / everySteps);
  }
}

/** Problems of a schedule, each with its field; empty if there are none. */
export function scheduleProblems({
  schedule,
  studySteps,
}: Omit<ScheduledRate, 'learningRate'>): PlanProblem[] {
  if (schedule === undefined) return [];
  const { kind, warmUpSteps = 0, finalFraction, everySteps, factor } = schedule;
  const problems: PlanProblem[] = [];
  const check = (holds: boolean, field: string, text: string, remedy?: string) => {
    if (!holds) problems.push(planProblem(`schedule.${field}`, text, remedy));
  };
  check(SCHEDULES.includes(kind), 'kind', `must be one of ${SCHEDULES.join(', ')}`);
  check(
    Number.isSafeInteger(warmUpSteps) && warmUpSteps >= 0 && warmUpSteps < studySteps,
    'warmUpSteps',
    `must be an integer from 0 to below the study's ${studySteps} steps`,
  );
  const falls = kind === 'cosine' || kind === 'linear';
  check(falls || finalFraction === undefined, 'finalFraction', 'is for cosine and linear', 'leave it out');
  const fraction = finalFraction ?? 0;
  check(fraction >= 0 && fraction <= 1, 'finalFraction', 'must be from 0 to 1');
  if (kind === 'step') {
    check(
      Number.isSafeInteger(everySteps) && everySteps! >= 1,
      'everySteps',
      'must be a positive integer, since step needs it',
    );
    check(factor !== undefined && factor > 0 && factor <= 1, 'factor', 'must be above 0 and at most 1');
  } else {
    check(everySteps === undefined, 'everySteps', 'is for step', 'leave it out');
    check(factor === undefined, 'factor', 'is for step', 'leave it out');
  }
  return problems;
}
