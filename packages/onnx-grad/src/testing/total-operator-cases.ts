// Uses of every operator for what a row may hold at worst: those of `operator-cases.ts`, and what is made of integers
// and conditions, products of one column, convolutions and pools, and chains that the runtime fuses.
import { floatTensor, int64Tensor } from '../format/tensor-data.ts';
import { OPERATOR_CASES, type OpCase, one } from './operator-cases.ts';
import type { TinyNode } from './tiny-models.ts';

const window = { kernel_shape: [3, 2], pads: [1, 0, 1, 1], strides: [1, 2] };
const conv = (channels: number, group: number, filters = 4): OpCase => ({
  inputShape: [channels, 5, 7],
  weights: { w: [filters, channels / group, ...window.kernel_shape], b: [filters] },
  nodes: [{ op: 'Conv', from: ['h', 'w', 'b'], to: 'y', attributes: { ...window, group } }],
});

const scalar = (name: string, value: number) => floatTensor({ name, shape: [] }, [value]);

/** y = h where a condition on the data holds and tanh(h) elsewhere. */
const chosen = (nodes: readonly TinyNode[], more: Partial<OpCase> = {}): OpCase => ({
  inputShape: [6],
  nodes: [
    ...nodes,
    { op: 'Tanh', from: ['h'], to: 't' },
    { op: 'Where', from: ['holds', 't', 'h'], to: 'y' },
  ],
  ...more,
});

/** Integers `i` and `j` of the input: its first three features and its last. */
const INTEGERS: readonly TinyNode[] = [
  { op: 'Slice', from: ['x', 'zero', 'three', 'axis'], to: 'first' },
  { op: 'Slice', from: ['x', 'three', 'six', 'axis'], to: 'last' },
  { op: 'Cast', from: ['first'], to: 'i', attributes: { to: 7 } },
  { op: 'Cast', from: ['last'], to: 'j', attributes: { to: 6 } },
];
const BOUNDS = [
  int64Tensor('zero', [0]),
  int64Tensor('three', [3]),
  int64Tensor('six', [6]),
  int64Tensor('axis', [1]),
];
const ofIntegers = (op: string, swapped = false): OpCase => ({
  inputShape: [6],
  nodes: [
    ...INTEGERS,
    { op, from: swapped ? ['j', 'i'] : ['i', 'j'], to: 'k' },
    { op: 'Cast', from: ['k'], to: 'f', attributes: { to: 1 } },
    { op: 'Concat', from: ['h', 'f'], to: 'y', attributes: { axis: 1 } },
  ],
  constants: BOUNDS,
});

const INTEGER_CASES: Readonly<Record<string, OpCase>> = Object.fromEntries([
  ...['Add', 'Sub', 'Mul', 'Div'].map((op) => [`${op} of integers`, ofIntegers(op)] as const),
  ['Div of integers the other way round', ofIntegers('Div', true)],
  ...['Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual'].map(
    (op) => [`${op} of integers`, ofIntegers(op)] as const,
  ),
  [
    'Div of a constant by integers',
    {
      ...ofIntegers('Div'),
      nodes: [
        { op: 'Cast', from: ['x'], to: 'i', attributes: { to: 7 } },
        { op: 'Div', from: ['smallest', 'i'], to: 'k' },
        { op: 'Cast', from: ['k'], to: 'f', attributes: { to: 1 } },
        { op: 'Add', from: ['h', 'f'], to: 'y' },
      ],
      constants: [int64Tensor('smallest', [-(2 ** 31)])],
    },
  ],
  [
    'Where of integers',
    {
      inputShape: [6],
      nodes: [
        ...INTEGERS,
        { op: 'Less', from: ['i', 'j'], to: 'isLess' },
        { op: 'Where', from: ['isLess', 'i', 'seven'], to: 'k' },
        { op: 'Mul', from: ['k', 'k'], to: 'l' },
        { op: 'Cast', from: ['l'], to: 'b', attributes: { to: 9 } },
        { op: 'Not', from: ['b'], to: 'c' },
        { op: 'Where', from: ['c', 'first', 'last'], to: 'm' },
        { op: 'Concat', from: ['h', 'm'], to: 'y', attributes: { axis: 1 } },
      ],
      constants: [...BOUNDS, int64Tensor('seven', [7])],
    },
  ],
  [
    'shapes of integers',
    {
      inputShape: [6],
      nodes: [
        ...INTEGERS,
        { op: 'Concat', from: ['j', 'i'], to: 'both', attributes: { axis: 1 } },
        { op: 'Reshape', from: ['both', 'pairs'], to: 'r' },
        { op: 'Transpose', from: ['r'], to: 't', attributes: { perm: [0, 2, 1] } },
        { op: 'Flatten', from: ['t'], to: 'plain' },
        { op: 'Unsqueeze', from: ['plain', 'axis'], to: 'u' },
        { op: 'Squeeze', from: ['u', 'axis'], to: 'v' },
        { op: 'Gather', from: ['v', 'indices'], to: 'g', attributes: { axis: 1 } },
        { op: 'Cast', from: ['g'], to: 'f', attributes: { to: 1 } },
        { op: 'Concat', from: ['h', 'f'], to: 'y', attributes: { axis: 1 } },
      ],
      constants: [...BOUNDS, int64Tensor('pairs', [0, 2, 3]), int64Tensor('indices', [5, 0])],
    },
  ],
]);

