// Small forward graphs for tests, one for each way the supported operators can be used.
import {
  type Attributes,
  IR_VERSION,
  OPSET_VERSION,
  toAttributes,
  valueInfo,
} from '../format/graph-writer.ts';
import { encodeModel, type TensorProto } from '../format/onnx-schema.ts';
import { elementCount, floatTensor } from '../format/tensor-data.ts';

export interface TinyNode {
  readonly op: string;
  readonly from: readonly string[];
  readonly to: string;
  readonly attributes?: Attributes;
}

export interface TinyModel {
  readonly features: number;
  readonly weights: Readonly<Record<string, readonly number[]>>;
  readonly nodes: readonly TinyNode[];
  /** Initialisers that are not float, or otherwise special. */
  readonly extra?: readonly TensorProto[];
}

/** A small deterministic generator (mulberry32) of numbers in [-1, 1): for test data, never for privacy. */
export function testNumbers(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

/** ONNX bytes of a tiny model, its weights drawn from the seed. */
export function tinyModel({ features, weights, nodes, extra = [] }: TinyModel, seed = 1): Uint8Array {
  const next = testNumbers(seed);
  const initializer = Object.entries(weights).map(([name, shape]) =>
    floatTensor({ name, shape }, Float32Array.from({ length: elementCount(shape) }, next)),
  );
  return encodeModel({
    irVersion: IR_VERSION,
    opsetImport: [{ domain: '', version: OPSET_VERSION }],
    graph: {
      name: 'tiny',
      node: nodes.map(({ op, from, to, attributes = {} }) => ({
        name: `make ${to}`,
        opType: op,
        input: [...from],
        output: [to],
        attribute: toAttributes(attributes),
      })),
      initializer: [...initializer, ...extra],
      input: [valueInfo('x', { elementType: 'float', shape: ['rows', features] })],
      output: [valueInfo('logit', { elementType: 'float', shape: ['rows', 1] })],
    },
    metadataProps: [],
  });
}

/** A model for every rule: the key says which. */
export const TINY_MODELS: Readonly<Record<string, TinyModel>> = {
  'Gemm with bias': {
    features: 5,
    weights: { w: [5, 1], b: [1] },
    nodes: [{ op: 'Gemm', from: ['x', 'w', 'b'], to: 'logit' }],
  },
  'Gemm with transposed weights and no bias': {
    features: 4,
    weights: { w0: [3, 4], w1: [1, 3] },
    nodes: [
      { op: 'Gemm', from: ['x', 'w0'], to: 'h', attributes: { transB: 1 } },
      { op: 'Gemm', from: ['h', 'w1'], to: 'logit', attributes: { transB: 1 } },
    ],
  },
  'MatMul, and Add of an offset per column': {
    features: 3,
    weights: { w0: [3, 6], b0: [6], w1: [6, 1], b1: [1, 1] },
    nodes: [
      { op: 'MatMul', from: ['x', 'w0'], to: 'h' },
      { op: 'Add', from: ['b0', 'h'], to: 'hb' },
      { op: 'MatMul', from: ['hb', 'w1'], to: 'z' },
      { op: 'Add', from: ['z', 'b1'], to: 'logit' },
    ],
  },
  'Add of one offset for all columns': {
    features: 3,
    weights: { w0: [3, 4], b0: [1], w1: [4, 1], b1: [] },
    nodes: [
      { op: 'MatMul', from: ['x', 'w0'], to: 'h' },
      { op: 'Add', from: ['h', 'b0'], to: 'hb' },
      { op: 'MatMul', from: ['hb', 'w1'], to: 'z' },
      { op: 'Add', from: ['z', 'b1'], to: 'logit' },
    ],
  },
  Relu: {
    features: 4,
    weights: { w0: [4, 7], b0: [7], w1: [7, 1], b1: [1] },
    nodes: [
      { op: 'Gemm', from: ['x', 'w0', 'b0'], to: 'h' },
      { op: 'Relu', from: ['h'], to: 'r' },
      { op: 'Gemm', from: ['r', 'w1', 'b1'], to: 'logit' },
    ],
  },
  Tanh: {
    features: 4,
    weights: { w0: [4, 5], w1: [5, 3], w2: [3, 1] },
    nodes: [
      { op: 'MatMul', from: ['x', 'w0'], to: 'h0' },
      { op: 'Tanh', from: ['h0'], to: 't0' },
      { op: 'MatMul', from: ['t0', 'w1'], to: 'h1' },
      { op: 'Tanh', from: ['h1'], to: 't1' },
      { op: 'MatMul', from: ['t1', 'w2'], to: 'logit' },
    ],
  },
  Sigmoid: {
    features: 2,
    weights: { w0: [2, 3], w1: [3, 1] },
    nodes: [
      { op: 'MatMul', from: ['x', 'w0'], to: 'h0' },
      { op: 'Sigmoid', from: ['h0'], to: 's0' },
      { op: 'MatMul', from: ['s0', 'w1'], to: 'logit' },
    ],
  },
  'Identity and Flatten': {
    features: 3,
    weights: { w0: [3, 4], w1: [4, 1] },
    nodes: [
      { op: 'Flatten', from: ['x'], to: 'f' },
      { op: 'MatMul', from: ['f', 'w0'], to: 'h' },
      { op: 'Identity', from: ['h'], to: 'i' },
      { op: 'Flatten', from: ['i'], to: 'j', attributes: { axis: 1 } },
      { op: 'MatMul', from: ['j', 'w1'], to: 'logit' },
    ],
  },
  'a residual: one value read by two nodes': {
    features: 3,
    weights: { w0: [3, 4], w1: [4, 4], w2: [4, 1] },
    nodes: [
      { op: 'MatMul', from: ['x', 'w0'], to: 'h' },
      { op: 'Tanh', from: ['h'], to: 't' },
      { op: 'MatMul', from: ['t', 'w1'], to: 'u' },
      { op: 'Add', from: ['t', 'u'], to: 'sum' },
      { op: 'Add', from: ['sum', 'sum'], to: 'twice' },
      { op: 'MatMul', from: ['twice', 'w2'], to: 'logit' },
    ],
  },
};
