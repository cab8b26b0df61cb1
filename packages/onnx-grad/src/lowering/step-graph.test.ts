import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildForwardModel, type ForwardModelDescription } from '../model/build-forward-model.ts';
import { type ForwardModel, readForwardModel } from '../model/forward-model.ts';
import { openSession } from '../runtime/onnx-runtime.ts';
import { factorsOf } from '../testing/factors-of.ts';
import {
  clipAndSum,
  normL2,
  type ReferenceRow,
  referenceLogit,
  unitGradients,
} from '../testing/reference-gradients.ts';
import { runStep } from '../testing/run-step.ts';
import { TINY_MODELS, testNumbers, tinyModel } from '../testing/tiny-models.ts';
import { buildStepGraph, type StepGraph, type StepGraphOptions } from './step-graph.ts';

const loss = 'binary-cross-entropy';

function randomUnits(
  model: ForwardModel,
  { seed, sizes, scale = 1 }: { seed: number; sizes: readonly number[]; scale?: number },
): ReferenceRow[][] {
  const next = testNumbers(seed);
  return sizes.map((size) =>
    Array.from({ length: size }, () => ({
      features: Array.from({ length: model.features }, () => Math.fround(next() * scale)),
      label: next() > 0 ? 1 : 0,
    })),
  );
}

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  assert.equal(actual.length, expected.length);
  const difference = normL2(Array.from(actual, (value, i) => value - expected[i]!));
  const allowed = tolerance * Math.max(1, normL2(expected));
  assert.ok(difference <= allowed, `off by ${difference}, allowed ${allowed}`);
}

async function sumOf(
  graph: StepGraph,
  parameters: Float32Array,
  units: readonly (readonly ReferenceRow[] | undefined)[],
): Promise<Float64Array> {
  return (await runStep(graph, { parameters, units })).clippedSum!.data as Float64Array;
}

async function clippedSum(
  model: ForwardModel,
  units: readonly (readonly ReferenceRow[] | undefined)[],
  options: Omit<StepGraphOptions, 'loss'>,
): Promise<Float64Array> {
  return sumOf(buildStepGraph(model, { ...options, loss }), model.values, units);
}

for (const [name, description] of Object.entries(TINY_MODELS)) {
  test(`${name}: ONNX Runtime computes the same logit as the plain interpreter`, async () => {
    const bytes = tinyModel(description);
    const model = readForwardModel(bytes);
    const [rows] = randomUnits(model, { seed: 3, sizes: [4] });
    const session = await openSession(bytes, { threads: 1 });
    const data = Float32Array.from(rows!.flatMap(({ features }) => features));
    const { logit } = await session.run({ x: { type: 'float32', shape: [4, model.features], data } });
    const expected = rows!.map(({ features }) => referenceLogit(model, model.values, features));
    assertClose(logit!.data, expected, 1e-6);
    await session.close();
  });

  test(`${name}: the gradient agrees with finite differences`, async () => {
    const model = readForwardModel(tinyModel(description));
    for (const seed of [11, 12, 13]) {
      const units = randomUnits(model, { seed, sizes: [1, 1, 1] });
      const actual = await clippedSum(model, units, { clipNormL2: 1e6, capacityUnits: 3, rowsPerUnit: 1 });
      assertClose(actual, clipAndSum(unitGradients(model, model.values, units), 1e6), 2e-6);
    }
  });

  test(`${name}: clipping agrees with stored gradients, also for units of several rows`, async () => {
    const model = readForwardModel(tinyModel(description, 5));
    for (const sizes of [
      [1, 1, 1, 1, 1],
      [3, 1, 0, 2, 3],
    ]) {
      const units = randomUnits(model, { seed: 21, sizes, scale: 2 });
      const gradients = unitGradients(model, model.values, units);
      const norms = gradients.map(normL2).filter((norm) => norm > 0);
      // Some units are clipped and some are not.
      const clipNormL2 = norms.toSorted((a, b) => a - b)[Math.floor(norms.length / 2)]! * 0.99;
      const rowsPerUnit = Math.max(...sizes);
      const actual = await clippedSum(model, units, { clipNormL2, capacityUnits: 6, rowsPerUnit });
      assertClose(actual, clipAndSum(gradients, clipNormL2), 2e-6);
      assert.ok(normL2(clipAndSum(gradients, 1e6).map((value, i) => value - actual[i]!)) > 1e-3);
    }
  });
}

