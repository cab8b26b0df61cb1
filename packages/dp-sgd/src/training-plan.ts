// The settings of a round of private training. All of them are public: they come from the study on the ledger and from
// the published description of the dataset, never from the patients.

import { defaultLoss, type ForwardModel, type Loss, whyNotLoss } from '@consilium/onnx-grad';
import {
  type AdaptiveClipping,
  type AdaptivePlan,
  adaptiveProblems,
  adaptiveSettings,
  gradientNoiseMultiplier,
} from './adaptive-clipping.ts';
import { type PerLayerClipping, perLayerProblems } from './clip-layers.ts';
import { type DriftCorrection, driftProblems } from './drift-plan.ts';
import { type Schedule, scheduleProblems } from './learning-rate.ts';
import { isModerate, MODERATE } from './moderate-numbers.ts';
import type { Optimizer } from './optimizer.ts';
import { type PlanProblem, planProblem, planSentence } from './plan-problem.ts';

/**
 * How one unit's gradient is clipped: as one vector, by layers, or by a norm that follows a private quantile.
 */
export type Clipping = { readonly kind: 'flat' } | PerLayerClipping | AdaptiveClipping;

/**
 * One round of private training: every number of the mechanism. `checkTrainingPlan` says what is wrong with one.
 */
export interface TrainingPlan {
  /** C: bound on the L2 norm of one unit's gradient. With adaptive clipping, its start. */
  readonly clipNormL2: number;
  /** Flat by default: the gradient is clipped as one vector. */
  readonly clipping?: Clipping;
  /**
   * z: standard deviation of the noise, in multiples of one unit's largest influence on the released integers. With
   * adaptive clipping, z is that of the whole step, so that the noise on the gradients is larger.
   */
  readonly noiseMultiplier: number;
  /** q in (0, 1]: probability that a unit is in a step's batch. 1 takes the full batch. */
  readonly samplingRate: number;
  /** T: steps in this round. */
  readonly steps: number;
  /** Size of the dataset's published band; q · bandSize is the batch size in every mean. */
  readonly bandSize: number;
  /** Largest number of rows of a unit, from 1 to 64 (the dictionary's maxRowsPerPatient, or 1). */
  readonly rowsPerUnit: number;
  /** η: learning rate. With a schedule, its largest value. */
  readonly learningRate: number;
  /** Heavy-ball momentum in [0, 1), 0 by default: a short form of `optimizer`. */
  readonly momentum?: number;
  /** Gradient descent by default. */
  readonly optimizer?: Optimizer;
  /** Schedule of the learning rate over the steps of the whole study; constant by default. */
  readonly schedule?: Schedule;
  /** Steps of all rounds together, for the schedule; by default those of this round. */
  readonly studySteps?: number;
  /** λ: each step first shrinks every parameter by the factor 1 - η λ; 0 by default. */
  readonly weightDecay?: number;
  /** Averages the parameters over the steps of the round, with decay d in [0, 1); no average by default. */
  readonly averaging?: { readonly decay: number };
  /** Keeps a hospital's model near the others' between rounds; no correction by default. */
  readonly driftCorrection?: DriftCorrection;
  /** Largest number of rows in one run of the step graph; 4096 by default. Larger batches take several runs. */
  readonly rowsPerRun?: number;
  /** Largest number of steps in one run of ONNX Runtime; by default as many as fit. 1 takes steps one by one. */
  readonly stepsPerRun?: number;
  /** Cross-entropy by default: binary for a model with one output, and otherwise categorical. */
  readonly loss?: Loss;
}

/** A plan, or data that does not fit it. The message names the field and the remedy, and never a value of the data. */
export class TrainingInputError extends Error {
  override readonly name = 'TrainingInputError';
  /** Each problem by its field, where it is the plan's. */
  readonly problems: readonly PlanProblem[];

  constructor(what: string | readonly PlanProblem[], options?: ErrorOptions) {
    super(typeof what === 'string' ? what : `training plan: ${what.map(planSentence).join('; ')}`, options);
    this.problems = typeof what === 'string' ? [] : what;
  }
}

/** The largest noise multiplier. More noise is never useful, and its integers would be too large for the sampler. */
export const MAXIMUM_NOISE_MULTIPLIER = 1000;

const isPositive = (value: number): boolean => Number.isFinite(value) && value > 0;
const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 1;

const isDecay = (value: number): boolean => value >= 0 && value < 1;

function optimizerProblems(optimizer: Optimizer): PlanProblem[] {
  if (optimizer.kind !== 'sgd' && optimizer.kind !== 'adam')
    return [planProblem('optimizer.kind', 'must be sgd or adam')];
  const problems: PlanProblem[] = [];
  const decay = (value: number | undefined, field: string) => {
    if (value !== undefined && !isDecay(value)) {
      problems.push(planProblem(`optimizer.${field}`, 'must be at least 0 and below 1'));
    }
  };
  decay(optimizer.momentum, 'momentum');
  if (optimizer.kind === 'sgd') return problems;
  decay(optimizer.secondMomentum, 'secondMomentum');
  const { floor } = optimizer;
  if (floor !== undefined && !isPositive(floor))
    problems.push(planProblem('optimizer.floor', 'must be a positive number'));
  return problems;
}

/** The numbers for adaptive clipping; undefined where the plan has another kind. */
export function adaptivePlanOf(plan: TrainingPlan): AdaptivePlan | undefined {
  const { clipping, clipNormL2, noiseMultiplier } = plan;
  if (clipping?.kind !== 'adaptive') return undefined;
  return { clipping, clipNormL2, noiseMultiplier, expectedBatchUnits: expectedBatchUnits(plan) };
}

