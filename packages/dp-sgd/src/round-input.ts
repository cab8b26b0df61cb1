// What a round is given and what it answers, and the checks of the former.
import {
  type ClipLayer,
  type ForwardModel,
  labelRule,
  partitionParameters,
  readForwardModel,
} from '@consilium/onnx-grad';
import { clipLayersOf } from './clip-layers.ts';
import { checkOptimizerState, type OptimizerState } from './optimizer-rule.ts';
import { planProblem } from './plan-problem.ts';
import { MAXIMUM_PARAMETERS, MAXIMUM_UNITS, type NoiseCalibration } from './sensitivity.ts';
import { checkTrainingPlan, lossOf, TrainingInputError, type TrainingPlan } from './training-plan.ts';
import { checkTrainingUnits, type TrainingUnits } from './training-units.ts';

/** What is the same in all rounds of a study at one hospital: the model, the units, and the plan. */
export interface RoundSetting {
  /** ONNX bytes of the forward model. */
  readonly model: Uint8Array;
  /** Units that several settings share are best prepared once (`prepareUnits`). */
  readonly units: TrainingUnits;
  readonly plan: TrainingPlan;
  /** Names, or prefixes ending in `*`, of parameters that stay at the hospital. */
  readonly localPatterns: readonly string[];
}

/** What a round starts from. */
export interface RoundStart {
  /** All parameters, shared and local, in the model's flat order. */
  readonly parameters: ArrayLike<number>;
  /** c - cᵢ, [sharedCount], with scaffold: added to each mean gradient. Zero by default. */
  readonly controlShift?: ArrayLike<number>;
  /** The state at the end of the previous round. If absent, this is the first round. */
  readonly state?: TrainingState;
}

/** What a single round trains on. */
export interface RoundInput extends RoundSetting, RoundStart {}

/**
 * What a hospital keeps from round to round: a function of public numbers and of its own released means, so that
 * keeping it is post-processing. It reveals as much about the hospital's patients as its local parameters do, and it
 * stays at the hospital as they do.
 */
export interface TrainingState {
  /** Private steps taken so far. */
  readonly steps: number;
  /** If absent, the optimiser starts from its initial state. */
  readonly optimizer?: OptimizerState;
  /** With adaptive clipping, the clip norm of the next step; by default the plan's. */
  readonly clipNormL2?: number;
}

/** A model at the end of a round: how far the shared parameters moved, and the values of the local ones. */
export interface RoundModel {
  /** New minus old shared parameters, in the model's flat order without the local ones. */
  readonly sharedDelta: Float64Array;
  /** The local parameters' new values, in the model's flat order without the shared ones. */
  readonly localParameters: Float64Array;
}

/** The result of a round: the model after the last step, from which training continues. */
export interface RoundResult extends RoundModel {
  /** With the plan's averaging, the average of the models after each step of the round (`WeightAverage`). */
  readonly average?: RoundModel;
  /** Private steps taken, as the privacy event states them. */
  readonly steps: number;
  /** To be passed to the next round. */
  readonly state: TrainingState;
  /** The noise that was used. With adaptive clipping, κ is that of the first step. */
  readonly noise: NoiseCalibration;
}

/** Refuses input that cannot be trained with. @throws TrainingInputError, OnnxFormatError or UnsupportedModelError */
export function checkRound(input: RoundInput): ForwardModel {
  const model = checkSetting(input);
  checkStart(input, input, model);
  return model;
}

/** What stays the same, checked. @throws as `checkRound` */
export function checkSetting({ model: bytes, plan, units }: RoundSetting): ForwardModel {
  checkTrainingPlan(plan);
  const model = readForwardModel(bytes);
  const { features, outputs, parameterCount } = model;
  const labels = labelRule(lossOf(plan, model), outputs);
  checkTrainingUnits(units, { features, rowsPerUnit: plan.rowsPerUnit, units: MAXIMUM_UNITS, labels });
  if (parameterCount > MAXIMUM_PARAMETERS) {
    throw new TrainingInputError(
      `the model has more than ${MAXIMUM_PARAMETERS} parameters: take a smaller one`,
    );
  }
  layersOf(plan, model);
  return model;
}

/** @throws TrainingInputError for a start of another model or optimiser */
export function checkStart(
  { plan, localPatterns }: Pick<RoundSetting, 'plan' | 'localPatterns'>,
  { parameters, state, controlShift }: RoundStart,
  model: ForwardModel,
): void {
  const { parameterCount } = model;
  if (parameters.length !== parameterCount) {
    throw new TrainingInputError(`parameters must have ${parameterCount} values`);
  }
  checkOptimizerState(plan, parameterCount, state?.optimizer);
  if (controlShift !== undefined) checkControlShift({ plan, controlShift, localPatterns }, model);
}

function checkControlShift(
  {
    plan,
    controlShift,
    localPatterns,
  }: Required<Pick<RoundInput, 'plan' | 'controlShift' | 'localPatterns'>>,
  model: ForwardModel,
): void {
  const { sharedIndices } = partitionParameters(model, localPatterns);
  const fits =
    plan.driftCorrection?.kind === 'scaffold' &&
    controlShift.length === sharedIndices.length &&
    Array.from(controlShift).every(Number.isFinite);
  if (fits) return;
  throw new TrainingInputError('controlShift: it is for scaffold, a finite number for each shared parameter');
}

/** The plan's layers, where it clips by layers. @throws TrainingInputError */
export function layersOf(plan: TrainingPlan, model: ForwardModel): readonly ClipLayer[] | undefined {
  const { clipping, clipNormL2 } = plan;
  if (clipping?.kind !== 'per-layer') return undefined;
  const found = clipLayersOf(model, { clipping, clipNormL2 });
  if ('layers' in found) return found.layers;
  throw new TrainingInputError([planProblem('clipping.layers', found.problem)]);
}
