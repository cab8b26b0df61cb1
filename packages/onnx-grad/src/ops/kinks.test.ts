// Where an operator has no one derivative, the one that is taken is stated and kept to.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { floatTensor } from '../format/tensor-data.ts';
import { buildStepGraph } from '../lowering/step-graph.ts';
import { readForwardModel } from '../model/forward-model.ts';
import { buildOperatorModel, type OpCase, one } from '../testing/operator-cases.ts';
import { runStep } from '../testing/run-step.ts';

/** The gradient of s in h = x · s, where s is 1, of the loss (mean(y²) + 1)². */
async function gradientAt(opCase: OpCase, features: readonly number[]): Promise<number[]> {
  const model = readForwardModel(buildOperatorModel(opCase, { seed: 1, rows: 1 }).bytes);
  const graph = buildStepGraph(model, {
    clipNormL2: 1e6,
    capacityUnits: 1,
    rowsPerUnit: 1,
    loss: { kind: 'squared-error' },
  });
  const parameters = model.values.map((_, i) => (i < features.length ? 1 : 0.5));
  const { clippedSum } = await runStep(graph, { parameters, units: [[{ features, label: -1 }]] });
  return Array.from(clippedSum!.data).slice(0, features.length);
}

const bounds = [floatTensor({ name: 'low', shape: [] }, [0]), floatTensor({ name: 'high', shape: [] }, [6])];
const clip: OpCase = {
  inputShape: [4],
  nodes: [{ op: 'Clip', from: ['h', 'low', 'high'], to: 'y' }],
  constants: bounds,
};

test('Clip passes the gradient on between its bounds only', async () => {
  const [at, above, beyond, between] = await gradientAt(clip, [6, 7, -1, 3]);
  assert.deepEqual([at, above, beyond], [0, 0, 0]);
  // d (mean(y²) + 1)² / ds = 2 (mean + 1) · 2 y x / 4, with y = 6, 6, 0, 3.
  const mean = (36 + 36 + 0 + 9) / 4;
  assert.ok(Math.abs(between! - (2 * (mean + 1) * 2 * 3 * 3) / 4) < 1e-3);
});

for (const [op, sign] of [
  ['ReduceMax', 1],
  ['ReduceMin', -1],
] as const) {
  test(`equal values that are the extreme take equal parts of the gradient of ${op}`, async () => {
    const opCase = one(op, { axes: [1], keepdims: 1 }, { inputShape: [5] });
    const gradient = await gradientAt(
      opCase,
      [2, 1, 2, 0.5, 2].map((value) => sign * value),
    );
    assert.equal(gradient[1], 0);
    assert.equal(gradient[3], 0);
    const whole = 2 * (4 + 1) * 2 * 2 * 2;
    for (const i of [0, 2, 4]) assert.ok(Math.abs(gradient[i]! - whole / 3) < 1e-4, `${gradient}`);
  });
}

test('PRelu passes on nothing at 0, its slope below, and everything above', async () => {
  const opCase: OpCase = {
    ...one('PRelu'),
    weights: { w: [1] },
    nodes: [{ op: 'PRelu', from: ['h', 'w'], to: 'y' }],
  };
  const [at, below, above] = await gradientAt({ ...opCase, inputShape: [3] }, [0, -2, 2]);
  const mean = (0 + 1 + 4) / 3;
  assert.equal(at, 0);
  assert.ok(Math.abs(below! - (2 * (mean + 1) * 2 * -1 * 0.5 * -2) / 3) < 1e-4);
  assert.ok(Math.abs(above! - (2 * (mean + 1) * 2 * 2 * 2) / 3) < 1e-4);
});

for (const op of ['Round', 'Floor', 'Ceil']) {
  test(`${op} passes no gradient on, at its jumps neither, and what it makes is a factor as it is`, async () => {
    const opCase: OpCase = {
      inputShape: [4],
      nodes: [
        { op, from: ['h'], to: 'whole' },
        { op: 'Mul', from: ['h', 'whole'], to: 'y' },
      ],
    };
    const whole = { Round: [2, 0, 2, -3], Floor: [1, 0, 2, -3], Ceil: [2, 1, 2, -3] }[op]!;
    const x = [1.5, 0.5, 2, -3];
    const y = x.map((value, i) => value * whole[i]!);
    const mean = y.reduce((sum, value) => sum + value * value, 0) / 4;
    const gradient = await gradientAt(opCase, x);
    gradient.forEach((own, i) => {
      assert.ok(Math.abs(own - (2 * (mean + 1) * 2 * y[i]! * whole[i]! * x[i]!) / 4) < 1e-3, `${gradient}`);
    });
  });

  test(`a weight that is used only through ${op} is refused, since it would never move`, () => {
    const { bytes } = buildOperatorModel(one(op), { seed: 1, rows: 1 });
    assert.throws(
      () => readForwardModel(bytes),
      /initialiser s has no gradient, since what is made of it is rounded/,
    );
  });
}
