// The model of a study without a ledger: built for the dictionary's inputs, or read from the user's own graph.
import { type Dictionary, encodingOf, inputNames } from '@consilium/chaincode/domain';
import { TrainerError } from '../errors.ts';
import {
  buildForwardModel,
  LOCAL_INTERCEPT_NAME,
  matchesPattern,
  OnnxFormatError,
  readForwardModel,
  UnsupportedModelError,
} from '../onnx/index.ts';
import { StudyModel } from '../study-model.ts';

export type ModelKind =
  | { readonly kind: 'logistic-regression'; readonly localIntercept?: boolean }
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
  /** Logits per row: one or two. */
  readonly outputs: number;
}

function graphOf(kind: ModelKind, dictionary: Dictionary): Uint8Array {
  if (kind.kind === 'onnx') return kind.graph;
  const { features, label } = encodingOf(dictionary);
  const names = inputNames(features);
  const { localIntercept = false, ...rest } = kind;
  const metadata = { 'consilium.inputs': JSON.stringify(names), 'consilium.label': label };
  return buildForwardModel({ ...rest, features: names.length, localIntercept, metadata });
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
  const graph = graphOf(kind, dictionary);
  const patterns = [...localPatterns];
  if (kind.kind !== 'onnx' && kind.localIntercept && !matchesPattern(LOCAL_INTERCEPT_NAME, patterns)) {
    patterns.push(LOCAL_INTERCEPT_NAME);
  }
  try {
    const { features, outputs, parameterCount, parameters } = readForwardModel(graph);
    if (features !== names.length) {
      refuse(
        `the graph takes ${features} values a row, the dictionary gives ${names.length}: ${names.join(', ')}`,
      );
    }
    if (outputs > 2) refuse(`the graph has ${outputs} logits; a yes/no label needs one or two`);
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
