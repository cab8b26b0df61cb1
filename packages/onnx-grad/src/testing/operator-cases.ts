// One use each of the operators, within a model whose gradients pass through it.
import { type Attributes, IR_VERSION, toAttributes, valueInfo } from '../format/graph-writer.ts';
import { encodeModel, type TensorProto } from '../format/onnx-schema.ts';
import { elementCount, floatTensor, int64Tensor } from '../format/tensor-data.ts';
import { type TinyNode, testNumbers } from './tiny-models.ts';

/** One use of an operator. */
export interface OpCase {
  readonly inputShape: readonly number[];
  /** From `h` to `y`. */
  readonly nodes: readonly TinyNode[];
  readonly weights?: Readonly<Record<string, readonly number[]>>;
  readonly constants?: readonly TensorProto[];
  readonly opset?: number;
  /** Inputs and weights are in [1/3, 1), for operators that are not defined everywhere. */
  readonly isPositive?: boolean;
}

/**
 * The model h = x · s, y = operator(h), logit = mean(y²), with a trainable s of the input's shape: `open` takes its
 * parameters as inputs. And x, float [rows, ...inputShape].
 */
export function buildOperatorModel(
  { inputShape, nodes, weights = {}, constants = [], opset = 17, isPositive }: OpCase,
  { seed, rows }: { readonly seed: number; readonly rows: number },
) {
  const next = testNumbers(seed);
  const draw = isPositive ? () => Math.fround((next() + 2) / 3) : () => Math.fround(next());
  const all = { s: [1, ...inputShape], ...weights };
  const parameters = Object.entries(all).map(([name, shape]) =>
    floatTensor({ name, shape }, Float32Array.from({ length: elementCount(shape) }, draw)),
  );
  const head: TinyNode[] = [
    { op: 'Mul', from: ['x', 's'], to: 'h' },
    ...nodes,
    { op: 'Mul', from: ['y', 'y'], to: 'square' },
    { op: 'Flatten', from: ['square'], to: 'flat' },
  ];
  const sum: TinyNode =
    opset < 18
      ? { op: 'ReduceMean', from: ['flat'], to: 'logit', attributes: { axes: [1] } }
      : { op: 'ReduceMean', from: ['flat', 'one'], to: 'logit' };
  const input = valueInfo('x', { elementType: 'float', shape: ['rows', ...inputShape] });
  const write = (isOpen: boolean) =>
    encodeModel({
      irVersion: IR_VERSION,
      opsetImport: [{ domain: '', version: opset }],
      graph: {
        name: 'operator',
        node: [...head, sum].map(({ op, from, to, attributes = {} }) => ({
          name: `make ${to}`,
          opType: op,
          input: [...from],
          output: [to],
          attribute: toAttributes(attributes),
        })),
        initializer: [...(isOpen ? [] : parameters), ...constants, int64Tensor('one', [1])],
        // To move the parameters, a run takes them as inputs.
        input: isOpen
          ? [
              input,
              ...parameters.map(({ name, dims: shape }) => valueInfo(name, { elementType: 'float', shape })),
            ]
          : [input],
        output: [valueInfo('logit', { elementType: 'float', shape: ['rows', 1] })],
      },
      metadataProps: [],
    });
  const x = Float32Array.from({ length: rows * elementCount(inputShape) }, draw);
  return { bytes: write(false), open: write(true), x };
}

export const one = (op: string, attributes: Attributes = {}, more: Partial<OpCase> = {}): OpCase => ({
  inputShape: [5],
  nodes: [{ op, from: ['h'], to: 'y', attributes }],
  ...more,
});
export const two = (op: string, shape: readonly number[], more: Partial<OpCase> = {}): OpCase => ({
  inputShape: [3, 4],
  weights: { w: shape },
  nodes: [{ op, from: ['h', 'w'], to: 'y' }],
  ...more,
});

