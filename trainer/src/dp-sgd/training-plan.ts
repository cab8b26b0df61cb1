// The numbers that fix a round of private training. All of them are public: they come from the study on the
// ledger and from the dataset's published description, never from the patients.

import { defaultLoss, type ForwardModel, type Loss, whyNotLoss } from '../onnx/index.ts';

export interface TrainingPlan {
  /** C: bound on the L2 norm of one unit's gradient. */
  readonly clipNormL2: number;
  /** σ: standard deviation of the noise, in multiples of one unit's true influence on the released integers. */
  readonly noiseMultiplier: number;
  /** q: probability of each unit to be in a step's batch; 1 for the full batch. */
  readonly samplingRate: number;
  /** T: steps in this round. */
  readonly steps: number;
  /** Size of the dataset's published band; q · bandSize stands for the batch size in every mean. */
  readonly bandSize: number;
  /** Rows a unit may have at most (the dictionary's maxRowsPerPatient, or 1). */
  readonly rowsPerUnit: number;
  readonly learningRate: number;
  /** Heavy-ball momentum in [0, 1), 0 by default; it starts anew each round. */
  readonly momentum?: number;
  /** By default cross-entropy: binary for a model with one output, else categorical. */
  readonly loss?: Loss;
}

/** A plan or its data cannot be trained with; the message names the field and the remedy, never a value of data. */
export class TrainingInputError extends Error {
  override readonly name = 'TrainingInputError';
}

/** More noise than this is never of use, and its integers would outgrow the sampler. */
export const MAXIMUM_NOISE_MULTIPLIER = 1000;

const isPositive = (value: number): boolean => Number.isFinite(value) && value > 0;
const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 1;

/** @throws TrainingInputError naming every field that is out of range. */
export function checkTrainingPlan(plan: TrainingPlan): void {
  const problems: string[] = [];
  const check = (holds: boolean, problem: string) => {
    if (!holds) problems.push(problem);
  };
  check(isPositive(plan.clipNormL2), 'clipNormL2 must be a positive number');
  check(
    isPositive(plan.noiseMultiplier) && plan.noiseMultiplier <= MAXIMUM_NOISE_MULTIPLIER,
    `noiseMultiplier must be a positive number, at most ${MAXIMUM_NOISE_MULTIPLIER}`,
  );
  check(plan.samplingRate > 0 && plan.samplingRate <= 1, 'samplingRate must be above 0 and at most 1');
  check(isCount(plan.steps), 'steps must be a positive integer');
  check(isPositive(plan.bandSize), 'bandSize must be a positive number');
  check(isCount(plan.rowsPerUnit) && plan.rowsPerUnit <= 64, 'rowsPerUnit must be an integer from 1 to 64');
  check(isPositive(plan.learningRate), 'learningRate must be a positive number');
  const momentum = plan.momentum ?? 0;
  check(momentum >= 0 && momentum < 1, 'momentum must be at least 0 and below 1');
  if (problems.length > 0) throw new TrainingInputError(`training plan: ${problems.join('; ')}`);
}

/** The public constant every mean divides by: the expected number of units in a batch. */
export function expectedBatchUnits({ samplingRate, bandSize }: TrainingPlan): number {
  return samplingRate * bandSize;
}

/** Rows of one run at most, so that a step's memory stays bounded. */
const MAXIMUM_ROWS_PER_RUN = 4096;

/**
 * Units that one run of the step graph holds: the expected batch and four standard deviations of headroom.
 *
 * A public number, so that neither shapes nor timing follow the data. A batch that is larger takes a further
 * run; nothing is ever cut off.
 */
export function capacityUnitsOf(plan: TrainingPlan): number {
  const expected = expectedBatchUnits(plan);
  const wanted = Math.ceil(expected + 4 * Math.sqrt(expected)) + 4;
  return Math.max(1, Math.min(wanted, Math.floor(MAXIMUM_ROWS_PER_RUN / plan.rowsPerUnit)));
}

/** The loss a model is trained with. @throws TrainingInputError where plan and model do not go together. */
export function lossOf({ loss }: TrainingPlan, { outputs }: ForwardModel): Loss {
  const chosen = loss ?? defaultLoss(outputs);
  const problem = whyNotLoss(chosen, outputs);
  if (problem !== undefined) throw new TrainingInputError(`training plan: loss: ${problem}`);
  return chosen;
}