const embedding = (to: number, nodes: readonly TinyNode[] = [], codes = 'c'): OpCase => ({
  // Odd, so that an array ends within a processor's vector.
  inputShape: [5],
  weights: { table: [7, 3] },
  nodes: [
    { op: 'Cast', from: ['x'], to: 'c', attributes: { to } },
    ...nodes,
    { op: 'Gather', from: ['table', codes], to: 'e' },
    { op: 'ReduceSum', from: ['e', 'last'], to: 'sum', attributes: { keepdims: 0 } },
    { op: 'Mul', from: ['h', 'sum'], to: 'y' },
  ],
  constants: [int64Tensor('last', [2]), int64Tensor('five', [5])],
});

const EMBEDDINGS: Readonly<Record<string, OpCase>> = {
  'Gather by codes of 64 bits': embedding(7),
  'Gather by codes of 32 bits': embedding(6),
  'Gather by codes that are computed': embedding(
    7,
    [
      { op: 'Mul', from: ['c', 'c'], to: 'cc' },
      { op: 'Div', from: ['cc', 'five'], to: 'd' },
      { op: 'Sub', from: ['d', 'c'], to: 'f' },
    ],
    'f',
  ),
};

const toOne = (
  op: string,
  weights: Readonly<Record<string, readonly number[]>>,
  more: Partial<OpCase> = {},
) =>
  one(
    op,
    {},
    { inputShape: [13], weights, nodes: [{ op, from: ['h', ...Object.keys(weights)], to: 'y' }], ...more },
  );

const PRODUCTS: Readonly<Record<string, OpCase>> = {
  'Gemm to one value': toOne('Gemm', { w: [13, 1], b: [1] }),
  'Gemm to one value, transposed': one(
    'Gemm',
    {},
    {
      inputShape: [13],
      weights: { w: [1, 13] },
      nodes: [{ op: 'Gemm', from: ['h', 'w'], to: 'y', attributes: { transB: 1 } }],
    },
  ),
  'Gemm of one value, transposed': one(
    'Gemm',
    {},
    {
      inputShape: [1],
      weights: { w: [9, 1] },
      nodes: [{ op: 'Gemm', from: ['h', 'w'], to: 'y', attributes: { transB: 1 } }],
    },
  ),
  'Gemm to several values': toOne('Gemm', { w: [13, 5], b: [5] }),
  'MatMul to one value': toOne('MatMul', { w: [13, 1] }),
  'MatMul of one value': one(
    'MatMul',
    {},
    { inputShape: [1], weights: { w: [1, 9] }, nodes: [{ op: 'MatMul', from: ['h', 'w'], to: 'y' }] },
  ),
  'MatMul to one value over positions': toOne('MatMul', { w: [13, 1] }, { inputShape: [3, 13] }),
  'MatMul by a constant column': one(
    'MatMul',
    {},
    {
      inputShape: [13],
      nodes: [{ op: 'MatMul', from: ['h', 'fixed'], to: 'y' }],
      constants: [
        floatTensor(
          { name: 'fixed', shape: [13, 1] },
          Float32Array.from({ length: 13 }, (_, i) => 1 / (i + 3)),
        ),
      ],
    },
  ),
  'Conv of few channels': conv(2, 1),
  'Conv of groups': conv(4, 2),
  'Conv of many channels': conv(9, 1),
  'Conv to one filter': conv(9, 1, 1),
};

