// Graphs that PyTorch, scikit-learn and Keras exported, and gradients that they computed themselves: see
// testing/fixtures/README.md for their versions and the scripts that made them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decodeModel, encodeModel } from '../format/onnx-schema.ts';
import type { Loss } from '../losses/loss.ts';
import { buildStepGraph } from '../lowering/step-graph.ts';
import { readForwardModel, UnsupportedModelError, withParameters } from '../model/forward-model.ts';
import { findBlockedChannels } from '../probes/blocked-channels.ts';
import { openSession } from '../runtime/onnx-runtime.ts';
import { rawOutputs } from '../runtime/score-rows.ts';
import { factorsOf } from '../testing/factors-of.ts';
import { peerModel } from '../testing/peer-models.ts';
import { normL2, type ReferenceRow } from '../testing/reference-gradients.ts';
import { runStep } from '../testing/run-step.ts';
import { testNumbers } from '../testing/tiny-models.ts';

const FIXTURES = new URL('../../../src/testing/fixtures/', import.meta.url);
const fixture = (name: string): Uint8Array => readFileSync(new URL(name, FIXTURES));
const json = (name: string) => JSON.parse(readFileSync(new URL(name, FIXTURES), 'utf8'));

function toUnits(
  { x, y, sizes }: { x: ArrayLike<number>; y: readonly number[]; sizes: readonly number[] },
  features: number,
): ReferenceRow[][] {
  let row = 0;
  return sizes.map((size) =>
    Array.from({ length: size }, () => {
      const own = Array.from({ length: features }, (_, i) => x[row * features + i]!);
      return { features: own, label: y[row++]! };
    }),
  );
}

interface RecordedCase {
  readonly file: string;
  readonly loss: Loss['kind'];
  readonly classWeights?: readonly number[];
  readonly clipNormL2: number;
  readonly sizes: readonly number[];
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly clippedSum: Readonly<Record<string, readonly number[]>>;
}

const recorded: { torch: string; cases: RecordedCase[] } = json('torch-gradients.json');
const sklearn: { sklearn: string; cases: RecordedCase[] } = json('sklearn-gradients.json');
const keras = ['tensorflow', 'torch'].map((backend) => ({
  backend,
  ...json(`keras-${backend}-gradients.json`),
}));
const RECORDINGS: readonly { readonly by: string; readonly cases: readonly RecordedCase[] }[] = [
  { by: `PyTorch ${recorded.torch}`, cases: recorded.cases },
  { by: `scikit-learn ${sklearn.sklearn}`, cases: sklearn.cases },
  ...keras.map(({ backend, cases, ...versions }) => ({
    by: `Keras ${versions.keras} with ${backend} ${versions[backend]}`,
    cases,
  })),
];
const CASES = RECORDINGS.flatMap(({ by, cases }) => cases.map((one) => ({ by, ...one })));
for (const { by, file, loss: kind, classWeights, clipNormL2, sizes, x, y, clippedSum } of CASES) {
  const weights = classWeights ? ' with class weights' : '';
  test(`${file}: the clipped sum is that of ${by} (${kind}${weights})`, async () => {
    const model = readForwardModel(fixture(file));
    const loss = {
      kind,
      ...(classWeights && { classWeights }),
      ...(kind === 'huber' && { delta: 0.5 }),
    } as Loss;
    const rowsPerUnit = Math.max(...sizes);
    const graph = buildStepGraph(model, { clipNormL2, capacityUnits: sizes.length + 1, rowsPerUnit, loss });
    const units = toUnits({ x, y, sizes }, model.features);
    const outputs = await runStep(graph, { parameters: model.values, units });
    const actual = outputs.clippedSum!.data as Float64Array;
    assert.deepEqual(
      model.parameters.map(({ name }) => name).sort(),
      Object.keys(clippedSum).sort(),
      'everything that the other trains is trained, and nothing else',
    );
    const scale = normL2(Object.values(clippedSum).flat());
    for (const parameter of model.parameters) {
      const { name, offset, size } = parameter;
      const expected = clippedSum[name]!;
      const own = model.inFileOrder(parameter, Float32Array.from(actual.subarray(offset, offset + size)));
      const difference = normL2(expected.map((value, i) => own[i]! - value));
      assert.equal(expected.length, size);
      assert.ok(difference <= 1e-5 * scale, `${name} is off by ${difference} of ${scale}`);
    }
  });
}

interface PeerCase {
  readonly model: string;
  readonly loss: Loss['kind'];
  readonly clipNormL2: number;
  readonly sizes: readonly number[];
  readonly parameters: readonly { norm: number; every: number; values: readonly number[] }[];
}

