// Features that are codes: what a graph must take of them, and which models cannot.
import { type Dictionary, encodingOf, inputNames } from '@consilium/domain';
import type { CodeInput } from '@consilium/onnx-grad';
import { TrainerError } from '../errors.ts';

/** The inputs that hold codes, as `StudyModel.checkRuns` tries them. */
export function codeInputs(dictionary: Dictionary): CodeInput[] {
  const { features } = encodingOf(dictionary);
  return features.flatMap((feature, place) => {
    if (feature.kind !== 'code') return [];
    const at = inputNames(features.slice(0, place)).length;
    return [{ name: feature.name, at, last: feature.categories.length }];
  });
}

/** @throws TrainerError where a model that is built here would take codes for quantities */
export function refuseCodes({ features }: Dictionary): void {
  const codes = features.filter(({ kind }) => kind === 'code').map(({ name }) => name);
  if (codes.length === 0) return;
  throw new TrainerError(
    'TRAINER_MODEL_INVALID',
    `features of the kind code (${codes.join(', ')}) are for an embedding, and models that are built here have none: ` +
      'make them categorical, or bring a graph of your own',
  );
}
