// The model of a study without a ledger: built for the dictionary's inputs, or read from the user's own graph.
import { canonicalJson, type Dictionary, encodingOf, inputNames } from '@consilium/chaincode/domain';
import { TrainerError } from '../errors.ts';
import {
  buildForwardModel,
  LOCAL_INTERCEPT_NAME,
  matchesPattern,
  OnnxFormatError,
  predictOutputs,
  readForwardModel,
  UnsupportedModelError,
} from '../onnx/index.ts';
import { StudyModel } from '../study-model.ts';
import { outputsOf } from './label-loss.ts';

export type ModelKind =
  | { readonly kind: 'linear' | 'logistic-regression'; readonly localIntercept?: boolean }
  | {
      readonly kind: 'multilayer-perceptron';
      readonly hidden: readonly number[];
      readonly activation?: 'relu' | 'tanh';
      readonly localIntercept?: boolean;
    }
  | { readonly kind: 'onnx'; readonly graph: Uint8Array };

export interface StudyGraph {
  readonly model: StudyModel;
  readonly localPatterns: readonly string[];
  /** Parameter names in the model's order. */
  readonly parameterNames: readonly string[];
  /** Numbers per row that the loss is taken of: one, or one for each class. */
  readonly outputs: number;
}

function graphOf(kind: ModelKind, dictionary: Dictionary): Uint8Array {
  if (kind.kind === 'onnx') return kind.graph;
  const { features, label, target } = encodingOf(dictionary);
  const names = inputNames(features);
  const { localIntercept = false, ...rest } = kind;
  const metadata = {
    'consilium.inputs': JSON.stringify(names),
    'consilium.label': label,
    ...(target.kind !== 'binary' && { 'consilium.target': canonicalJson(target) }),
  };
  return buildForwardModel({ ...rest, features: names.length, localIntercept, target, metadata });
}

/** @throws TrainerError TRAINER_MODEL_INVALID naming what does not fit and what would */
export function studyGraph(
  kind: ModelKind,
  { dictionary, localPatterns = [] }: { dictionary: Dictionary; localPatterns?: readonly string[] },
): StudyGraph {
  const names = inputNames(encodingOf(dictionary).features);
  const refuse = (detail: string, options?: ErrorOptions): never => {
    throw new TrainerError('TRAINER_MODEL_INVALID', detail, options);
  };
  const { target } = encodingOf(dictionary);
  if (kind.kind === 'logistic-regression' && (target.kind === 'numeric' || target.kind === 'count')) {
    refuse(`logistic-regression needs a binary or categorical label; for a ${target.kind} one say linear`);
  }
  const patterns = [...localPatterns];
  if (kind.kind !== 'onnx' && kind.localIntercept && !matchesPattern(LOCAL_INTERCEPT_NAME, patterns)) {
    patterns.push(LOCAL_INTERCEPT_NAME);
  }
  try {
    const graph = graphOf(kind, dictionary);
    const { features, outputs, parameterCount, parameters, finalActivation } = readForwardModel(graph);
    if (features !== names.length) {
      refuse(
        `the graph takes ${features} values a row, the dictionary gives ${names.length}: ${names.join(', ')}`,
      );
    }
    const wanted = outputsOf(target);
    if (target.kind === 'binary' ? outputs > 2 : outputs !== wanted) {
      const needs = target.kind === 'binary' ? 'one or two' : wanted;
      refuse(`the graph has ${outputs} outputs a row; a ${target.kind} label needs ${needs}`);
    }
    if (finalActivation !== undefined && (target.kind === 'numeric' || target.kind === 'count')) {
      refuse(
        `the graph ends in ${finalActivation}, and a ${target.kind} label is learned without it: export the ` +
          'value before it',
      );
    }
    const parameterNames = parameters.map(({ name }) => name);
    for (const pattern of patterns) {
      if (parameterNames.some((name) => matchesPattern(name, [pattern]))) continue;
      refuse(`localParameters: no parameter matches ${pattern}; there are ${parameterNames.join(', ')}`);
    }
    const description = { inputs: features, parameters: parameterCount, localParameters: patterns };
    return { model: new StudyModel(graph, description), localPatterns: patterns, parameterNames, outputs };
  } catch (cause) {
    if (cause instanceof UnsupportedModelError || cause instanceof OnnxFormatError) {
      return refuse(cause.message, { cause });
    }
    throw cause;
  }
}

/** The innermost reason of an error, in one line. */
function reasonOf(error: unknown): string {
  let current = error as Error;
  while (current.cause instanceof Error) current = current.cause;
  return current.message.split('\n')[0]!;
}

/**
 * Runs the graph once on rows of zeros, as it will be scored, before anything is trained.
 *
 * @throws TrainerError TRAINER_MODEL_INVALID where ONNX Runtime does not take what the engine could train
 */
export async function checkRuns({ model }: StudyGraph): Promise<void> {
  try {
    await predictOutputs(model.onnx(model.initial), new Float32Array(2 * model.inputs));
  } catch (cause) {
    const detail = `ONNX Runtime does not run the graph: ${reasonOf(cause)}: export it to another operator set`;
    throw new TrainerError('TRAINER_MODEL_INVALID', detail, { cause });
  }
}
