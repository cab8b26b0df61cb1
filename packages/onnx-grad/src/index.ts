// The public surface of the ONNX engine.
export { BLOCK_ROWS } from './block-sums.ts';
export { findBlockedChannels } from './blocked-channels.ts';
export {
  buildForwardModel,
  type ForwardModelDescription,
  LOCAL_INTERCEPT_NAME,
} from './build-forward-model.ts';
export {
  type ForwardModel,
  readForwardModel,
  type TrainableParameter,
  UnsupportedModelError,
  withFrozen,
  withParameters,
} from './forward-model.ts';
export {
  joinParameters,
  type ParameterPartition,
  partitionParameters,
  pick,
} from './local-parameters.ts';
export { defaultLoss, type Loss, labelRule, lossFrom, whyNotLoss } from './losses/loss.ts';
export {
  classProbabilities,
  predictedClasses,
  type RawOutputs,
  yesProbabilities,
} from './losses/predictions.ts';
export { matchesPattern } from './name-patterns.ts';
export { numbersPerRow } from './numbers-per-row.ts';
export { OnnxRuntimeError, type OnnxSession, openSession, type TensorValue } from './onnx-runtime.ts';
export { OnnxFormatError } from './onnx-schema.ts';
export { LARGEST_FEATURE, type OverflowBounds, overflowBoundsOf } from './overflow-bounds.ts';
export { predictOutputs, predictProbabilities } from './predict.ts';
export { checkPlaces } from './probe-places.ts';
export { addsUnitsInOrder } from './row-order.ts';
export { runAsWritten } from './run-as-written.ts';
export { SCORE_ROWS } from './score-graph.ts';
export { rawOutputs, scoreRows } from './score-rows.ts';
export {
  buildStepGraph,
  type ClipLayer,
  type StepGraph,
  type StepGraphOptions,
  type StepRounding,
} from './step-graph.ts';
export {
  buildStepLoop,
  loopFloatFrom,
  type RowColumn,
  type RowTable,
  type StepCorrection,
  type StepLoop,
  type StepLoopOptions,
} from './step-loop.ts';
export { type StepArrays, stepInputs, stepOutputs } from './step-tensors.ts';
export { describeNode } from './unsupported-model.ts';
