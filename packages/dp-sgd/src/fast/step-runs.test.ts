// Many steps in one run must be the same steps, to the bit, as one by one with the same draws.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildForwardModel, readForwardModel, withFrozen } from '@consilium/onnx-grad';
import type { ModelProto } from '@consilium/onnx-grad/testing/graph-parts';
import { peerModel } from '@consilium/onnx-grad/testing/peer-models';
import { testNumbers } from '@consilium/onnx-grad/testing/tiny-models';
import { overflowingPadding } from '../testing/overflowing-padding.ts';
import { capacityUnitsOf, type TrainingPlan } from '../training-plan.ts';
import type { LabelledRow } from '../training-units.ts';
import { bodyOf, compareWays, rewire, type StepsCase, takeSteps } from './testing/steps-both-ways.ts';

// κ is then a power of two: unclipped gradients of few bits, of units of extreme scores, add up to halves exactly or
// not at all. With 0.7 some do but for rounding, and two orders of a sum come to both sides of a half.
const plan: TrainingPlan = {
  clipNormL2: 0.5,
  noiseMultiplier: 1,
  samplingRate: 0.25,
  steps: 21,
  bandSize: 40,
  rowsPerUnit: 1,
  learningRate: 0.3,
  stepsPerRun: 8,
};

const next = testNumbers(5);
const rowsFor = (features: number, { most = 1, labels = [0, 1] } = {}): LabelledRow[][] =>
  Array.from({ length: 40 }, (_, unit) =>
    Array.from({ length: unit % (most + 1) }, (_, row) => ({
      features: Float32Array.from({ length: features }, () => next() * 2),
      label: labels[(unit + row) % labels.length]!,
    })),
  );

const linear = buildForwardModel({ kind: 'logistic-regression', features: 5, localIntercept: true });
const perceptron = buildForwardModel({
  kind: 'multilayer-perceptron',
  features: 6,
  hidden: [8, 4],
  activation: 'tanh',
  localIntercept: true,
});
const rectified = buildForwardModel({
  kind: 'multilayer-perceptron',
  features: 6,
  hidden: [8, 4],
  localIntercept: true,
});
const classes = buildForwardModel({
  kind: 'multilayer-perceptron',
  features: 4,
  hidden: [5],
  localIntercept: false,
  target: { kind: 'categorical', categories: ['a', 'b', 'c'] },
});
const numbersFor = (model: Uint8Array) =>
  Float64Array.from({ length: readForwardModel(model).parameterCount }, next);
const scheduled: Partial<TrainingPlan> = {
  momentum: 0.8,
  weightDecay: 0.1,
  studySteps: 50,
  schedule: { kind: 'cosine', warmUpSteps: 10 },
};
const cases: readonly [name: string, given: StepsCase][] = [
  ['logistic regression', { model: linear, rows: rowsFor(5), plan }],
  ['logistic regression of PyTorch', { model: peerModel('lr13', 2).bytes, rows: rowsFor(13), plan }],
  [
    'weighted logistic regression with momentum, decay and a schedule',
    {
      model: linear,
      rows: rowsFor(5),
      plan: { ...plan, ...scheduled, loss: { kind: 'binary-cross-entropy', classWeights: [1, 3] } },
    },
  ],
  [
    'logistic regression over patients of several rows',
    { model: linear, rows: rowsFor(5, { most: 3 }), plan: { ...plan, rowsPerUnit: 3 } },
  ],
  [
    'a linear model of squared errors',
    {
      model: linear,
      rows: rowsFor(5, { labels: [-1, 0.5, 7] }),
      plan: { ...plan, loss: { kind: 'squared-error' } },
    },
  ],
  [
    'a linear model of Huber losses',
    {
      model: linear,
      rows: rowsFor(5, { labels: [-1, 0.5, 7] }),
      plan: { ...plan, loss: { kind: 'huber', delta: 0.5 } },
    },
  ],
  ['a perceptron', { model: perceptron, rows: rowsFor(6), plan: { ...plan, ...scheduled } }],
  [
    'a perceptron over patients of several rows',
    { model: perceptron, rows: rowsFor(6, { most: 4 }), plan: { ...plan, rowsPerUnit: 4 } },
  ],
  ['a classifier', { model: classes, rows: rowsFor(4, { labels: [0, 1, 2] }), plan }],
  [
    'control variates in a logistic regression',
    { model: linear, rows: rowsFor(5), plan, drift: { kind: 'shift', shift: numbersFor(linear) } },
  ],
  [
    'a pull in a perceptron with momentum and decay',
    {
      model: perceptron,
      rows: rowsFor(6),
      plan: { ...plan, ...scheduled },
      drift: { kind: 'pull', pull: numbersFor(perceptron).map(Math.abs), base: numbersFor(perceptron) },
    },
  ],
  ['no patients at all', { model: linear, rows: [], plan }],
  [
    'a perceptron in float',
    { model: perceptron, rows: rowsFor(6), plan: { ...plan, ...scheduled }, floatFrom: 1 },
  ],
  [
    'a perceptron in float, more than one block of it',
    {
      model: rectified,
      rows: rowsFor(6),
      plan: { ...plan, bandSize: 600, steps: 4 },
      batchOf: (step) => Array.from({ length: 150 }, (_, i) => (7 * i + step) % 40),
      floatFrom: 1,
    },
  ],
  [
    'a perceptron in float over patients of several rows',
    { model: perceptron, rows: rowsFor(6, { most: 4 }), plan: { ...plan, rowsPerUnit: 4 }, floatFrom: 1 },
  ],
  [
    'a perceptron whose first layer is frozen',
    {
      model: withFrozen(perceptron, ['weight0', 'bias0']),
      rows: rowsFor(6),
      plan: { ...plan, ...scheduled },
    },
  ],
  [
    'a logistic regression whose weights are frozen',
    { model: withFrozen(linear, ['weight0']), rows: rowsFor(5), plan },
  ],
  [
    'an average over the steps of a logistic regression',
    { model: linear, rows: rowsFor(5), plan: { ...plan, averaging: { decay: 0.8 } } },
  ],
  [
    'an average over the steps of a perceptron with momentum and decay',
    { model: perceptron, rows: rowsFor(6), plan: { ...plan, ...scheduled, averaging: { decay: 0.95 } } },
  ],
];
for (const [name, given] of cases) {
  test(`steps together are the steps one by one, to the bit: ${name}`, async () => {
    assert.deepEqual(await compareWays(given), { differing: 0, redone: 0 });
  });
}

