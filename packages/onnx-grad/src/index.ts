// The public surface: read or build a forward graph, differentiate it into a private step, run it, and predict with it.
// `@consilium/onnx-grad/step` (`step.ts`) has the rest that private training needs.

export { type ModelProblem, modelSentence, nodeProblem } from './format/model-problem.ts';
export { OnnxFormatError } from './format/onnx-schema.ts';
export { defaultLoss, type Loss, labelRule, whyNotLoss } from './losses/loss.ts';
export {
  classProbabilities,
  predictedClasses,
  type RawOutputs,
  yesProbabilities,
} from './losses/predictions.ts';
export {
  buildStepGraph,
  type ClipLayer,
  type StepGraph,
  type StepGraphOptions,
} from './lowering/step-graph.ts';
export {
  buildForwardModel,
  type ForwardModelDescription,
  LOCAL_INTERCEPT_NAME,
} from './model/build-forward-model.ts';
export {
  type ForwardModel,
  readForwardModel,
  type SharedWeight,
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
export { type Codes, type RawColumn, withRawInputs } from './model/raw-inputs.ts';
export { type RestoredModel, restoreWeights, type UntiedWeight } from './model/restore-weights.ts';
export { checkBatchInvariance } from './probes/batch-invariance.ts';
export {
  type ColumnValues,
  OnnxRuntimeError,
  type OnnxSession,
  openSession,
  runColumns,
  type TensorValue,
} from './runtime/onnx-runtime.ts';
export { predictOutputs, predictProbabilities } from './runtime/predict.ts';
export { type CodeInput, runAsWritten } from './runtime/run-as-written.ts';
export { type OpenScoring, openScoring, rawOutputs, scoreRows } from './runtime/score-rows.ts';
export { type StepArrays, stepInputs, stepOutputs } from './runtime/step-tensors.ts';