export const OPERATOR_CASES: Readonly<Record<string, OpCase>> = {
  Relu: one('Relu'),
  LeakyRelu: one('LeakyRelu', { alpha: { float: 0.2 } }),
  Elu: one('Elu', { alpha: { float: 1.3 } }),
  Tanh: one('Tanh'),
  Sigmoid: one('Sigmoid'),
  Softplus: one('Softplus'),
  Gelu: one('Gelu', {}, { opset: 20 }),
  'Gelu by tanh': one('Gelu', { approximate: 'tanh' }, { opset: 20 }),
  Mish: one('Mish', {}, { opset: 18 }),
  Erf: one('Erf'),
  Exp: one('Exp'),
  Neg: one('Neg'),
  Abs: one('Abs'),
  Log: one('Log', {}, { isPositive: true }),
  Clip: one(
    'Clip',
    {},
    {
      nodes: [{ op: 'Clip', from: ['h', 'low', 'high'], to: 'y' }],
      constants: [
        floatTensor({ name: 'low', shape: [] }, [-0.2]),
        floatTensor({ name: 'high', shape: [1] }, [0.3]),
      ],
    },
  ),
  'Clip from below': one(
    'Clip',
    {},
    {
      nodes: [{ op: 'Clip', from: ['h', 'low', ''], to: 'y' }],
      constants: [floatTensor({ name: 'low', shape: [] }, [0.1])],
    },
  ),
  HardSigmoid: one('HardSigmoid', { alpha: { float: 1.7 }, beta: { float: 0.4 } }),
  HardSwish: {
    inputShape: [5],
    nodes: [
      { op: 'Add', from: ['h', 'h'], to: 'twice' },
      { op: 'Add', from: ['twice', 'twice'], to: 'wide' },
      { op: 'HardSwish', from: ['wide'], to: 'y' },
    ],
  },
  'Round beside what it rounds': one(
    'Round',
    {},
    {
      nodes: [
        { op: 'Add', from: ['h', 'h'], to: 'twice' },
        { op: 'Round', from: ['twice'], to: 'whole' },
        { op: 'Floor', from: ['twice'], to: 'below' },
        { op: 'Ceil', from: ['twice'], to: 'above' },
        { op: 'Mul', from: ['whole', 'h'], to: 'product' },
        { op: 'Add', from: ['below', 'above'], to: 'both' },
        { op: 'Add', from: ['product', 'both'], to: 'y' },
      ],
    },
  ),
  PRelu: two('PRelu', [3, 1]),
  'PRelu of one slope': two('PRelu', [1]),
  ReduceMax: one('ReduceMax', { axes: [2], keepdims: 0 }, { inputShape: [3, 5] }),
  'ReduceMax over two axes': one('ReduceMax', { axes: [1, 3] }, { inputShape: [3, 2, 4] }),
  ReduceMin: one('ReduceMin', { axes: [-2] }, { inputShape: [3, 4] }),
  GlobalMaxPool: one('GlobalMaxPool', {}, { inputShape: [2, 3, 3] }),
  Sqrt: one('Sqrt', {}, { isPositive: true }),
  Reciprocal: one('Reciprocal', {}, { isPositive: true }),
  Pow: one(
    'Pow',
    {},
    {
      nodes: [{ op: 'Pow', from: ['h', 'p'], to: 'y' }],
      constants: [floatTensor({ name: 'p', shape: [] }, [1.7])],
      isPositive: true,
    },
  ),
  Softmax: one('Softmax', { axis: 1 }),
  'Softmax along an inner axis': one('Softmax', { axis: 1 }, { inputShape: [3, 4] }),
  LogSoftmax: one('LogSoftmax', { axis: -1 }, { inputShape: [3, 4] }),
  'Add of a row': two('Add', [4]),
  'Sub of a column': two('Sub', [3, 1]),
  'Mul by a matrix': two('Mul', [1, 3, 4]),
  'Div by a number': two('Div', [1], { isPositive: true }),
  'Sub from a parameter': two('Sub', [4], { nodes: [{ op: 'Sub', from: ['w', 'h'], to: 'y' }] }),
  'Div of a parameter': two('Div', [4], {
    nodes: [{ op: 'Div', from: ['w', 'h'], to: 'y' }],
    isPositive: true,
  }),
  'Mul of data, spread': two('Mul', [4], {
    nodes: [
      { op: 'ReduceSum', from: ['h', 'two'], to: 'total' },
      { op: 'Mul', from: ['total', 'h'], to: 'gated' },
      { op: 'Add', from: ['gated', 'w'], to: 'y' },
    ],
    constants: [int64Tensor('two', [2])],
  }),
  'MatMul over positions': two('MatMul', [4, 6]),
  'MatMul of data': two('MatMul', [4, 4], {
    nodes: [
      { op: 'MatMul', from: ['h', 'w'], to: 'q' },
      { op: 'Transpose', from: ['h'], to: 't', attributes: { perm: [0, 2, 1] } },
      { op: 'MatMul', from: ['q', 't'], to: 'y' },
    ],
  }),
  'a weight used twice': two('MatMul', [4, 4], {
    nodes: [
      { op: 'MatMul', from: ['h', 'w'], to: 'a' },
      { op: 'Tanh', from: ['a'], to: 'b' },
      { op: 'MatMul', from: ['b', 'w'], to: 'y' },
    ],
  }),
  Transpose: one('Transpose', { perm: [0, 2, 1] }, { inputShape: [3, 4] }),
  Reshape: one(
    'Reshape',
    {},
    {
      inputShape: [3, 4],
      nodes: [
        { op: 'Reshape', from: ['h', 'shape'], to: 'r' },
        { op: 'Softmax', from: ['r'], to: 'y', attributes: { axis: -1 } },
      ],
      constants: [int64Tensor('shape', [0, -1, 2])],
    },
  ),
  'Unsqueeze and Squeeze': one(
    'Unsqueeze',
    {},
    {
      nodes: [
        { op: 'Unsqueeze', from: ['h', 'two'], to: 'u' },
        { op: 'Squeeze', from: ['u', 'two'], to: 'y' },
      ],
      constants: [int64Tensor('two', [2])],
    },
  ),
  Concat: one(
    'Concat',
    {},
    {
      inputShape: [3, 4],
      nodes: [
        { op: 'Tanh', from: ['h'], to: 't' },
        { op: 'Concat', from: ['h', 't', 'h'], to: 'y', attributes: { axis: 2 } },
      ],
    },
  ),
  'Gather of indices': one(
    'Gather',
    {},
    {
      inputShape: [3, 4],
      nodes: [{ op: 'Gather', from: ['h', 'indices'], to: 'y', attributes: { axis: 2 } }],
      constants: [int64Tensor('indices', [3, 0, 3])],
    },
  ),
  Pad: one(
    'Pad',
    {},
    {
      inputShape: [3, 4],
      nodes: [
        { op: 'Pad', from: ['h', 'pads'], to: 'p' },
        { op: 'Softmax', from: ['p'], to: 'y', attributes: { axis: -1 } },
      ],
      constants: [int64Tensor('pads', [0, 1, 0, 0, 0, 2])],
    },
  ),
  'ReduceMean without its axis': one('ReduceMean', { axes: [2], keepdims: 0 }, { inputShape: [3, 4] }),
  'ReduceSum over several axes': one(
    'ReduceSum',
    {},
    {
      inputShape: [3, 4],
      nodes: [{ op: 'ReduceSum', from: ['h', 'axes'], to: 'y', attributes: { keepdims: 1 } }],
      constants: [int64Tensor('axes', [1, -1])],
    },
  ),
  GlobalAveragePool: one('GlobalAveragePool', {}, { inputShape: [2, 3, 3] }),
  LayerNormalization: two('LayerNormalization', [4], {
    weights: { w: [4], b: [4] },
    nodes: [{ op: 'LayerNormalization', from: ['h', 'w', 'b'], to: 'y' }],
  }),
  'LayerNormalization over two axes': two('LayerNormalization', [3, 4], {
    nodes: [{ op: 'LayerNormalization', from: ['h', 'w'], to: 'y', attributes: { axis: 1 } }],
  }),
  InstanceNormalization: two('InstanceNormalization', [3], {
    weights: { w: [3], b: [3] },
    nodes: [{ op: 'InstanceNormalization', from: ['h', 'w', 'b'], to: 'y' }],
  }),
  GroupNormalization: two('GroupNormalization', [4], {
    inputShape: [4, 3],
    opset: 21,
    weights: { w: [4], b: [4] },
    nodes: [{ op: 'GroupNormalization', from: ['h', 'w', 'b'], to: 'y', attributes: { num_groups: 2 } }],
  }),
  'rows moved behind time, and back': {
    inputShape: [3, 4],
    weights: { w: [4, 2] },
    nodes: [
      { op: 'Transpose', from: ['h'], to: 'a', attributes: { perm: [1, 0, 2] } },
      { op: 'Softmax', from: ['a'], to: 'b', attributes: { axis: 0 } },
      { op: 'MatMul', from: ['b', 'w'], to: 'c' },
      { op: 'Transpose', from: ['c'], to: 'y', attributes: { perm: [1, 2, 0] } },
    ],
  },
  'heads folded into the rows behind time': {
    inputShape: [3, 4],
    nodes: [
      { op: 'Transpose', from: ['h'], to: 'a', attributes: { perm: [1, 0, 2] } },
      { op: 'Reshape', from: ['a', 'heads'], to: 'b' },
      { op: 'Transpose', from: ['b'], to: 'c', attributes: { perm: [1, 2, 0] } },
      { op: 'Transpose', from: ['b'], to: 'd', attributes: { perm: [1, 0, 2] } },
      { op: 'MatMul', from: ['d', 'c'], to: 'e' },
      { op: 'Softmax', from: ['e'], to: 'f', attributes: { axis: -1 } },
      { op: 'MatMul', from: ['f', 'd'], to: 'g' },
      { op: 'Transpose', from: ['g'], to: 'i', attributes: { perm: [1, 0, 2] } },
      { op: 'Reshape', from: ['i', 'merged'], to: 'j' },
      { op: 'Tanh', from: ['j'], to: 'k' },
      { op: 'Reshape', from: ['k', 'times'], to: 'l' },
      { op: 'ReduceMax', from: ['l'], to: 'y', attributes: { axes: [0], keepdims: 0 } },
    ],
    constants: [
      int64Tensor('heads', [3, -1, 2]),
      int64Tensor('merged', [-1, 4]),
      int64Tensor('times', [3, -1, 4]),
    ],
  },
  'Einsum of data and data': {
    inputShape: [3, 2, 2],
    nodes: [
      { op: 'Einsum', from: ['h', 'h'], to: 'a', attributes: { equation: 'bthk,bshk->bhts' } },
      { op: 'Softmax', from: ['a'], to: 'b', attributes: { axis: -1 } },
      { op: 'Einsum', from: ['b', 'h'], to: 'y', attributes: { equation: 'bhts, bshk -> bthk' } },
    ],
  },
  'Einsum as Keras writes attention': {
    inputShape: [3, 4],
    weights: { q: [4, 2, 2], v: [4, 2, 2], o: [2, 2, 4] },
    nodes: [
      { op: 'Einsum', from: ['h', 'q'], to: 'a', attributes: { equation: 'abc,cde->abde' } },
      { op: 'Einsum', from: ['h', 'v'], to: 'b', attributes: { equation: 'abc,cde->abde' } },
      { op: 'Einsum', from: ['a', 'b'], to: 'c', attributes: { equation: 'aecd,abcd->acbe' } },
      { op: 'Softmax', from: ['c'], to: 'd', attributes: { axis: -1 } },
      { op: 'Einsum', from: ['d', 'b'], to: 'e', attributes: { equation: 'acbe,aecd->abcd' } },
      { op: 'Einsum', from: ['e', 'o'], to: 'y', attributes: { equation: 'abcd,cde->abe' } },
    ],
  },
  'Einsum by a weight': {
    inputShape: [3, 4],
    weights: { w: [4, 2, 3] },
    nodes: [{ op: 'Einsum', from: ['h', 'w'], to: 'y', attributes: { equation: 'btd,dhk->bhtk' } }],
  },
  'Einsum by a weight whose outputs come first': {
    inputShape: [3, 4],
    weights: { w: [2, 4] },
    nodes: [{ op: 'Einsum', from: ['w', 'h'], to: 'y', attributes: { equation: 'od,btd->bto' } }],
  },
  'Einsum over two axes': {
    inputShape: [3, 2, 2],
    weights: { w: [2, 2, 3] },
    nodes: [{ op: 'Einsum', from: ['h', 'w'], to: 'y', attributes: { equation: 'bthk,hkd->btd' } }],
  },
  'Einsum by a weight whose axes are mixed': {
    inputShape: [2, 3],
    weights: { w: [3, 4, 2] },
    nodes: [{ op: 'Einsum', from: ['h', 'w'], to: 'y', attributes: { equation: 'bhd,deh->be' } }],
  },
  'Conv by weights that are turned': {
    inputShape: [2, 5],
    weights: { w: [3, 4, 2] },
    nodes: [
      { op: 'Transpose', from: ['w'], to: 'v', attributes: { perm: [1, 2, 0] } },
      { op: 'Conv', from: ['h', 'v'], to: 'y' },
    ],
  },
  'Einsum of an inner product': {
    inputShape: [4],
    nodes: [
      { op: 'Sigmoid', from: ['h'], to: 'a' },
      { op: 'Einsum', from: ['h', 'a'], to: 'b', attributes: { equation: 'bi,bi->b' } },
      { op: 'Unsqueeze', from: ['b', 'last'], to: 'y' },
    ],
    constants: [int64Tensor('last', [-1])],
  },
  'Where of a constant mask, spread': {
    inputShape: [2, 3],
    nodes: [
      { op: 'ReduceSum', from: ['h', 'middle'], to: 'wide' },
      { op: 'Tanh', from: ['h'], to: 't' },
      { op: 'Where', from: ['mask', 'wide', 't'], to: 'y' },
    ],
    constants: [
      int64Tensor('middle', [1]),
      { name: 'mask', dims: [2, 1], dataType: 9, rawData: Uint8Array.of(0, 1) },
    ],
  },
  'Where of a trained value in place of some': {
    inputShape: [2, 3],
    weights: { v: [3] },
    nodes: [
      { op: 'Greater', from: ['h', 'zero'], to: 'c' },
      { op: 'Where', from: ['c', 'v', 'h'], to: 'y' },
    ],
    constants: [floatTensor({ name: 'zero', shape: [] }, [0])],
  },
  'Where of a comparison': one(
    'Where',
    {},
    {
      nodes: [
        { op: 'Tanh', from: ['h'], to: 't' },
        { op: 'Greater', from: ['h', 'zero'], to: 'c' },
        { op: 'Where', from: ['c', 't', 'h'], to: 'y' },
      ],
      constants: [floatTensor({ name: 'zero', shape: [] }, [0])],
    },
  ),
};
