// The public surface of the ONNX engine.

export { OnnxFormatError } from './format/onnx-schema.ts';
export { describeNode } from './format/unsupported-model.ts';
export { defaultLoss, type Loss, labelRule, lossFrom, whyNotLoss } from './losses/loss.ts';
export {
  classProbabilities,
  predictedClasses,
  type RawOutputs,
  yesProbabilities,
} from './losses/predictions.ts';
export { BLOCK_ROWS } from './lowering/block-sums.ts';
export { LARGEST_FEATURE, type OverflowBounds, overflowBoundsOf } from './lowering/overflow-bounds.ts';
export { SCORE_ROWS } from './lowering/score-graph.ts';
export {
  buildStepGraph,
  type ClipLayer,
  type StepGraph,
  type StepGraphOptions,
  type StepRounding,
} from './lowering/step-graph.ts';
export {
  buildStepLoop,
  loopFloatFrom,
  type RowColumn,
  type RowTable,
  type StepCorrection,
  type StepLoop,
  type StepLoopOptions,
} from './lowering/step-loop.ts';
export {
  buildForwardModel,
  type ForwardModelDescription,
  LOCAL_INTERCEPT_NAME,
} from './model/build-forward-model.ts';
export {
  type ForwardModel,
  readForwardModel,
  type TrainableParameter,
  UnsupportedModelError,
  withFrozen,
  withParameters,
} from './model/forward-model.ts';
export {
  joinParameters,
  type ParameterPartition,
  partitionParameters,
  pick,
} from './model/local-parameters.ts';
export { matchesPattern } from './model/name-patterns.ts';
export { numbersPerRow } from './model/numbers-per-row.ts';
export { checkBatchInvariance } from './probes/batch-invariance.ts';
export { findBlockedChannels } from './probes/blocked-channels.ts';
export { addsUnitsInOrder } from './probes/row-order.ts';
export { OnnxRuntimeError, type OnnxSession, openSession, type TensorValue } from './runtime/onnx-runtime.ts';
export { predictOutputs, predictProbabilities } from './runtime/predict.ts';
export { runAsWritten } from './runtime/run-as-written.ts';
export { rawOutputs, scoreRows } from './runtime/score-rows.ts';
export { type StepArrays, stepInputs, stepOutputs } from './runtime/step-tensors.ts';
