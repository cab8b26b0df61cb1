// What the graph engine says of a model that cannot be trained, as the trainer's own error.
import {
  type ModelProblem,
  modelSentence,
  OnnxFormatError,
  UnsupportedModelError,
} from '@consilium/onnx-grad';
import { TrainerError } from '../errors.ts';

/** TRAINER_MODEL_INVALID with every problem of the graph; undefined where the error is of another kind. */
export function modelRefusal(cause: unknown): TrainerError | undefined {
  if (cause instanceof OnnxFormatError) {
    return new TrainerError('TRAINER_MODEL_INVALID', cause.message, { cause });
  }
  if (!(cause instanceof UnsupportedModelError)) return undefined;
  const { message, problems, total } = cause;
  return new TrainerError('TRAINER_MODEL_INVALID', message, { cause, problems, total });
}

/** TRAINER_MODEL_INVALID for one problem that a study has with a graph that can be read. */
export const modelProblemRefusal = (problem: ModelProblem): TrainerError =>
  new TrainerError('TRAINER_MODEL_INVALID', modelSentence(problem), { problems: [problem] });
