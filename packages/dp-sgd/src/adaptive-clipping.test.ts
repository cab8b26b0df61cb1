import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildForwardModel, buildStepGraph, type ForwardModel, readForwardModel } from '@consilium/onnx-grad';
import { runStep } from '@consilium/onnx-grad/testing/run-step';
import { testNumbers } from '@consilium/onnx-grad/testing/tiny-models';
import fc from 'fast-check';
import {
  type AdaptiveClipping,
  adaptiveProblems,
  adaptiveSettings,
  ClipNorm,
  gradientNoiseMultiplier,
} from './adaptive-clipping.ts';
import { ClippedSum } from './clipped-sum.ts';
import { runRound } from './round.ts';
import { calibrateNoise, latticeOf } from './sensitivity.ts';
import { openShards } from './shard.ts';
import { seededRandomness } from './testing/seeded-randomness.ts';
import { copyOf } from './tiled-sums.ts';
import type { TrainingPlan } from './training-plan.ts';
import { type LabelledRow, packUnits } from './training-units.ts';

const planOf = (clipping: Omit<AdaptiveClipping, 'kind'> = {}) => ({
  clipping: { kind: 'adaptive', ...clipping } as const,
  clipNormL2: 2,
  noiseMultiplier: 1.5,
  expectedBatchUnits: 200,
});

test('the multipliers of gradients and count together are at least the plan’s', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1e-6, max: 1000, noNaN: true }),
      fc.double({ min: 2.001, max: 50, noNaN: true }),
      (z, times) => {
        const own = gradientNoiseMultiplier(z, z * times);
        const joint = (own ** -2 + (z * times) ** -2) ** -0.5;
        assert.ok(own > z && Math.abs(joint / z - 1) < 1e-12, `${joint} for ${z}`);
      },
    ),
  );
  assert.ok(Math.abs(gradientNoiseMultiplier(3, 6) - Math.sqrt(12)) < 1e-12);
  assert.throws(() => gradientNoiseMultiplier(1, 1.9), { name: 'AssertionError' });
});

test('the clip norm falls where more units are within it than wanted, rises where fewer are, and stays in its range', () => {
  const norm = new ClipNorm(
    planOf({ targetQuantile: 0.7, rate: 0.5, minimumClipNormL2: 1, maximumClipNormL2: 3 }),
  );
  norm.follow(200); // all of the expected batch
  assert.ok(Math.abs(norm.current - 2 * Math.exp(-0.5 * 0.3)) < 1e-12);
  norm.follow(0.4 * 200); // 140 within, 60 above: the quantile itself
  assert.ok(Math.abs(norm.current - 2 * Math.exp(-0.5 * 0.3)) < 1e-12);
  for (let i = 0; i < 9; i++) norm.follow(200);
  assert.equal(norm.current, 1);
  for (let i = 0; i < 9; i++) norm.follow(-1e9);
  assert.equal(norm.current, 3);
  assert.equal(new ClipNorm(planOf(), 1.25).current, 1.25);
  assert.equal(norm.release({ count: -3, noise: 2 ** 19 }), -2.5);
});

test('fields of adaptive clipping that are left out have public defaults', () => {
  const { countNoiseMultiplier, minimumClipNormL2, maximumClipNormL2 } = adaptiveSettings(planOf());
  assert.deepEqual([countNoiseMultiplier, minimumClipNormL2, maximumClipNormL2], [20, 0.02, 200]);
  assert.equal(adaptiveSettings({ ...planOf(), expectedBatchUnits: 3 }).countNoiseMultiplier, 7.5);
  assert.deepEqual(adaptiveProblems(planOf()), []);
  assert.deepEqual(adaptiveProblems({ ...planOf(), noiseMultiplier: 1000 }), []);
});

test('adaptive clipping that makes no sense is refused by field', () => {
  const faults = {
    targetQuantile: 1,
    rate: 0,
    countNoiseMultiplier: 2.9,
    minimumClipNormL2: 3,
    maximumClipNormL2: 1,
  };
  const problems = adaptiveProblems(planOf(faults));
  assert.equal(problems.length, 5);
  for (const [i, field] of Object.keys(faults).entries()) {
    assert.equal(problems[i]!.field, `clipping.${field}`);
    assert.match(problems[i]!.text, /^must be/);
  }
  assert.match(problems[2]!.text, /at least twice noiseMultiplier/);
});

