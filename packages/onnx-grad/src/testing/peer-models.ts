// The four models that DP-SGD libraries are measured on (logistic regression, two perceptrons, a convolutional net
// for 28 x 28 images), written as PyTorch exports them. Weights come from a seed, scaled by 1/√fan-in.
import {
  type Attributes,
  IR_VERSION,
  OPSET_VERSION,
  toAttributes,
  valueInfo,
} from '../format/graph-writer.ts';
import { encodeModel } from '../format/onnx-schema.ts';
import { elementCount, floatTensor } from '../format/tensor-data.ts';
import { testNumbers } from './tiny-models.ts';

interface Layer {
  readonly op: string;
  /** Shape of the layer's weights, outputs first; its offset has as many values. */
  readonly weight?: readonly number[];
  readonly attributes?: Attributes;
}

export interface PeerModel {
  readonly inputShape: readonly number[];
  readonly outputs: number;
  readonly layers: readonly Layer[];
}

const dense = (outputs: number, inputs: number): Layer => ({
  op: 'Gemm',
  weight: [outputs, inputs],
  attributes: { transB: 1 },
});
const relu: Layer = { op: 'Relu' };
const pool: Layer = { op: 'MaxPool', attributes: { kernel_shape: [2, 2], strides: [1, 1] } };

export const PEER_MODELS: Readonly<Record<string, PeerModel>> = {
  lr13: { inputShape: [13], outputs: 1, layers: [dense(1, 13)] },
  mlp30: {
    inputShape: [30],
    outputs: 1,
    layers: [dense(64, 30), relu, dense(32, 64), relu, dense(1, 32)],
  },
  mlp784: {
    inputShape: [784],
    outputs: 10,
    layers: [dense(512, 784), relu, dense(256, 512), relu, dense(10, 256)],
  },
  cnn28: {
    inputShape: [1, 28, 28],
    outputs: 10,
    layers: [
      { op: 'Conv', weight: [16, 1, 8, 8], attributes: { strides: [2, 2], pads: [3, 3, 3, 3] } },
      relu,
      pool,
      { op: 'Conv', weight: [32, 16, 4, 4], attributes: { strides: [2, 2] } },
      relu,
      pool,
      { op: 'Flatten' },
      dense(32, 512),
      relu,
      dense(10, 32),
    ],
  },
};

/** ONNX bytes of a peer model, and the generator that drew its weights, to go on with. */
export const peerModel = (name: string, seed: number): { bytes: Uint8Array; next: () => number } =>
  writePeerModel(name, PEER_MODELS[name]!, seed);

/** The same for any model of such layers. */
export function writePeerModel(
  name: string,
  { inputShape, outputs, layers }: PeerModel,
  seed: number,
): { bytes: Uint8Array; next: () => number } {
  const next = testNumbers(seed);
  const initializer = layers.flatMap(({ weight }, i) => {
    if (weight === undefined) return [];
    const fanIn = elementCount(weight.slice(1));
    const draw = (own: string, shape: readonly number[]) =>
      floatTensor(
        { name: `${own}${i}`, shape },
        Float32Array.from({ length: elementCount(shape) }, () => next() / Math.sqrt(fanIn)),
      );
    return [draw('weight', weight), draw('bias', weight.slice(0, 1))];
  });
  const node = layers.map(({ op, weight, attributes = {} }, i) => ({
    name: `layer${i}`,
    opType: op,
    input: [i === 0 ? 'x' : `h${i - 1}`, ...(weight === undefined ? [] : [`weight${i}`, `bias${i}`])],
    output: [i === layers.length - 1 ? 'logit' : `h${i}`],
    attribute: toAttributes(attributes),
  }));
  const bytes = encodeModel({
    irVersion: IR_VERSION,
    opsetImport: [{ domain: '', version: OPSET_VERSION }],
    graph: {
      name,
      node,
      initializer,
      input: [valueInfo('x', { elementType: 'float', shape: ['rows', ...inputShape] })],
      output: [valueInfo('logit', { elementType: 'float', shape: ['rows', outputs] })],
    },
    metadataProps: [],
  });
  return { bytes, next };
}