const perceptron = readForwardModel(
  buildForwardModel({
    kind: 'multilayer-perceptron',
    features: 6,
    hidden: [8, 4],
    activation: 'tanh',
    localIntercept: true,
  }),
);

test('a built perceptron with a local intercept is clipped as one vector, the intercept included', async () => {
  const units = randomUnits(perceptron, { seed: 31, sizes: [2, 2, 1], scale: 3 });
  const actual = await clippedSum(perceptron, units, { clipNormL2: 0.1, capacityUnits: 4, rowsPerUnit: 2 });
  assertClose(actual, clipAndSum(unitGradients(perceptron, perceptron.values, units), 0.1), 2e-6);
});

test('each layer is clipped to its own bound', async () => {
  const layers = [
    { parameters: ['weight0', 'bias0'], clipNormL2: 0.05 },
    { parameters: ['weight1'], clipNormL2: 0.01 },
    { parameters: ['bias1', 'weight2', 'bias2', 'local.intercept'], clipNormL2: 0.08 },
  ];
  for (const sizes of [
    [1, 1, 1, 1],
    [2, 2, 1, 0],
  ]) {
    const units = randomUnits(perceptron, { seed: 32, sizes, scale: 3 });
    const options = { clipNormL2: 0.1, layers, capacityUnits: 4, rowsPerUnit: Math.max(...sizes) };
    const actual = await clippedSum(perceptron, units, options);
    const gradients = unitGradients(perceptron, perceptron.values, units);
    for (const { parameters, clipNormL2 } of layers) {
      const own = perceptron.parameters.filter(({ name }) => parameters.includes(name));
      const part = (all: ArrayLike<number>) =>
        own.flatMap(({ offset, size }) => Array.from({ length: size }, (_, i) => all[offset + i]!));
      assertClose(part(actual), clipAndSum(gradients.map(part), clipNormL2), 2e-6);
    }
  }
});

test('a clip norm as an input clips like a fixed one', async () => {
  const units = randomUnits(perceptron, { seed: 33, sizes: [2, 2, 1], scale: 3 });
  const options = { capacityUnits: 4, rowsPerUnit: 2, loss } as const;
  const graph = buildStepGraph(perceptron, { ...options, clipNormL2: 'input' });
  assert.ok(graph.takesClipNorm);
  for (const clipNormL2 of [0.1, 2, 1e6]) {
    const given = await runStep(graph, { parameters: perceptron.values, units, clipNormL2 });
    const fixed = buildStepGraph(perceptron, { ...options, clipNormL2 });
    assert.ok(!fixed.takesClipNorm);
    assert.deepEqual(given.clippedSum!.data, await sumOf(fixed, perceptron.values, units));
  }
});

test('bounds of layers that leave a parameter out, or exceed the clip norm together, are refused', () => {
  const options = { clipNormL2: 1, capacityUnits: 4, rowsPerUnit: 2, loss } as const;
  const all = perceptron.parameters.map(({ name }) => name);
  for (const layers of [
    [{ parameters: all.slice(1), clipNormL2: 1 }],
    [
      { parameters: all.slice(1), clipNormL2: 0.8 },
      { parameters: all.slice(0, 1), clipNormL2: 0.8 },
    ],
  ]) {
    assert.throws(() => buildStepGraph(perceptron, { ...options, layers }), { name: 'AssertionError' });
  }
});

test('the norm of rows of one unit that cancel is not rounding noise', async () => {
  const model = readForwardModel(tinyModel(TINY_MODELS['Gemm with bias']!));
  const parameters = new Float32Array(model.parameterCount);
  const graph = buildStepGraph(model, { clipNormL2: 1, capacityUnits: 1, rowsPerUnit: 2, loss });
  const features = [3e8, -1e8, 7, 1e-3, 2e7];
  const opposed = [
    { features, label: 1 },
    { features, label: 0 },
  ];
  // The two rows' gradients are exact opposites, so the unit's gradient is 0.
  assert.ok(normL2(await sumOf(graph, parameters, [opposed])) < 1e-9);
});