/** With adaptive clipping, the multipliers z_Δ and z_b of gradients and count, which together are the plan's z. */
export function clipNoiseOf(
  plan: TrainingPlan,
): { readonly gradients: number; readonly count: number } | undefined {
  const adaptive = adaptivePlanOf(plan);
  if (adaptive === undefined) return undefined;
  const { countNoiseMultiplier: count } = adaptiveSettings(adaptive);
  return { gradients: gradientNoiseMultiplier(plan.noiseMultiplier, count), count };
}

function clippingProblems(plan: TrainingPlan): PlanProblem[] {
  const { clipping = { kind: 'flat' } } = plan;
  if (clipping.kind === 'flat') return [];
  if (clipping.kind === 'per-layer') return perLayerProblems(clipping);
  const adaptive = adaptivePlanOf(plan);
  return adaptive
    ? adaptiveProblems(adaptive)
    : [planProblem('clipping.kind', 'must be flat, per-layer or adaptive')];
}

/** Largest number of rows in one run, so that the memory of a step is bounded. */
export const MAXIMUM_ROWS_PER_RUN = 4096;

/** @throws TrainingInputError naming every field that is out of range. */
export function checkTrainingPlan(plan: TrainingPlan): void {
  const problems: PlanProblem[] = [];
  const check = (holds: boolean, field: string, text: string, remedy?: string) => {
    if (!holds) problems.push(planProblem(field, text, remedy));
  };
  check(isModerate(plan.clipNormL2), 'clipNormL2', `must be a positive number, ${MODERATE}`);
  check(
    isPositive(plan.noiseMultiplier) && plan.noiseMultiplier <= MAXIMUM_NOISE_MULTIPLIER,
    'noiseMultiplier',
    `must be a positive number, at most ${MAXIMUM_NOISE_MULTIPLIER}`,
  );
  check(plan.samplingRate > 0 && plan.samplingRate <= 1, 'samplingRate', 'must be above 0 and at most 1');
  check(isCount(plan.steps), 'steps', 'must be a positive integer');
  check(isModerate(plan.bandSize), 'bandSize', `must be a positive number, ${MODERATE}`);
  check(
    isCount(plan.rowsPerUnit) && plan.rowsPerUnit <= 64,
    'rowsPerUnit',
    'must be an integer from 1 to 64',
  );
  check(isModerate(plan.learningRate), 'learningRate', `must be a positive number, ${MODERATE}`);
  check(isDecay(plan.momentum ?? 0), 'momentum', 'must be at least 0 and below 1');
  if (plan.optimizer !== undefined) {
    problems.push(...optimizerProblems(plan.optimizer));
    check(
      plan.momentum === undefined,
      'momentum',
      'is the optimizer’s own field',
      'leave it out beside optimizer',
    );
  }
  problems.push(...clippingProblems(plan));
  const studySteps = studyStepsOf(plan);
  check(
    Number.isSafeInteger(studySteps) && studySteps >= plan.steps,
    'studySteps',
    'must be an integer, at least steps',
  );
  problems.push(...scheduleProblems({ studySteps, ...(plan.schedule && { schedule: plan.schedule }) }));
  const shrinking = plan.learningRate * (plan.weightDecay ?? 0);
  check(
    shrinking >= 0 && shrinking < 1,
    'weightDecay',
    'must be at least 0, and its product with learningRate below 1',
  );
  check(
    plan.averaging === undefined || isDecay(plan.averaging.decay),
    'averaging.decay',
    'must be at least 0 and below 1',
  );
  problems.push(...driftProblems(plan));
  const { rowsPerRun = MAXIMUM_ROWS_PER_RUN } = plan;
  check(
    isCount(rowsPerRun) && rowsPerRun >= plan.rowsPerUnit && rowsPerRun <= MAXIMUM_ROWS_PER_RUN,
    'rowsPerRun',
    `must be an integer from ${plan.rowsPerUnit} (the most rows of a patient) to ${MAXIMUM_ROWS_PER_RUN}`,
  );
  check(isCount(plan.stepsPerRun ?? 1), 'stepsPerRun', 'must be a positive integer');
  if (problems.length > 0) throw new TrainingInputError(problems);
}

/** The public constant that every mean divides by: the expected number of units in a batch, q · bandSize. */
export function expectedBatchUnits({ samplingRate, bandSize }: TrainingPlan): number {
  return samplingRate * bandSize;
}

/** Steps of the whole study, over which the schedule runs. */
export function studyStepsOf({ studySteps, steps }: Pick<TrainingPlan, 'studySteps' | 'steps'>): number {
  return studySteps ?? steps;
}

/**
 * Units that one run of the step graph holds: the expected batch and three standard deviations of headroom.
 *
 * It is a public number, so that shapes do not depend on the data, and time does only for convolutions and large layers
 * (`step-layout.ts`). A larger batch takes another run, whose sum is added to the others before anything is rounded and
 * noise is added. Nothing is cut off. So `rowsPerRun` bounds the memory of a step and changes nothing else.
 */
export function capacityUnitsOf(plan: TrainingPlan): number {
  const expected = expectedBatchUnits(plan);
  const wanted = Math.ceil(expected + 3 * Math.sqrt(expected)) + 1;
  // One unit, and a padding unit.
  return Math.max(
    2,
    Math.min(wanted, Math.floor((plan.rowsPerRun ?? MAXIMUM_ROWS_PER_RUN) / plan.rowsPerUnit)),
  );
}

/** The loss a model is trained with. @throws TrainingInputError where plan and model do not go together. */
export function lossOf({ loss }: TrainingPlan, { outputs }: ForwardModel): Loss {
  const chosen = loss ?? defaultLoss(outputs);
  const problem = whyNotLoss(chosen, outputs);
  if (problem !== undefined) throw new TrainingInputError([planProblem('loss', `: ${problem}`)]);
  return chosen;
}