const [plain, several] = [cases[0]![1], cases[3]![1]];
const averaged = cases.at(-1)![1];

test('steps together that forget the correction, or take it from elsewhere, are other steps', async () => {
  const shift = numbersFor(linear);
  const drift = { kind: 'shift', shift } as const;
  const wrong = (model: ModelProto) =>
    rewire(bodyOf(model), 'Add', (inputs) => inputs.map((name) => (name === 'shift' ? 'noiseOfStep' : name)));
  const { differing } = await compareWays({ ...plain, drift, mutate: wrong });
  assert.ok(differing > 0);
  const [corrected, free] = [
    await takeSteps({ ...plain, drift }, 'together'),
    await takeSteps(plain, 'together'),
  ];
  assert.ok(corrected.parameters.every((value, i) => value !== free.parameters[i]));
});

test('a step whose batch is beyond the capacity is taken by itself, with the same batch and noise', async () => {
  const all = plain.rows.map((_, unit) => unit);
  const batchOf = (step: number) => (step === 10 ? all : all.slice(step, step + 9));
  for (const given of [plain, averaged]) {
    assert.deepEqual(await compareWays({ ...given, batchOf }), { differing: 0, redone: 1 });
  }
});

test('a unit whose features are not finite, or too large, takes part in no step, and no step is repeated', async () => {
  const unusable = [{ features: [1, Number.NaN, 1, 1, 1], label: 1 }];
  const rows = plain.rows
    .with(7, unusable)
    .with(3, [{ features: [1, 1, 1, 1, -Infinity], label: 0 }])
    .with(5, [{ features: [1, 1, 3e38, 1, 1], label: 0 }]);
  assert.deepEqual(await compareWays({ ...plain, rows }), { differing: 0, redone: 0 });
});