const peers: { torch: string; cases: PeerCase[] } = json('peer-gradients.json');
for (const { model: name, loss: kind, clipNormL2, sizes, parameters } of peers.cases) {
  test(`${name}: the clipped sum is that of PyTorch ${peers.torch}'s per-patient gradients`, async () => {
    const { bytes, next } = peerModel(name, 7);
    const model = readForwardModel(bytes);
    const rows = sizes.reduce((sum, size) => sum + size, 0);
    const x = Float32Array.from({ length: rows * model.features }, next);
    const y = Array.from({ length: rows }, (_, i) => i % Math.max(2, model.outputs));
    const options = { clipNormL2, capacityUnits: sizes.length, rowsPerUnit: 2, loss: { kind } as Loss };
    const graph = buildStepGraph(model, options);
    const outputs = await runStep(graph, {
      parameters: model.values,
      units: toUnits({ x, y, sizes }, model.features),
    });
    const actual = outputs.clippedSum!.data as Float64Array;
    model.parameters.forEach(({ name: parameter, offset, size }, i) => {
      const { norm, every, values } = parameters[i]!;
      const own = actual.subarray(offset, offset + size);
      const ownNorm = Math.sqrt(own.reduce((sum, value) => sum + value * value, 0));
      assert.ok(Math.abs(ownNorm - norm) <= 1e-5 * norm, parameter);
      const sampled = values.map((_, k) => own[k * every]!);
      const difference = normL2(sampled.map((value, k) => value - values[k]!));
      assert.ok(difference <= 1e-4 * normL2(values), `${parameter} is off by ${difference}`);
    });
  });
}

for (const [file, names, outputs] of [
  ['sklearn-logistic-regression.onnx', ['coefficients', 'intercepts'], 1],
  ['sklearn-logistic-regression-zipmap.onnx', ['coefficients', 'intercepts'], 1],
  ['sklearn-logistic-regression-3-classes.onnx', ['coefficients', 'intercepts'], 3],
  ['sklearn-scaled-logistic-regression.onnx', ['coefficients', 'intercepts'], 1],
  [
    'sklearn-mlp.onnx',
    ['coefficient', 'intercepts', 'coefficient1', 'intercepts1', 'coefficient2', 'intercepts2'],
    1,
  ],
  [
    'sklearn-mlp-3-classes.onnx',
    ['coefficient', 'intercepts', 'coefficient1', 'intercepts1', 'coefficient2', 'intercepts2'],
    3,
  ],
] as const) {
  test(`${file}: its weights can be trained, and its logit gives scikit-learn's probabilities`, async () => {
    const bytes = fixture(file);
    const model = readForwardModel(bytes);
    assert.deepEqual(
      model.parameters.map(({ name }) => name),
      names,
    );
    assert.equal(model.outputs, outputs);
    const data = Float32Array.of(0.3, -1, 0.7, 0.1, 2, -0.5, 0.4, 1.1, -2, 0.6);
    const input = { [model.input]: { type: 'float32', shape: [2, 5], data } } as const;
    const written = withParameters(bytes, model.values);
    for (const { name, type } of decodeModel(written).graph.output) {
      if (name === 'label') continue;
      assert.equal(type?.tensorType?.shape?.dim.length, 2, `${name} is [rows, columns]`);
    }
    const probabilities = async (graph: Uint8Array) => {
      const session = await openSession(graph, { threads: 1 });
      const result = await session.run(input, { outputs: ['probabilities'] });
      await session.close();
      return [...result.probabilities!.data];
    };
    if (file.endsWith('zipmap.onnx') || file.startsWith('sklearn-scaled')) {
      // The original's probabilities are a map, which is no tensor.
      assert.ok((await probabilities(written)).every((value) => value >= 0 && value <= 1));
    } else {
      const [before, after] = [await probabilities(bytes), await probabilities(written)];
      before.forEach((value, i) => {
        assert.ok(Math.abs(value - after[i]!) < 1e-6);
      });
    }
  });
}

for (const file of ['sklearn-poisson-regression.onnx', 'sklearn-scaled-poisson-regression.onnx']) {
  test(`${file}: its weights can be trained, and the exp of its logit is scikit-learn's prediction`, async () => {
    const bytes = fixture(file);
    const { parameters, values, input, finalActivation } = readForwardModel(bytes);
    const shapes = parameters.map(({ name, shape }) => [name, shape]);
    assert.deepEqual(shapes, [
      ['coefficients', [5, 1]],
      ['intercepts', [1]],
    ]);
    assert.equal(finalActivation?.name, 'Ex_Exp');
    const data = Float32Array.of(0.3, -1, 0.7, 0.1, 2, -0.5, 0.4, 1.1, -2, 0.6);
    const said = async (graph: Uint8Array) => {
      const session = await openSession(graph, { threads: 1 });
      const result = await session.run({ [input]: { type: 'float32', shape: [2, 5], data } });
      await session.close();
      return result.variable!;
    };
    const written = withParameters(bytes, values);
    assert.deepEqual(await said(written), await said(bytes));
    const [logits, counts] = [await rawOutputs(written, data), (await said(bytes)).data];
    assert.equal(logits.width, 1);
    logits.values.forEach((logit, i) => {
      assert.ok(Math.abs(Math.exp(logit) / counts[i]! - 1) < 1e-6);
    });
  });
}

