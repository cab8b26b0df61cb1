// What a command's errors mean to its user.

import { EXIT, InputError, sentenceOf } from '@consilium/command-line';
import { isOutOfMemory, OUT_OF_MEMORY, TrainingInputError } from '@consilium/dp-sgd';
import { AggregationRefusedError, ParameterRangeError } from '@consilium/federation';
import { UnsupportedModelError } from '@consilium/onnx-grad';
import { TrainerError } from '../../errors.ts';

/** Every problem of a model in a line of its own, and what helps against several. */
function modelProblems({ cause, detail, problems, total }: TrainerError): string[] {
  if (problems.length === 0) return [detail];
  const rest = total > problems.length ? [`and ${total - problems.length} more`] : [];
  const remedy = cause instanceof UnsupportedModelError ? cause.remedy : undefined;
  return [...problems.map(sentenceOf), ...rest, ...(remedy === undefined ? [] : [remedy])];
}

/** What the user can fix, in words, and the exit status; undefined for a bug. */
export function problemsOf(
  error: unknown,
): { readonly lines: readonly string[]; readonly status: number } | undefined {
  if (error instanceof InputError) return { lines: error.problems.map(sentenceOf), status: EXIT.unusable };
  if (error instanceof TrainingInputError || error instanceof AggregationRefusedError) {
    return { lines: [error.message], status: EXIT.unusable };
  }
  if (error instanceof TrainerError) {
    if (error.code !== 'TRAINER_MODEL_INVALID') return { lines: [error.message], status: EXIT.failed };
    return { lines: modelProblems(error).map((line) => `model: ${line}`), status: EXIT.unusable };
  }
  if (isOutOfMemory(error)) return { lines: [`study: ${OUT_OF_MEMORY}`], status: EXIT.unusable };
  if (error instanceof ParameterRangeError) return { lines: [error.message], status: EXIT.failed };
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === 'string' && !code.startsWith('ERR_')) {
    return { lines: [(error as Error).message], status: EXIT.failed };
  }
  return undefined;
}
