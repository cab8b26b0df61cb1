// The public surface of private training: a plan, units, a round, and the noise and sampling that it is made of.
export type { AdaptiveClipping } from './adaptive-clipping.ts';
export type { PerLayerClipping } from './clip-layers.ts';
export { DiscreteGaussian, type GaussianSampler } from './discrete-gaussian.ts';
export type { DriftCorrection } from './drift-plan.ts';
export { SCHEDULES, type Schedule } from './learning-rate.ts';
export type { Optimizer } from './optimizer.ts';
export type { OptimizerState } from './optimizer-rule.ts';
export { isOutOfMemory, OUT_OF_MEMORY } from './out-of-memory.ts';
export { plainEngine } from './plain-engine.ts';
export { type PlanProblem, planSentence } from './plan-problem.ts';
export { type RandomSource, RandomWords, secureRandomness } from './randomness.ts';
export {
  openRounds,
  type RoundEnvironment,
  type RoundListeners,
  type Rounds,
  runRound,
} from './round.ts';
export {
  checkRound,
  type RoundInput,
  type RoundModel,
  type RoundResult,
  type RoundSetting,
  type RoundStart,
  type TrainingState,
} from './round-input.ts';
export { distanceFromRounded, standInSigma } from './rounded-gaussian.ts';
export { samplingRateOf } from './sampling-rate.ts';
export {
  calibrateNoise,
  LATTICE_BITS,
  MAXIMUM_PARAMETERS,
  MAXIMUM_UNITS,
  type NoiseCalibration,
} from './sensitivity.ts';
export type { StepEngine } from './step-engine.ts';
export { TrainingFailedError, trainRound } from './train-round.ts';
export {
  type Clipping,
  checkTrainingPlan,
  clipNoiseOf,
  expectedBatchUnits,
  MAXIMUM_NOISE_MULTIPLIER,
  TrainingInputError,
  type TrainingPlan,
} from './training-plan.ts';
export type { StepProgress } from './training-steps.ts';
export {
  type LabelledRow,
  type PreparedUnits,
  packUnits,
  prepareUnits,
  type TrainingUnits,
  unitCount,
} from './training-units.ts';