const OVERFLOWING: readonly (readonly [name: string, given: StepsCase])[] = [
  ['logistic regression', plain],
  ['a linear model of squared errors', cases[4]![1]],
  ['a perceptron', { ...cases[6]![1], model: rectified }],
  ['a perceptron in float', { ...cases[6]![1], model: rectified, floatFrom: 1 }],
  ['a perceptron whose steps are averaged', { ...averaged, model: rectified }],
  ['a perceptron over patients of several rows', { ...cases[7]![1], model: rectified }],
];
/** Weights by which one patient's numbers overflow, and no other's. */
function overflow(given: StepsCase): StepsCase {
  const { features, values } = readForwardModel(given.model);
  const isLinear = values.every((value) => value === 0);
  const start = values.map((value, i) => (isLinear ? (i % 2 === 0 ? 1e32 : -1e32) : value * 1e31));
  const row = (scale: number) => ({ features: new Array<number>(features).fill(scale), label: 0 });
  const rows = rowsFor(features).map((own) => own.map(({ label }) => ({ ...row(0), label })));
  const batchOf = (step: number) => (step === 9 ? [3, 4, 5] : [5, 6, 7]);
  return { ...given, start, batchOf, isMasked: true, rows: rows.with(4, [row(1e7)]) };
}
for (const [name, given] of OVERFLOWING) {
  test(`a unit whose numbers overflow contributes nothing, at the same work: ${name}`, async () => {
    const overflowing = overflow(given);
    assert.deepEqual(await compareWays(overflowing), { differing: 0, redone: 0 });
    const without = { ...overflowing, rows: overflowing.rows.with(4, []) };
    const [present, absent] = [
      await takeSteps(overflowing, 'together'),
      await takeSteps(without, 'together'),
    ];
    assert.deepEqual(present.parameters, absent.parameters);
    assert.ok(present.parameters.every(Number.isFinite));
  });
}

test('a loop that does without a mask is made useless by such a unit: it must never be run then', async () => {
  const { redone } = await compareWays({ ...overflow(OVERFLOWING[2]![1]), isMasked: false });
  assert.ok(redone > 0);
});

test('whether parameters leave padding units finite decides alike for a batch that fills a run', async () => {
  const { model, start, row } = overflowingPadding();
  const plan = { ...plain.plan, samplingRate: 0.5, bandSize: 4, steps: 4, stepsPerRun: 2 };
  const capacity = capacityUnitsOf(plan);
  const rows = Array.from({ length: capacity }, () => [row]);
  for (const units of [capacity - 1, capacity]) {
    const batchOf = () => rows.slice(0, units).map((_, unit) => unit);
    for (const way of ['one by one', 'together'] as const) {
      const given = { ...plain, model, start, rows, plan, batchOf, isNoiseless: true };
      const { parameters } = await takeSteps(given, way);
      assert.deepEqual(parameters, Float64Array.from(start), `${units} units, ${way}`);
    }
  }
});

const mutants: readonly [name: string, given: StepsCase, mutate: (model: ModelProto) => void][] = [
  [
    'noise that is used in a later step again',
    plain,
    ({ graph }) => {
      const scan = graph.node.find(({ opType }) => opType === 'Scan')!;
      scan.input = scan.input.map((input) => (input === 'noise' ? 'again' : input));
      graph.initializer.push({ name: 'firstAxis', dims: [], dataType: 7, int64Data: [0] });
      const input = ['noise', 'firstAxis'];
      graph.node.unshift({ name: 'again', opType: 'CumSum', input, output: ['again'], attribute: [] });
    },
  ],
  [
    'noise that is added beside the lattice',
    plain,
    (model) => {
      for (const node of bodyOf(model).node) if (node.opType === 'Round') node.opType = 'Identity';
    },
  ],
  [
    'a mask that is ignored',
    several,
    (model) =>
      rewire(bodyOf(model), 'Mul', (inputs) =>
        inputs.map((input) => (input === 'mask' ? inputs[0]! : input)),
      ),
  ],
  [
    'parameters that stay those before the first step',
    plain,
    (model) =>
      rewire(bodyOf(model), 'Cast', (inputs) =>
        inputs.map((input) => (input === 'theta' ? 'parametersBefore' : input)),
      ),
  ],
  [
    'a velocity that is forgotten',
    cases[6]![1],
    (model) =>
      rewire(bodyOf(model), 'Mul', (inputs) =>
        inputs.map((input) => (input === 'velocityIn' ? 'velocityBefore' : input)),
      ),
  ],
  [
    'an average of the parameters before each step',
    averaged,
    (model) =>
      rewire(bodyOf(model), 'Sub', (inputs) =>
        inputs.map((input) => (input === 'thetaOut' ? 'theta' : input)),
      ),
  ],
  [
    'an average that is forgotten',
    averaged,
    (model) =>
      rewire(bodyOf(model), 'Add', (inputs) =>
        inputs.map((input) => (input === 'averageIn' ? 'averageBefore' : input)),
      ),
  ],
  ['clipping left out', plain, (model) => rewire(bodyOf(model), 'Max', (inputs) => [inputs[0]!, inputs[0]!])],
];
for (const [name, given, mutate] of mutants) {
  test(`the comparison catches ${name}`, async () => {
    const { differing, redone } = await compareWays({ ...given, mutate });
    assert.equal(redone, 0);
    assert.ok(differing > 0);
  });
}