const model = readForwardModel(
  buildForwardModel({
    kind: 'multilayer-perceptron',
    features: 30,
    hidden: [64, 32],
    activation: 'tanh',
    localIntercept: true,
  }),
);
const next = testNumbers(29);
const rowOf = (scale = 1): LabelledRow => ({
  features: Array.from({ length: 30 }, () => Math.fround(next() * scale)),
  label: next() > 0 ? 1 : 0,
});
const graphOf = (of: ForwardModel) =>
  buildStepGraph(of, {
    clipNormL2: 'input',
    capacityUnits: 16,
    rowsPerUnit: 3,
    loss: 'binary-cross-entropy',
  });
const graph = graphOf(model);
const relu = readForwardModel(
  buildForwardModel({ kind: 'multilayer-perceptron', features: 30, hidden: [8], localIntercept: true }),
);

async function withUnits<T>(
  units: readonly (readonly LabelledRow[])[],
  use: (count: (clipNormL2: number) => Promise<number>) => Promise<T>,
  shards = 1,
  of = model,
): Promise<T> {
  const clipped = new ClippedSum([graphOf(of)], packUnits(30, units), openShards([graphOf(of)], shards));
  const batch = Uint32Array.from(units, (_, unit) => unit);
  try {
    return await use(async (clipNormL2) => (await clipped.sumAndCount(of.values, batch, clipNormL2)).count);
  } finally {
    await clipped.close();
  }
}

test('the count is that of the norms, over one run or several, on one shard or two', async () => {
  const units = Array.from({ length: 41 }, (_, i) => Array.from({ length: i % 4 }, () => rowOf(i % 5)));
  const norms: number[] = [];
  for (let first = 0; first < units.length; first += graph.units) {
    const part = units.slice(first, first + graph.units);
    const { squares } = await runStep(graph, {
      parameters: model.values,
      units: part.map((rows) =>
        rows.map(({ features, label }) => ({ features: Array.from(features), label })),
      ),
    });
    norms.push(...Array.from(squares!.data).slice(0, part.length).map(Math.sqrt));
  }
  for (const shards of [1, 2]) {
    await withUnits(
      units,
      async (count) => {
        for (const clipNormL2 of [1e-9, 0.5, 1, 2, 1e9]) {
          const within = norms.filter((norm) => norm <= clipNormL2).length;
          assert.equal(await count(clipNormL2), 2 * within - units.length);
        }
      },
      shards,
    );
  }
});

test('units of one gradient have norms of the same bits at all indices, and count alike', async () => {
  for (let trial = 0; trial < 12; trial++) {
    const unit = [rowOf(), rowOf(), rowOf()];
    const laid = unit.map(({ features, label }) => ({ features: Array.from(features), label }));
    const { squares } = await runStep(graph, {
      parameters: model.values,
      units: new Array(graph.units).fill(laid),
    });
    const found = [...new Set(Array.from(squares!.data))].sort((a, b) => a - b);
    assert.equal(found.length, 1);
    for (const crowd of [15, 16, 17]) {
      await withUnits(new Array(crowd).fill(unit), async (count) => {
        for (const square of found) assert.equal(Math.abs(await count(Math.sqrt(square))), crowd);
        assert.equal(await count(Math.sqrt(found[0]! * (1 - 1e-6))), -crowd);
        assert.equal(await count(Math.sqrt(found.at(-1)! * (1 + 1e-6))), crowd);
      });
    }
  }
});

test('units that are not finite count nothing, whatever the others are', async () => {
  const good = Array.from({ length: 5 }, () => [rowOf(), rowOf()]);
  const broken = (value: number) => [{ features: new Array<number>(30).fill(value), label: 1 }];
  // Found before the run, and found by it: a product of finite values that overflows.
  const [nan, infinite, overflowing] = [Number.NaN, Number.POSITIVE_INFINITY, 3e38].map(broken);
  for (const clipNormL2 of [1e-6, 1e6]) {
    const alone = await withUnits(good, (count) => count(clipNormL2));
    assert.equal(alone, clipNormL2 < 1 ? -5 : 5);
    const crowd = [nan!, overflowing!, ...good, infinite!];
    assert.equal(await withUnits(crowd, (count) => count(clipNormL2), 1, relu), alone);
    assert.equal(await withUnits([overflowing!, nan!], (count) => count(clipNormL2), 1, relu), 0);
  }
});

