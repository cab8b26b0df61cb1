import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readForwardModel, UnsupportedModelError } from './forward-model.ts';
import { buildStepGraph } from './step-graph.ts';
import { int64Tensor } from './tensor-data.ts';
import { runStep } from './testing/run-step.ts';
import { type TinyModel, type TinyNode, tinyModel } from './testing/tiny-models.ts';

const TARGETS = [
  int64Tensor('to rows of 3', [-1, 3]),
  int64Tensor('to 2 of 4', [-1, 2, 4]),
  int64Tensor('to rows of 4', [-1, 4]),
  int64Tensor('to rows of 8', [-1, 8]),
  int64Tensor('kept', [-1, 0]),
];
const ROWS = [
  { features: [0.5, -1, 2, 0.25, 1, -0.75], label: 1 },
  { features: [-0.5, 1.5, 1, -2, 0.5, 0.125], label: 0 },
];

async function clippedSumOf(model: TinyModel): Promise<number[]> {
  const forward = readForwardModel(tinyModel(model));
  const graph = buildStepGraph(forward, {
    clipNormL2: 0.01,
    capacityUnits: 3,
    rowsPerUnit: 1,
    loss: 'binary-cross-entropy',
  });
  const outputs = await runStep(graph, { parameters: forward.values, units: ROWS.map((row) => [row]) });
  return [...outputs.clippedSum!.data];
}

const between = (nodes: readonly TinyNode[], weights: TinyModel['weights'] = {}): TinyModel => ({
  features: 6,
  weights: { w: [4, 3], b: [4], v: [8, 1], ...weights },
  nodes: [
    ...nodes,
    { op: 'Reshape', from: ['z', 'to rows of 8'], to: 'flat' },
    { op: 'MatMul', from: ['flat', 'v'], to: 'logit' },
  ],
  extra: TARGETS,
});
const dense: TinyNode[] = [
  { op: 'Reshape', from: ['x', 'to rows of 3'], to: 'times' },
  { op: 'Gemm', from: ['times', 'w', 'b'], to: 'h', attributes: { transB: 1 } },
];

test('a dense layer on rows that time is folded into is that layer at each time, patient by patient', async () => {
  const folded = between(
    [
      ...dense,
      { op: 'Tanh', from: ['h'], to: 't' },
      { op: 'Softmax', from: ['t'], to: 's', attributes: { axis: 1 } },
      { op: 'Mul', from: ['s', 'gain'], to: 'z' },
    ],
    { gain: [4] },
  );
  // The same with time apart: the two halves of x by slices, through the same weights.
  const half = (i: number): TinyNode[] => [
    { op: 'Slice', from: ['x'], to: `x${i}`, attributes: { starts: [3 * i], ends: [3 * i + 3], axes: [1] } },
    { op: 'Gemm', from: [`x${i}`, 'w', 'b'], to: `h${i}`, attributes: { transB: 1 } },
    { op: 'Tanh', from: [`h${i}`], to: `t${i}` },
    { op: 'Softmax', from: [`t${i}`], to: `s${i}`, attributes: { axis: 1 } },
    { op: 'Mul', from: [`s${i}`, 'gain'], to: `z${i}` },
  ];
  const apart = between(
    [...half(0), ...half(1), { op: 'Concat', from: ['z0', 'z1'], to: 'z', attributes: { axis: 1 } }],
    {
      gain: [4],
    },
  );
  const [actual, expected] = [await clippedSumOf(folded), await clippedSumOf(apart)];
  assert.ok(expected.some((value) => value !== 0));
  actual.forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]!) < 1e-8, `value ${i}: ${value} and ${expected[i]}`);
  });
});

const REFUSED: readonly [what: string, nodes: readonly TinyNode[], why: RegExp][] = [
  [
    'a mean over what is folded',
    [...dense, { op: 'ReduceMean', from: ['h'], to: 'z', attributes: { axes: [1] } }],
    /make z \(ReduceMean\): it works on rows that another axis is folded into: keep the rows apart/,
  ],
  [
    'a softmax along the folded rows',
    [...dense, { op: 'Softmax', from: ['h'], to: 'z', attributes: { axis: 0 } }],
    /make z \(Softmax\): it works on rows that another axis is folded into/,
  ],
  [
    'a transpose of the folded rows',
    [...dense, { op: 'Transpose', from: ['h'], to: 'z', attributes: { perm: [1, 0] } }],
    /make z \(Transpose\): it moves the first axis, into which rows are folded/,
  ],
  [
    'an offset of its own for each of them',
    [...dense, { op: 'Add', from: ['h', 'b2'], to: 'z' }],
    /make z \(Add\): it works on rows that another axis is folded into/,
  ],
  [
    'rows joined with folded rows',
    [...dense, { op: 'Add', from: ['h', 'x'], to: 'z' }],
    /make z \(Add\): it joins rows with rows that another axis is folded into/,
  ],
  [
    'an axis that is only kept',
    [...dense, { op: 'Reshape', from: ['h', 'kept'], to: 'z' }],
    /make z \(Reshape\): it keeps an axis of rows .* give its extent/,
  ],
  [
    'their shape',
    [...dense, { op: 'Shape', from: ['h'], to: 'size' }, { op: 'Reshape', from: ['h', 'size'], to: 'z' }],
    /make size \(Shape\): it takes the shape of rows/,
  ],
];
for (const [what, nodes, why] of REFUSED) {
  test(`${what} is refused`, () => {
    assert.throws(
      () => readForwardModel(tinyModel(between(nodes, { b2: [2, 4] }))),
      (error) => error instanceof UnsupportedModelError && why.test(error.message),
    );
  });
}

test('an output for each time instead of each row is refused', () => {
  const model = {
    ...between([]),
    nodes: [...dense.slice(0, 1), { op: 'MatMul', from: ['times', 'u'], to: 'logit' }],
  };
  assert.throws(
    () => readForwardModel(tinyModel({ ...model, weights: { u: [3, 1] } })),
    /its output logit must be \[rows, 1\] or \[rows, classes\]/,
  );
});