test('a unit with a gradient that is not finite is recognised by its squared norm', async () => {
  const units = randomUnits(perceptron, { seed: 41, sizes: [2, 2, 2] });
  const options = { clipNormL2: 0.5, capacityUnits: 5, rowsPerUnit: 2, loss } as const;
  const graph = buildStepGraph(perceptron, options);
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    const broken = [
      { features: [bad, 1, 2, 3, 4, bad], label: 1 },
      { features: [0, 0, 0, 0, 0, 0], label: 0 },
    ];
    const run = await runStep(graph, { parameters: perceptron.values, units: [...units, broken] });
    const usable = Array.from(run.squares!.data, (square) => square <= graph.largestSquare);
    assert.deepEqual(usable, [true, true, true, false, true]);
  }
});

test('an empty batch gives zeros', async () => {
  const actual = await clippedSum(perceptron, [], { clipNormL2: 1, capacityUnits: 3, rowsPerUnit: 2 });
  assert.ok(actual.every((value) => value === 0));
});

const SHAPES: readonly [ForwardModelDescription, rowsPerUnit: number, threads: number][] = [
  [{ kind: 'logistic-regression', features: 13, localIntercept: true }, 1, 1],
  [{ kind: 'logistic-regression', features: 40, localIntercept: false }, 3, 2],
  [{ kind: 'multilayer-perceptron', features: 30, hidden: [64, 33], localIntercept: false }, 1, 1],
  [{ kind: 'multilayer-perceptron', features: 30, hidden: [64, 33], localIntercept: false }, 2, 2],
  [
    { kind: 'multilayer-perceptron', features: 7, hidden: [5], activation: 'tanh', localIntercept: true },
    2,
    1,
  ],
  [{ kind: 'multilayer-perceptron', features: 300, hidden: [256, 128], localIntercept: true }, 1, 2],
];
for (const [description, rowsPerUnit, threads] of SHAPES) {
  const hidden = description.kind === 'multilayer-perceptron' ? `-${description.hidden.join('-')}` : '';
  const shape = `${description.features}${hidden}-1, ${rowsPerUnit} rows, ${threads} threads`;
  test(`a row's gradient depends on the row alone, bit for bit (${shape})`, async () => {
    const capacityUnits = 150;
    const model = readForwardModel(buildForwardModel(description));
    const sizes = new Array<number>(capacityUnits + 1).fill(rowsPerUnit);
    const [probe, ...others] = randomUnits(model, { seed: 51, sizes });
    const graph = buildStepGraph(model, { clipNormL2: 1, capacityUnits, rowsPerUnit, loss });
    const { values: parameters } = model;
    const alone = (await factorsOf(graph, { parameters, units: [probe!], threads }))(0);
    assert.ok(alone.length >= 2);
    for (const index of [0, 1, 2, 3, 7, 8, 63, 75, 100, 148, 149]) {
      const crowd = await factorsOf(graph, { parameters, units: others.with(index, probe!), threads });
      assert.deepEqual(crowd(index), alone, `at index ${index}`);
    }
  });
}

test('the step graph is the same bytes every time', () => {
  const options = { clipNormL2: 1, capacityUnits: 8, rowsPerUnit: 2, loss } as const;
  assert.deepEqual(buildStepGraph(perceptron, options).bytes, buildStepGraph(perceptron, options).bytes);
});

test('no per-unit gradient is stored: no value in the graph has units times parameters elements', async () => {
  const wide = readForwardModel(
    buildForwardModel({
      kind: 'multilayer-perceptron',
      features: 200,
      hidden: [100],
      localIntercept: false,
    }),
  );
  const graph = buildStepGraph(wide, { clipNormL2: 1, capacityUnits: 2000, rowsPerUnit: 1, loss });
  // Stored gradients would be 2000 x 20,201 floats, 160 MB, in the least; activations are 2000 x 200.
  const before = process.memoryUsage().rss;
  await sumOf(graph, wide.values, randomUnits(wide, { seed: 61, sizes: new Array(2000).fill(1) }));
  assert.ok(process.memoryUsage().rss - before < 100e6);
});
