// The model of a study without a ledger: built for the dictionary's inputs, or read from the user's own graph.
import {
  canonicalJson,
  type Dictionary,
  type EncodedTarget,
  encodingOf,
  inputNames,
} from '@consilium/domain';
import {
  buildForwardModel,
  LOCAL_INTERCEPT_NAME,
  matchesPattern,
  nodeProblem,
  readForwardModel,
  restoreWeights,
  withFrozen,
} from '@consilium/onnx-grad';
import { TrainerError } from '../../errors.ts';
import { refuseCodes } from '../../study/code-features.ts';
import { modelProblemRefusal, modelRefusal } from '../../study/model-refusal.ts';
import { StudyModel } from '../../study/study-model.ts';
import { named, sharedWeightNotes } from '../../study/weight-notes.ts';
import { outputsOf } from './label-loss.ts';

const OF_CLASSES = ['Sigmoid', 'Softmax', 'LogSoftmax'];

/** What a graph may end in: it says the label by the number that the loss is taken of. */
const INVERSE_LINKS: Readonly<Record<EncodedTarget['kind'], readonly string[]>> = {
  binary: OF_CLASSES,
  categorical: OF_CLASSES,
  numeric: [],
  count: ['Exp'],
};

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
  /** What the person who exported the graph should know of its weights. */
  readonly notes: readonly string[];
}

/** The user's own graph with the weights that an exporter merged or left out, and what was done. */
function restored(graph: Uint8Array, tied: readonly string[]): { graph: Uint8Array; notes: string[] } {
  const { bytes, untied, biases } = restoreWeights(graph, tied);
  const { shared, frozen, parameters } = readForwardModel(bytes);
  const names = [...parameters, ...frozen].map(({ name }) => name);
  for (const pattern of tied) {
    if (names.some((name) => matchesPattern(name, [pattern]))) continue;
    throw new TrainerError(
      'TRAINER_MODEL_INVALID',
      `tiedParameters: no parameter matches ${pattern}; there are ${names.join(', ')}`,
    );
  }
  const apart = untied.map(
    ({ name, copies }) =>
      `weight ${name} was merged with ${named(copies)} by the exporter, since they began equal: trained apart. ` +
      'If they are one, name it in tiedParameters.',
  );
  const asOne = sharedWeightNotes(
    shared.filter(({ name }) => !matchesPattern(name, tied)),
    'If they are layers of their own, give them different values before they are exported; if not, name it in ' +
      'tiedParameters.',
  );
  const again = biases.map(
    (name) => `bias ${name} began at zero, and the exporter left it out: it is trained all the same.`,
  );
  return { graph: bytes, notes: [...apart, ...asOne, ...again] };
}

function graphOf(kind: Exclude<ModelKind, { kind: 'onnx' }>, dictionary: Dictionary): Uint8Array {
  refuseCodes(dictionary);
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

/** The graph, of which the weights that the patterns name stay as they are. */
function frozen(graph: Uint8Array, patterns: readonly string[]): Uint8Array {
  if (patterns.length === 0) return graph;
  const { parameters, frozen: already } = readForwardModel(graph);
  const names = [...parameters, ...already].map(({ name }) => name);
  for (const pattern of patterns) {
    if (names.some((name) => matchesPattern(name, [pattern]))) continue;
    throw new TrainerError(
      'TRAINER_MODEL_INVALID',
      `frozenParameters: no parameter matches ${pattern}; there are ${names.join(', ')}`,
    );
  }
  return withFrozen(graph, [...already.map(({ name }) => name), ...patterns]);
}

/** @throws TrainerError TRAINER_MODEL_INVALID naming what does not fit and what would */
export async function studyGraph(
  kind: ModelKind,
  {
    dictionary,
    localPatterns = [],
    frozenPatterns = [],
    tiedPatterns = [],
  }: {
    readonly dictionary: Dictionary;
    readonly localPatterns?: readonly string[];
    readonly frozenPatterns?: readonly string[];
    /** Weights that stay one, whatever the exporter may have merged. */
    readonly tiedPatterns?: readonly string[];
  },
): Promise<StudyGraph> {
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
    const own =
      kind.kind === 'onnx'
        ? restored(kind.graph, tiedPatterns)
        : { graph: graphOf(kind, dictionary), notes: [] };
    const graph = frozen(own.graph, frozenPatterns);
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
    if (finalActivation !== undefined && !INVERSE_LINKS[target.kind].includes(finalActivation.opType)) {
      const reason = `the graph ends in it, and a ${target.kind} label is learned without it`;
      throw modelProblemRefusal(nodeProblem(finalActivation, reason, 'export the value before it'));
    }
    const parameterNames = parameters.map(({ name }) => name);
    for (const pattern of patterns) {
      if (parameterNames.some((name) => matchesPattern(name, [pattern]))) continue;
      refuse(`localParameters: no parameter matches ${pattern}; there are ${parameterNames.join(', ')}`);
    }
    const description = { inputs: features, parameters: parameterCount, localParameters: patterns };
    return {
      model: await StudyModel.read(graph, description),
      localPatterns: patterns,
      parameterNames,
      outputs,
      notes: own.notes,
    };
  } catch (cause) {
    throw modelRefusal(cause) ?? cause;
  }
}