test('a generalised linear model of scikit-learn without a log link is read as well, without a final activation', () => {
  const model = decodeModel(fixture('sklearn-poisson-regression.onnx'));
  // As skl2onnx writes TweedieRegressor(power=0).
  const node = model.graph.node.filter(({ opType }) => opType !== 'Exp');
  node.at(-1)!.input[0] = node.at(-2)!.output[0]!;
  const read = readForwardModel(encodeModel({ ...model, graph: { ...model.graph, node } }));
  assert.deepEqual(
    read.parameters.map(({ name }) => name),
    ['coefficients', 'intercepts'],
  );
  assert.deepEqual([read.outputs, read.finalActivation], [1, undefined]);
});

for (const [file, outputs] of [
  ['keras-mlp.onnx', 1],
  ['keras-cnn.onnx', 3],
] as const) {
  test(`${file}: it is read, and its gradient is computed`, async () => {
    const model = readForwardModel(fixture(file));
    assert.equal(model.outputs, outputs);
    const loss = { kind: outputs === 1 ? 'binary-cross-entropy' : 'categorical-cross-entropy' } as const;
    const graph = buildStepGraph(model, { clipNormL2: 1, capacityUnits: 3, rowsPerUnit: 1, loss });
    const features = Array.from({ length: model.features }, (_, i) => Math.sin(i));
    const { clippedSum } = await runStep(graph, {
      parameters: model.values,
      units: [[{ features, label: 1 }]],
    });
    const norm = normL2(clippedSum!.data);
    assert.ok(norm > 0 && norm <= 1 + 1e-9);
  });
}

test('a buffer stays as it is where PyTorch says that it is one, and is trained where nothing distinguishes it from a weight', () => {
  const trained = (file: string) => readForwardModel(fixture(file)).parameters.map(({ name }) => name);
  assert.ok(!trained('torch-dynamo-gated.onnx').includes('mean'));
  assert.ok(trained('torch-script-gated.onnx').includes('mean'));
});

test('batch normalisation in an exported graph is refused by name, with the remedy', () => {
  assert.throws(
    () => readForwardModel(fixture('torch-script-batch-norm.onnx')),
    (error) =>
      error instanceof UnsupportedModelError &&
      /node \/1\/BatchNormalization .*it mixes patients.*use GroupNormalization or/.test(error.message),
  );
});

const ROW_MODELS = recorded.cases.map(({ file }) => file).filter((file) => file.startsWith('torch-script'));
for (const name of new Set([...ROW_MODELS, 'cnn28'])) {
  test(`${name}: a unit's gradient depends on its rows alone, bit for bit, also beside broken units`, async () => {
    const model = readForwardModel(name === 'cnn28' ? peerModel(name, 1).bytes : fixture(name));
    const capacityUnits = 24;
    const graph = buildStepGraph(model, {
      clipNormL2: 1,
      capacityUnits,
      rowsPerUnit: 2,
      blockedChannels: await findBlockedChannels(model),
      loss: { kind: model.outputs === 1 ? 'binary-cross-entropy' : 'categorical-cross-entropy' },
    });
    const next = testNumbers(9);
    const row = (scale: number): ReferenceRow => ({
      features: Array.from({ length: model.features }, (_, i) =>
        Math.fround(next() * scale + (i % 3 === 0 ? 1 : 0)),
      ),
      label: 1,
    });
    const run = { parameters: model.values, threads: 2 };
    const probe = [row(2), row(2)];
    const alone = (await factorsOf(graph, { ...run, units: [probe] }))(0);
    assert.ok(alone.flat().some((value) => value !== 0));
    // Finite numbers whose products overflow to infinities that cancel into NaN.
    const crowd = Array.from({ length: capacityUnits }, (_, unit) =>
      unit % 3 === 1 ? [row(3e38), row(1)] : [row(1), row(30)],
    );
    for (const index of [0, 2, 3, 11, 23]) {
      const units = crowd.with(index, probe);
      const factors = await factorsOf(graph, { ...run, units });
      assert.deepEqual(factors(index), alone, `at index ${index}`);
    }
  });
}
