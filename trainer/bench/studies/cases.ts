// The studies that both sides run: a model, data by a seed, and a plan. Sizes are those of one hospital of four.
import type { PeerModel } from '@consilium/onnx-grad/testing/peer-models';

export interface StudyCase {
  readonly name: string;
  readonly model: PeerModel;
  /** Tables have columns, images have sides; of tables the label is yes or no, of images one of ten. */
  readonly data:
    | { readonly kind: 'table'; readonly columns: number }
    | { readonly kind: 'images'; readonly side: number };
  readonly sites: number;
  /** Training rows of each site; each is a patient. */
  readonly rowsPerSite: number;
  readonly testRows: number;
  readonly rounds: number;
  readonly steps: number;
  readonly samplingRate: number;
  readonly learningRate: number;
  readonly clipNormL2: number;
  readonly noiseMultiplier: number;
}

const dense = (outputs: number, inputs: number): PeerModel['layers'][number] => ({
  op: 'Gemm',
  weight: [outputs, inputs],
  attributes: { transB: 1 },
});
const convolution = (
  weight: readonly number[],
  attributes: Readonly<Record<string, readonly number[]>>,
): PeerModel['layers'][number] => ({ op: 'Conv', weight, attributes });
const relu: PeerModel['layers'][number] = { op: 'Relu' };
const halved: PeerModel['layers'][number] = {
  op: 'MaxPool',
  attributes: { kernel_shape: [2, 2], strides: [2, 2] },
};

const common = { sites: 4, clipNormL2: 1, noiseMultiplier: 1 } as const;

export const CASES: readonly StudyCase[] = [
  {
    ...common,
    name: '40,000 x 101, logistic regression, 100 rounds of 20 steps',
    model: { inputShape: [101], outputs: 1, layers: [dense(1, 101)] },
    data: { kind: 'table', columns: 101 },
    rowsPerSite: 10_000,
    testRows: 10_000,
    rounds: 100,
    steps: 20,
    samplingRate: 0.01,
    learningRate: 0.5,
  },
  {
    ...common,
    name: '1,000,000 x 50, perceptron, one round of 500 steps',
    model: { inputShape: [50], outputs: 1, layers: [dense(32, 50), relu, dense(1, 32)] },
    data: { kind: 'table', columns: 50 },
    rowsPerSite: 250_000,
    testRows: 20_000,
    rounds: 1,
    steps: 500,
    samplingRate: 0.001,
    learningRate: 0.5,
  },
  {
    ...common,
    name: '8 x 8 images, convolutional net, 20 rounds of 10 steps',
    model: {
      inputShape: [1, 8, 8],
      outputs: 10,
      layers: [
        convolution([8, 1, 3, 3], { pads: [1, 1, 1, 1], strides: [1, 1] }),
        relu,
        halved,
        { op: 'Flatten' },
        dense(32, 128),
        relu,
        dense(10, 32),
      ],
    },
    data: { kind: 'images', side: 8 },
    rowsPerSite: 5000,
    testRows: 4000,
    rounds: 20,
    steps: 10,
    samplingRate: 0.05,
    learningRate: 0.5,
  },
  {
    ...common,
    name: '28 x 28 images, convolutional net, 10 rounds of 10 steps',
    model: {
      inputShape: [1, 28, 28],
      outputs: 10,
      layers: [
        convolution([16, 1, 8, 8], { pads: [3, 3, 3, 3], strides: [2, 2] }),
        relu,
        { op: 'MaxPool', attributes: { kernel_shape: [2, 2], strides: [1, 1] } },
        convolution([32, 16, 4, 4], { strides: [2, 2] }),
        relu,
        { op: 'MaxPool', attributes: { kernel_shape: [2, 2], strides: [1, 1] } },
        { op: 'Flatten' },
        dense(32, 512),
        relu,
        dense(10, 32),
      ],
    },
    data: { kind: 'images', side: 28 },
    rowsPerSite: 2500,
    testRows: 2000,
    rounds: 10,
    steps: 10,
    samplingRate: 0.1,
    learningRate: 0.5,
  },
];