const REST: Readonly<Record<string, OpCase>> = {
  MaxPool: one('MaxPool', window, { inputShape: [2, 5, 7] }),
  AveragePool: one('AveragePool', window, { inputShape: [2, 5, 7] }),
  Slice: one(
    'Slice',
    {},
    {
      inputShape: [3, 7],
      nodes: [{ op: 'Slice', from: ['h', 'start', 'end', 'axes', 'steps'], to: 'y' }],
      constants: [
        int64Tensor('start', [1]),
        int64Tensor('end', [7]),
        int64Tensor('axes', [2]),
        int64Tensor('steps', [2]),
      ],
    },
  ),
  Split: {
    inputShape: [6],
    nodes: [
      { op: 'Split', from: ['h'], to: 'a', attributes: { axis: 1 } },
      { op: 'Neg', from: ['a'], to: 'y' },
    ],
    opset: 12,
  },
  'Pow of a square': one(
    'Pow',
    {},
    { nodes: [{ op: 'Pow', from: ['h', 'p'], to: 'y' }], constants: [scalar('p', 2)] },
  ),
  'Pow of anything': one(
    'Pow',
    {},
    { nodes: [{ op: 'Pow', from: ['h', 'p'], to: 'y' }], constants: [scalar('p', -2.5)] },
  ),
  'Log of anything': one('Log'),
  'Sqrt of anything': one('Sqrt'),
  'Reciprocal of anything': one('Reciprocal'),
  'Div of data by data': one(
    'Div',
    {},
    {
      nodes: [
        { op: 'Tanh', from: ['h'], to: 't' },
        { op: 'Div', from: ['h', 't'], to: 'y' },
      ],
    },
  ),
  'Cast to double and back': one('Cast', { to: 11 }),
  ...Object.fromEntries(
    ['Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual'].map((op) => [
      `${op} of numbers`,
      chosen([{ op, from: ['h', 'half'], to: 'holds' }], { constants: [scalar('half', 0.5)] }),
    ]),
  ),
  'Cast to conditions': chosen([
    { op: 'Cast', from: ['x'], to: 'is', attributes: { to: 9 } },
    { op: 'Not', from: ['is'], to: 'holds' },
  ]),
  'a gate that the runtime fuses': one(
    'Sigmoid',
    {},
    {
      nodes: [
        { op: 'Mul', from: ['h', 'steep'], to: 'a' },
        { op: 'Sigmoid', from: ['a'], to: 'b' },
        { op: 'Mul', from: ['h', 'b'], to: 'y' },
      ],
      constants: [scalar('steep', 1.702)],
    },
  ),
  'a Gelu that the runtime fuses': one(
    'Erf',
    {},
    {
      nodes: [
        { op: 'Div', from: ['h', 'root'], to: 'a' },
        { op: 'Erf', from: ['a'], to: 'b' },
        { op: 'Add', from: ['b', 'unit'], to: 'c' },
        { op: 'Mul', from: ['h', 'c'], to: 'd' },
        { op: 'Mul', from: ['d', 'half'], to: 'y' },
      ],
      constants: [scalar('root', Math.SQRT2), scalar('unit', 1), scalar('half', 0.5)],
    },
  ),
  // The last bit of a value, made large.
  ...Object.fromEntries(
    ['Softplus', 'Elu', 'Log', 'Tanh', 'Sigmoid', 'Erf', 'Exp'].map((op) => [
      `the last bit of ${op}`,
      one(
        op,
        {},
        {
          inputShape: [5],
          nodes: [
            { op, from: ['h'], to: 'a' },
            { op: 'Sub', from: ['a', 'bit'], to: 'b' },
            { op: 'Mul', from: ['b', 'large'], to: 'y' },
          ],
          constants: [scalar('bit', 0.3), scalar('large', 1e30)],
          isPositive: true,
        },
      ),
    ]),
  ),
};

export const TOTAL_CASES: Readonly<Record<string, OpCase>> = {
  ...OPERATOR_CASES,
  ...INTEGER_CASES,
  ...EMBEDDINGS,
  ...PRODUCTS,
  ...REST,
};
