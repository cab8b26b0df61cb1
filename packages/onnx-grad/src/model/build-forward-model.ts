// Writes forward graphs that a study can start from: one linear layer (logistic, multinomial, linear or Poisson
// regression, by the label) and the multilayer perceptron.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { IR_VERSION, OPSET_VERSION, toAttributes, valueInfo } from '../format/graph-writer.ts';
import { ATTRIBUTE_TYPE, encodeModel, type NodeProto, type TensorProto } from '../format/onnx-schema.ts';
import { floatTensor } from '../format/tensor-data.ts';
import { checkParameterCount } from '../format/unsupported-model.ts';
import { INPUT_NAME, LOGIT_NAME, PROBABILITY_NAME } from './forward-model.ts';

/** The label that a graph learns. */
export type ForwardTarget =
  | { readonly kind: 'binary' }
  | { readonly kind: 'categorical'; readonly categories: readonly string[] }
  /** Learned as (2 value - low - high) / (high - low), from -1 to 1 within the bounds. */
  | { readonly kind: 'numeric'; readonly low: number; readonly high: number }
  /** Learned as the logarithm of its expectation. */
  | { readonly kind: 'count' };

/** Name of the intercept that stays at each hospital. */
export const LOCAL_INTERCEPT_NAME = 'local.intercept';

interface ModelDescription {
  readonly features: number;
  /** Whether the logit has a local intercept, which stays at each hospital. */
  readonly localIntercept: boolean;
  /** The label; yes/no by default. */
  readonly target?: ForwardTarget;
  /** Metadata of the file, written with sorted keys. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Public seed of the initial weights. The same seed gives the same bytes on every machine. */
  readonly seed?: string;
}
/** A model that `buildForwardModel` writes: one linear layer, or a perceptron. */
export type ForwardModelDescription = ModelDescription &
  (
    | { readonly kind: 'logistic-regression' | 'linear' }
    | {
        readonly kind: 'multilayer-perceptron';
        /** Widths of the hidden layers, first to last. */
        readonly hidden: readonly number[];
        readonly activation?: 'relu' | 'tanh';
      }
  );

/** Initial weights are multiples of 2^-20, so that the lattice of the aggregate holds them exactly. */
const INITIAL_STEP = 2 ** -20;

/**
 * Weights from a public seed, uniform within ±√(gain / fanIn): He's for Relu (gain 6), Glorot's for Tanh (gain 3).
 *
 * Only integers from SHA-256, one square root and exact scalings: the same values on every machine.
 */
function seededWeights(
  seed: string,
  { fanIn, count, gain }: { readonly fanIn: number; readonly count: number; readonly gain: number },
): Float32Array {
  const steps = Math.floor(Math.sqrt(gain / fanIn) / INITIAL_STEP);
  const weights = new Float32Array(count);
  for (let block = 0; block * 8 < count; block++) {
    const digest = createHash('sha256').update(`${seed}/${block}`).digest();
    for (let i = 0; i < 8 && block * 8 + i < count; i++) {
      const fraction = digest.readUInt32LE(i * 4) / 2 ** 31 - 1;
      weights[block * 8 + i] = Math.floor(fraction * steps) * INITIAL_STEP;
    }
  }
  return weights;
}

/**
 * ONNX bytes of a new forward model: `x` float [rows, features] → `logit`, float [rows, 1] or [rows, categories], and
 * what it says of the label: `probability` of yes, `probabilities` of the categories, or `value` in the label's unit.
 *
 * Layer i is a Gemm with `weight<i>` [in, out] and `bias<i>` [out]. Biases, the local intercept and a logistic
 * regression's weights start at 0, the weights of a perceptron as `seededWeights` says.
 *
 * @throws UnsupportedModelError for more than MAXIMUM_PARAMETERS
 */
