// Weights that a graph turns or reshapes before it uses them: they are trained as they are used, and written back as
// the file has them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeModel } from '../format/onnx-schema.ts';
import { int64Tensor, readFloats } from '../format/tensor-data.ts';
import { UnsupportedModelError } from '../format/unsupported-model.ts';
import { buildStepGraph } from '../lowering/step-graph.ts';
import { type ForwardModel, readForwardModel, withFrozen, withParameters } from '../model/forward-model.ts';
import { scoreRows } from '../runtime/score-rows.ts';
import { runStep } from '../testing/run-step.ts';
import { type TinyModel, tinyModel } from '../testing/tiny-models.ts';

const perm = (...axes: number[]) => ({ perm: axes });
/** Turned, then seen as three axes, two of which are exchanged, and made a matrix again. */
const turned: TinyModel = {
  features: 4,
  weights: { w: [6, 4], b: [1, 6], v: [1, 6] },
  nodes: [
    { op: 'Transpose', from: ['w'], to: 'w.t', attributes: perm(1, 0) },
    { op: 'Reshape', from: ['w.t', 'three axes'], to: 'apart' },
    { op: 'Transpose', from: ['apart'], to: 'swapped', attributes: perm(0, 2, 1) },
    { op: 'Flatten', from: ['swapped'], to: 'matrix' },
    { op: 'MatMul', from: ['x', 'matrix'], to: 'product' },
    { op: 'Squeeze', from: ['b', 'first'], to: 'row' },
    { op: 'Add', from: ['product', 'row'], to: 'sum' },
    { op: 'Tanh', from: ['sum'], to: 'h' },
    { op: 'Transpose', from: ['v'], to: 'v.t', attributes: perm(1, 0) },
    { op: 'Cast', from: ['v.t'], to: 'v.t again', attributes: { to: 1 } },
    { op: 'MatMul', from: ['h', 'v.t again'], to: 'logit' },
  ],
  extra: [int64Tensor('three axes', [4, 2, 3]), int64Tensor('first', [0])],
};
const bytes = tinyModel(turned);
const rows = [
  [0.5, -1, 2, 0.25],
  [-0.75, 0.5, 1, -2],
];

/** By the definition of the operators, in double. */
function logitOf(weights: Readonly<Record<string, ArrayLike<number>>>, x: readonly number[]): number {
  const { w, b, v } = weights as Record<'w' | 'b' | 'v', ArrayLike<number>>;
  const h = Array.from({ length: 6 }, (_, column) => {
    const [k, j] = [Math.floor(column / 2), column % 2];
    const sum = x.reduce((all, value, i) => all + value * w[(j * 3 + k) * 4 + i]!, 0);
    return Math.tanh(sum + b[column]!);
  });
  return h.reduce((all, value, i) => all + value * v[i]!, 0);
}

const inFile = (model: Uint8Array) =>
  Object.fromEntries(
    decodeModel(model)
      .graph.initializer.filter(({ dataType }) => dataType === 1)
      .map((tensor) => [tensor.name, readFloats(tensor)]),
  );

async function gradientsOf(model: ForwardModel, x: readonly number[]) {
  const loss = { kind: 'squared-error' } as const;
  const graph = buildStepGraph(model, { clipNormL2: 1e6, capacityUnits: 2, rowsPerUnit: 1, loss });
  const { clippedSum } = await runStep(graph, {
    parameters: model.values,
    units: [[{ features: x, label: 1 }]],
  });
  return Object.fromEntries(
    model.parameters.map((own) => {
      const part = clippedSum!.data.subarray(own.offset, own.offset + own.size);
      return [own.name, model.inFileOrder(own, Float32Array.from(part as Float64Array))];
    }),
  );
}

test('a weight that is transposed and reshaped has the shape in which it is used', () => {
  const { parameters } = readForwardModel(bytes);
  assert.deepEqual(
    parameters.map(({ name, shape }) => [name, shape]),
    [
      ['w', [4, 6]],
      ['b', [6]],
      ['v', [6, 1]],
    ],
  );
});

