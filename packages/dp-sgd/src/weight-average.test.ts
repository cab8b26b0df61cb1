import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testNumbers } from '@consilium/onnx-grad/testing/tiny-models';
import { optimizerRuleOf } from './optimizer-rule.ts';
import type { TrainingPlan } from './training-plan.ts';
import { averagingSteps, WeightAverage } from './weight-average.ts';

const plan: TrainingPlan = {
  clipNormL2: 1,
  noiseMultiplier: 1,
  samplingRate: 0.5,
  steps: 15,
  bandSize: 10,
  rowsPerUnit: 1,
  learningRate: 0.3,
};
const SIZE = 5;
const STEPS_BEFORE = 7;

/** The parameters after each step, and their average so far. */
function averages(changes: Partial<TrainingPlan>, decay: number, blocks = [SIZE]) {
  const next = testNumbers(3);
  const average = new WeightAverage({ decay, parameterCount: SIZE, stepsBefore: STEPS_BEFORE });
  const rule = averagingSteps(optimizerRuleOf({ ...plan, ...changes }, SIZE), average);
  const parameters = new Float64Array(SIZE).fill(3);
  const path: Float64Array[] = [];
  const seen: Float64Array[] = [];
  for (let step = 1; step <= plan.steps; step++) {
    rule.startStep(STEPS_BEFORE + step, 0.2);
    const mean = Float64Array.from({ length: SIZE }, next);
    let first = 0;
    for (const count of blocks) {
      rule.apply(parameters, mean.subarray(first, first + count), first, count);
      first += count;
    }
    path.push(parameters.slice());
    seen.push(average.values.slice());
  }
  return { path, seen };
}

for (const [name, changes] of [
  ['DP-SGD with momentum', { momentum: 0.9 }],
  ['DP-Adam', { optimizer: { kind: 'adam' } }],
] as const) {
  test(`${name}: the average weighs the steps so far by their age, and their weights sum to 1`, () => {
    for (const decay of [0.5, 0.9, 0.999]) {
      const { path, seen } = averages(changes, decay);
      seen.forEach((values, t) => {
        const weights = path.slice(0, t + 1).map((_, s) => decay ** (t - s));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        values.forEach((value, i) => {
          const expected = weights.reduce((sum, weight, s) => sum + (weight / total) * path[s]![i]!, 0);
          assert.ok(
            Math.abs(value - expected) < 1e-12,
            `step ${t + 1}, value ${i}: ${value}, not ${expected}`,
          );
        });
      });
    }
  });

  test(`${name}: the parameters move as they do without an average, and in blocks as in one`, () => {
    const { path, seen } = averages(changes, 0.9);
    assert.deepEqual(averages(changes, 0).path, path);
    assert.deepEqual(averages(changes, 0.9, [2, 3]), { path, seen });
  });
}

test('after one step, and without decay, the average is the parameters themselves', () => {
  assert.deepEqual(averages({}, 0.99).seen[0], averages({}, 0.99).path[0]);
  const { path, seen } = averages({}, 0);
  seen.forEach((values, t) => {
    values.forEach((value, i) => {
      assert.ok(Math.abs(value - path[t]![i]!) < 1e-15);
    });
  });
});
