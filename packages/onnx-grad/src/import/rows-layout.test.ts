import assert from 'node:assert/strict';
import { test } from 'node:test';
import { int64Tensor } from '../format/tensor-data.ts';
import { buildStepGraph } from '../lowering/step-graph.ts';
import { readForwardModel, UnsupportedModelError } from '../model/forward-model.ts';
import { runStep } from '../testing/run-step.ts';
import { type TinyModel, type TinyNode, tinyModel } from '../testing/tiny-models.ts';

const TARGETS = [
  int64Tensor('to rows of 3', [-1, 3]),
  int64Tensor('to 2 of 4', [-1, 2, 4]),
  int64Tensor('to rows of 4', [-1, 4]),
  int64Tensor('to rows of 8', [-1, 8]),
  int64Tensor('kept', [-1, 0]),
  int64Tensor('parting', [3, -1, 8]),
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
    'a mean over the rows that time is folded into',
    [...dense, { op: 'ReduceMean', from: ['h'], to: 'z', attributes: { axes: [0] } }],
    /make z \(ReduceMean\): it works along axis 0, where the rows are, and would mix them/,
  ],
  [
    'a softmax along the folded rows',
    [...dense, { op: 'Softmax', from: ['h'], to: 'z', attributes: { axis: 0 } }],
    /make z \(Softmax\): it works along axis 0, where the rows are/,
  ],
  [
    'a mean over rows that were moved to the end',
    [
      { op: 'Transpose', from: ['x'], to: 'turned', attributes: { perm: [1, 0] } },
      { op: 'ReduceMean', from: ['turned'], to: 'z', attributes: { axes: [-1] } },
    ],
    /make z \(ReduceMean\): it works along axis 1, where the rows are/,
  ],
  [
    'a dense layer along the rows',
    [
      { op: 'Transpose', from: ['x'], to: 'turned', attributes: { perm: [1, 0] } },
      { op: 'MatMul', from: ['turned', 'w'], to: 'z' },
    ],
    /make z \(MatMul\): it works along axis 1, where the rows are/,
  ],
  [
    'a shape that parts the rows',
    [...dense, { op: 'Reshape', from: ['h', 'parting'], to: 'z' }],
    /make z \(Reshape\): reshaping \[rows\*2, 4\] to \[3, -1, 8\] would mix rows: keep the batch first/,
  ],
  [
    'an offset of its own for each of them',
    [...dense, { op: 'Add', from: ['h', 'b2'], to: 'z' }],
    /make z \(Add\): b2 has values for axes before the rows: keep the batch first/,
  ],
  [
    'rows joined with folded rows',
    [...dense, { op: 'Add', from: ['h', 'x'], to: 'z' }],
    /make z \(Add\): it joins values whose rows lie on different axes/,
  ],
  [
    'an operator that is not known on them',
    [...dense, { op: 'GlobalAveragePool', from: ['h'], to: 'z' }],
    /make z \(GlobalAveragePool\): it works on values whose rows are not the first axis, or have another folded/,
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

test('an axis that is only kept, and the shape of folded rows, are followed', async () => {
  const end: TinyNode[] = [
    { op: 'Shape', from: ['h'], to: 'size' },
    { op: 'Reshape', from: ['h', 'size'], to: 'same' },
    { op: 'Reshape', from: ['same', 'kept'], to: 'z' },
  ];
  const plain = between([...dense, { op: 'Identity', from: ['h'], to: 'z' }]);
  assert.deepEqual(await clippedSumOf(between([...dense, ...end])), await clippedSumOf(plain));
});

test('an output for each time instead of each row is refused', () => {
  const model = {
    ...between([]),
    nodes: [...dense.slice(0, 1), { op: 'MatMul', from: ['times', 'u'], to: 'logit' }],
  };
  assert.throws(
    () => readForwardModel(tinyModel({ ...model, weights: { u: [3, 1] } })),
    /output logit must be \[rows, 1\] or \[rows, classes\]/,
  );
});
