import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readForwardModel } from '@consilium/onnx-grad';
import { peerModel } from '@consilium/onnx-grad/testing/peer-models';
import { tinyModel } from '@consilium/onnx-grad/testing/tiny-models';
import { graphSizesOf, layoutOf, takesStepsTogether } from './step-layout.ts';
import { capacityUnitsOf, type TrainingPlan } from './training-plan.ts';

const plan: TrainingPlan = {
  clipNormL2: 1,
  noiseMultiplier: 1,
  samplingRate: 1 / 16,
  steps: 1,
  bandSize: 4096,
  rowsPerUnit: 1,
  learningRate: 0.1,
};
const modelOf = (name: string) => readForwardModel(peerModel(name, 1).bytes);

test('convolutions take two shards, and runs that batches of the expected size fill', () => {
  const layout = layoutOf(modelOf('cnn28'), plan);
  assert.deepEqual(layout, { shards: 2, unitsPerRun: 48 });
  // One patient and more above the expected 256, and a padding unit, fit into three runs.
  assert.equal(3 * 2 * layout.unitsPerRun, 256 + 32);
});

test('more rows to a unit make runs of fewer units, and never of more rows than the plan allows', () => {
  const cnn = modelOf('cnn28');
  assert.deepEqual(layoutOf(cnn, { ...plan, rowsPerUnit: 8 }), { shards: 2, unitsPerRun: 8 });
  assert.deepEqual(layoutOf(cnn, { ...plan, rowsPerUnit: 64 }), { shards: 2, unitsPerRun: 2 });
  assert.deepEqual(layoutOf(cnn, { ...plan, rowsPerRun: 80 }), { shards: 2, unitsPerRun: 32 });
});

test('models with a large layer take two shards, and their batch in one run', () => {
  assert.deepEqual(layoutOf(modelOf('mlp784'), plan), { shards: 2, unitsPerRun: 153 });
});

test('shards have graphs for batches of about the expected size, and for the largest', () => {
  const sizes = (own: Partial<TrainingPlan>) => {
    const of = { ...plan, ...own };
    return graphSizesOf(layoutOf(modelOf('mlp784'), of), of);
  };
  // 1024 units and one padding unit, a standard deviation of 32.
  assert.deepEqual(sizes({ bandSize: 16 * 1024 }), [497, 513, 529, 561]);
  // No graph that is hardly smaller than a batch of few.
  assert.deepEqual(sizes({ bandSize: 16 * 130 }), [66, 72, 83]);
  // Of 5000 units, two runs: 4094, and one of 906 units, whose batches differ by 71.
  assert.deepEqual(sizes({ bandSize: 16 * 5000 }), [419, 454, 490, 2048]);
});

test('wide rows take runs of as many as memory is planned for, and one at least', () => {
  const wide = (features: number) =>
    readForwardModel(
      tinyModel({
        features,
        weights: { w: [features, 1] },
        nodes: [{ op: 'MatMul', from: ['x', 'w'], to: 'logit' }],
      }),
    );
  const whole = { ...plan, samplingRate: 1 };
  assert.deepEqual(layoutOf(wide(10_000), whole), { shards: 1, unitsPerRun: 4096 });
  const { unitsPerRun, shards } = layoutOf(wide(100_000), { ...whole, rowsPerUnit: 4 });
  assert.equal(shards, 2);
  assert.equal(2 * unitsPerRun * 4 * 100_001 <= 2 ** 26, true);
  assert.equal(2 * (unitsPerRun + 1) * 4 * 100_001 > 2 ** 26, true);
  const huge = { ...whole, rowsPerUnit: 64, clipNormL2: 1 };
  assert.equal(layoutOf(wide(2 ** 21), huge).unitsPerRun, 2);
});

test('small batches, and small models without convolutions, take one run on one shard', () => {
  assert.deepEqual(layoutOf(modelOf('cnn28'), { ...plan, bandSize: 320 }), { shards: 1, unitsPerRun: 32 });
  assert.deepEqual(layoutOf(modelOf('mlp30'), plan), { shards: 1, unitsPerRun: 305 });
});

test('many steps go to a run where the step is small and the optimiser is gradient descent, by public numbers', () => {
  const many: TrainingPlan = {
    ...plan,
    clipNormL2: 0.5,
    steps: 1000,
    bandSize: 1600,
    samplingRate: 1 / 16,
  };
  const isTaken = (name: string, change: Partial<TrainingPlan> = {}, shards = 1) => {
    const changed = { ...many, ...change };
    const unitsPerRun = capacityUnitsOf(changed);
    return takesStepsTogether(changed, modelOf(name), { shards, unitsPerRun });
  };
  assert.ok(isTaken('lr13') && isTaken('mlp30') && isTaken('mlp30', { rowsPerUnit: 2 }));
  assert.ok(isTaken('lr13', { clipping: { kind: 'per-layer', bounds: 'uniform' } }));
  assert.ok(isTaken('lr13', { optimizer: { kind: 'sgd', momentum: 0.9 } }));
  const refused: readonly (readonly [string, Partial<TrainingPlan>, number?])[] = [
    ['mlp784', {}],
    ['lr13', { optimizer: { kind: 'adam' } }],
    ['lr13', { clipping: { kind: 'adaptive' } }],
    ['lr13', { steps: 10 }],
    ['lr13', { stepsPerRun: 1 }],
    ['lr13', { rowsPerRun: 50 }],
    ['lr13', { bandSize: 2 ** 22, samplingRate: 2 ** -16 }],
    ['lr13', {}, 2],
  ];
  for (const [name, change, shards] of refused) {
    assert.ok(!isTaken(name, change, shards), `${name} ${JSON.stringify(change)}`);
  }
});