test('its gradient is that of the numbers in the file', async () => {
  const weights = inFile(bytes);
  for (const x of rows) {
    const actual = await gradientsOf(readForwardModel(bytes), x);
    for (const [name, values] of Object.entries(weights)) {
      values.forEach((value, i) => {
        const lossAt = (by: number) => {
          const moved = { ...weights, [name]: Float64Array.from(values).with(i, value + by) };
          return (logitOf(moved, x) - 1) ** 2;
        };
        const expected = (lossAt(1e-5) - lossAt(-1e-5)) / 2e-5;
        assert.ok(Math.abs(actual[name]![i]! - expected) < 1e-5, `${name}[${i}] for ${x}`);
      });
    }
  }
});

test('trained values are written in the order of the file', async () => {
  const { values } = readForwardModel(bytes);
  assert.deepEqual(
    inFile(withParameters(bytes, values)),
    inFile(bytes),
    'the same values give the same file',
  );
  const moved = values.map((value, i) => value + i / 16);
  const written = withParameters(bytes, moved);
  assert.deepEqual(readForwardModel(written).values, moved);
  const scores = await scoreRows(written, Float32Array.from(rows.flat()));
  rows.forEach((x, i) => {
    const expected = 1 / (1 + Math.exp(-logitOf(inFile(written), x)));
    assert.ok(Math.abs(scores[i]! - expected) < 1e-6);
  });
});

test('a frozen weight that is transposed stays as it is, and the others keep their gradients', async () => {
  const all = await gradientsOf(readForwardModel(bytes), rows[0]!);
  const frozen = withFrozen(bytes, ['w']);
  const model = readForwardModel(frozen);
  const { w: _, ...others } = all;
  assert.deepEqual(await gradientsOf(model, rows[0]!), others);
  assert.deepEqual(inFile(withParameters(frozen, model.values)), inFile(bytes));
});

const twice = (second: TinyModel['nodes'][number], from: string): Uint8Array =>
  tinyModel({
    features: 3,
    weights: { w: [3, 3], v: [3, 1] },
    nodes: [
      { op: 'Transpose', from: ['w'], to: 'w.t', attributes: perm(1, 0) },
      { op: 'MatMul', from: ['x', 'w.t'], to: 'h' },
      second,
      { op: 'MatMul', from: ['h', from], to: 'again' },
      { op: 'MatMul', from: ['again', 'v'], to: 'logit' },
    ],
  });

test('a weight that is transposed twice in the same way is one weight, with the sum of its gradients', async () => {
  const shared = readForwardModel(
    twice({ op: 'Transpose', from: ['w'], to: 'w.t.2', attributes: perm(1, 0) }, 'w.t.2'),
  );
  const plain = readForwardModel(twice({ op: 'Identity', from: ['w.t'], to: 'w.t.2' }, 'w.t.2'));
  const x = [0.5, -1, 2];
  assert.deepEqual(await gradientsOf(shared, x), await gradientsOf(plain, x));
});

test('a weight that is used both transposed and not is refused with the remedy', () => {
  assert.throws(
    () => readForwardModel(twice({ op: 'Identity', from: ['w'], to: 'same' }, 'same')),
    (error) =>
      error instanceof UnsupportedModelError &&
      /make again \(MatMul\): its initialiser w is used in another shape or order of axes too, .*use it in one/.test(
        error.message,
      ),
  );
});

test('a weight cannot be reshaped to another number of values', () => {
  const wrong = { ...turned, extra: [int64Tensor('three axes', [4, 2, 2]), int64Tensor('first', [0])] };
  assert.throws(
    () => readForwardModel(tinyModel(wrong)),
    /node make apart \(Reshape\): \[4, 6\] cannot be reshaped to \[4, 2, 2\]/,
  );
});