const anyFloat = fc.oneof(
  fc.float({ noNaN: false }),
  fc.float({ min: -8, max: 8 }),
  fc.constantFrom(0, 1e38, 1e-40),
);
const anyRow: fc.Arbitrary<LabelledRow> = fc.record({
  features: fc.array(anyFloat, { minLength: 3, maxLength: 3 }),
  label: fc.constantFrom(0, 1),
});
const small = readForwardModel(
  buildForwardModel({ kind: 'multilayer-perceptron', features: 3, hidden: [4], localIntercept: true }),
);

test('no patient, however extreme, moves integers or count by more than the bounds, for layers and for any clip norm', async () => {
  const share = 0.999 / Math.sqrt(small.parameters.length);
  const common = { capacityUnits: 4, rowsPerUnit: 2, loss: 'binary-cross-entropy' } as const;
  const graphs = {
    adaptive: buildStepGraph(small, { ...common, clipNormL2: 'input' }),
    layers: buildStepGraph(small, {
      ...common,
      clipNormL2: 1,
      layers: small.parameters.map(({ name }) => ({ parameters: [name], clipNormL2: share })),
    }),
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(anyRow, { maxLength: 2 }), { maxLength: 7 }),
      fc.array(anyRow, { maxLength: 2 }),
      fc.nat(),
      fc.constantFrom(1e-3, 1, 250),
      fc.float({ min: -50, max: 50, noNaN: true }),
      async (others, one, index, clipNormL2, spread) => {
        const parameters = small.values.map((value) => value * spread);
        const releaseOf = async (rows: readonly (readonly LabelledRow[])[], kind: keyof typeof graphs) => {
          const clipped = new ClippedSum([graphs[kind]], packUnits(3, rows));
          const batch = Uint32Array.from(rows, (_, index) => index);
          const { sum, count } =
            kind === 'adaptive'
              ? await clipped.sumAndCount(parameters, batch, clipNormL2)
              : { sum: await clipped.sum(parameters, batch), count: 0 };
          await clipped.close();
          const lattice = latticeOf(kind === 'adaptive' ? clipNormL2 : 1);
          return { integers: copyOf(sum).map((value) => Math.round(value * lattice)), count };
        };
        for (const kind of ['adaptive', 'layers'] as const) {
          const { sensitivity } = calibrateNoise({
            clipNormL2,
            noiseMultiplier: 1,
            parameterCount: small.parameterCount,
            rounding: graphs[kind].rounding,
          });
          const without = await releaseOf(others, kind);
          const present = await releaseOf(others.toSpliced(index % (others.length + 1), 0, one), kind);
          const moved = Math.hypot(...without.integers.map((value, i) => value - present.integers[i]!));
          assert.ok(moved <= sensitivity, `${kind}: ${moved} of ${sensitivity}`);
          assert.ok(Math.abs(present.count - without.count) <= 1);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('the clip norm reaches its target quantile, is kept from round to round, and training learns', async () => {
  const features = 4;
  const bytes = buildForwardModel({ kind: 'logistic-regression', features, localIntercept: false });
  const units = packUnits(
    features,
    Array.from({ length: 500 }, () => {
      const values = Array.from({ length: features }, next);
      return [{ features: values, label: values[0]! > 0 ? 1 : 0 }];
    }),
  );
  const plan: TrainingPlan = {
    clipNormL2: 20,
    clipping: { kind: 'adaptive', targetQuantile: 0.5, rate: 0.3 },
    noiseMultiplier: 1,
    samplingRate: 0.5,
    steps: 40,
    bandSize: 500,
    rowsPerUnit: 1,
    learningRate: 1e-6,
  };
  const parameters = readForwardModel(bytes).values;
  const round = (changes: object) =>
    runRound(
      { model: bytes, parameters, units, plan, localPatterns: [], ...changes },
      { randomness: seededRandomness('quantile') },
    );
  const { state } = await round({});
  // With all parameters 0 a unit's gradient is half its features and intercept: ½ √(1 + Σ x²).
  const norms = Array.from(
    { length: 500 },
    (_, unit) => Math.hypot(1, ...units.features.subarray(unit * features, (unit + 1) * features)) / 2,
  ).sort((a, b) => a - b);
  const within = norms.filter((norm) => norm <= state.clipNormL2!).length / 500;
  assert.ok(Math.abs(within - 0.5) < 0.15, `${within} of the units are within ${state.clipNormL2}`);
  const again = await round({ state, plan: { ...plan, steps: 1 } });
  assert.ok(Math.abs(Math.log(again.state.clipNormL2! / state.clipNormL2!)) < 0.3 * 0.6);
});