export function buildForwardModel(description: ForwardModelDescription): Uint8Array {
  const { features, localIntercept, metadata = {}, seed = 'consilium' } = description;
  const target = description.target ?? { kind: 'binary' };
  const outputs = target.kind === 'categorical' ? target.categories.length : 1;
  const perceptron = description.kind === 'multilayer-perceptron' ? description : undefined;
  const widths = [features, ...(perceptron?.hidden ?? []), outputs];
  assert(
    widths.every((width) => Number.isSafeInteger(width) && width >= 1),
    'widths are positive integers',
  );
  checkParameterCount(widths.slice(1).reduce((sum, width, layer) => sum + (widths[layer]! + 1) * width, 0));
  const activation = perceptron?.activation ?? 'relu';
  const initializer: TensorProto[] = [];
  const node: NodeProto[] = [];
  const append = (name: string, opType: string, input: string[], output: string): string => {
    node.push({ name, opType, input, output: [output], attribute: [] });
    return output;
  };

  let value = INPUT_NAME;
  for (let layer = 0; layer + 1 < widths.length; layer++) {
    const [m, n] = [widths[layer]!, widths[layer + 1]!];
    const [weight, bias] = [`weight${layer}`, `bias${layer}`];
    const isLast = layer + 2 === widths.length;
    const weights = perceptron
      ? seededWeights(`${seed}/${weight}`, { fanIn: m, count: m * n, gain: activation === 'relu' ? 6 : 3 })
      : new Float32Array(m * n);
    initializer.push(floatTensor({ name: weight, shape: [m, n] }, weights));
    initializer.push(floatTensor({ name: bias, shape: [n] }, new Float32Array(n)));
    const output = isLast && !localIntercept ? LOGIT_NAME : `dense${layer}`;
    value = append(`dense${layer}`, 'Gemm', [value, weight, bias], output);
    if (!isLast) {
      const opType = activation === 'relu' ? 'Relu' : 'Tanh';
      value = append(`activation${layer}`, opType, [value], `hidden${layer}`);
    }
  }
  if (localIntercept) {
    const intercept = new Float32Array(outputs);
    initializer.push(floatTensor({ name: LOCAL_INTERCEPT_NAME, shape: [outputs] }, intercept));
    value = append('local', 'Add', [value, LOCAL_INTERCEPT_NAME], LOGIT_NAME);
  }
  const said = appendMeaning(node, { logit: value, target });

  const column = { elementType: 'float', shape: ['rows', outputs] } as const;
  return encodeModel({
    irVersion: IR_VERSION,
    producerName: 'consilium',
    opsetImport: [{ domain: '', version: OPSET_VERSION }],
    graph: {
      name: description.kind,
      node,
      initializer,
      input: [valueInfo(INPUT_NAME, { elementType: 'float', shape: ['rows', features] })],
      output: [valueInfo(LOGIT_NAME, column), valueInfo(said, column)],
    },
    metadataProps: Object.keys(metadata)
      .sort()
      .map((key) => ({ key, value: metadata[key]! })),
  });
}

/** The output in terms of the label. Constants are Constant nodes, so that they are not trained. */
function appendMeaning(
  node: NodeProto[],
  { logit, target }: { readonly logit: string; readonly target: ForwardTarget },
): string {
  const append = (opType: string, input: string[], output: string, attributes = {}): string => {
    node.push({ name: output, opType, input, output: [output], attribute: toAttributes(attributes) });
    return output;
  };
  const constant = (name: string, value: number): string => {
    const t = floatTensor({ name, shape: [] }, [value]);
    node.push({
      name,
      opType: 'Constant',
      input: [],
      output: [name],
      attribute: [{ name: 'value', type: ATTRIBUTE_TYPE.tensor, t }],
    });
    return name;
  };
  switch (target.kind) {
    case 'binary':
      return append('Sigmoid', [logit], PROBABILITY_NAME);
    case 'categorical':
      return append('Softmax', [logit], 'probabilities', { axis: 1 });
    case 'count':
      return append('Exp', [logit], 'value');
    case 'numeric': {
      const { low, high } = target;
      const halfRange = append(
        'Mul',
        [logit, constant('half_range', (high - low) / 2)],
        'offset_from_centre',
      );
      return append('Add', [halfRange, constant('centre', (low + high) / 2)], 'value');
    }
  }
}
