// What a study without a ledger is made of: its hospitals, its rounds, and the plan of each.
import type { TrainingPlan, TrainingUnits } from '@consilium/dp-sgd';
import {
  type Aggregation,
  aggregateFedAvg,
  type FederationPlan,
  type ServerOptimizerPlan,
} from '@consilium/federation';
import type { StudyModel } from '../../study/study-model.ts';
import type { Averaging } from './model-average.ts';

export interface SimulatedHospital {
  readonly name: string;
  readonly training: TrainingUnits;
  /** Public weight of the dataset's band, in patients. */
  readonly weight: number;
  /** Public expected number of training units: every mean divides by it (times the sampling rate). */
  readonly bandSize: number;
}

export interface SimulatedStudy {
  readonly model: StudyModel;
  readonly localPatterns: readonly string[];
  readonly rounds: number;
  readonly plan: Omit<TrainingPlan, 'bandSize' | 'studySteps' | 'averaging'>;
  /** Whether each round starts without the momentum or moments of the one before; by default they are kept. */
  readonly restartsOptimizer?: boolean;
  /** Where given, the study's outcome is the exponential moving average of its models. */
  readonly averaging?: Averaging;
  /** FedAvg by default. */
  readonly aggregation?: Aggregation;
  /** How the aggregate moves the shared model; by default it becomes the model. */
  readonly serverOptimizer?: ServerOptimizerPlan;
}

/** The plan of each round at a hospital. */
export const planAt = (study: SimulatedStudy, { bandSize }: { readonly bandSize: number }): TrainingPlan => ({
  ...study.plan,
  // What a round averages by itself.
  ...(study.averaging?.over === 'steps' && { averaging: { decay: study.averaging.decay } }),
  bandSize,
  studySteps: study.rounds * study.plan.steps,
});

/** How a study's rounds follow from one another. */
export function federationOf({
  aggregation = aggregateFedAvg,
  serverOptimizer,
  plan,
}: SimulatedStudy): FederationPlan {
  const control = plan.driftCorrection?.kind === 'scaffold' ? {} : undefined;
  return { aggregation, serverOptimizer, control };
}
