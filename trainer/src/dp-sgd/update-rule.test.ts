import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testNumbers } from '../onnx/testing/tiny-models.ts';
import type { TrainingPlan } from './training-plan.ts';
import { updateRuleOf } from './update-rule.ts';

const plan: TrainingPlan = {
  clipNormL2: 1,
  noiseMultiplier: 1,
  samplingRate: 0.5,
  steps: 20,
  bandSize: 10,
  rowsPerUnit: 1,
  learningRate: 0.3,
};
const next = testNumbers(17);
const size = 7;
const vector = () => Float64Array.from({ length: size }, next);
const means = Array.from({ length: plan.steps }, vector);
const start = vector();

/** Parameters after all means, moved in blocks of the given widths. */
function moved(changes: Partial<TrainingPlan>, blocks: readonly number[] = [size]): Float64Array {
  const rule = updateRuleOf({ ...plan, ...changes }, size);
  const parameters = start.slice();
  means.forEach((mean, step) => {
    rule.startStep(step + 1);
    let first = 0;
    for (const count of blocks) {
      rule.apply(parameters, mean.subarray(first, first + count), first, count);
      first += count;
    }
  });
  return parameters;
}

test('gradient descent with momentum follows its formula, bit for bit', () => {
  for (const momentum of [0, 0.9]) {
    const expected = Array.from(start, (value, i) => {
      let velocity = 0;
      for (const mean of means) {
        velocity = momentum * velocity + mean[i]!;
        value -= plan.learningRate * velocity;
      }
      return value;
    });
    assert.deepEqual([...moved({ momentum })], expected);
  }
});

test('a step in blocks is the same step', () => {
  assert.deepEqual(moved({ momentum: 0.5 }, [2, 4, 1]), moved({ momentum: 0.5 }));
});
