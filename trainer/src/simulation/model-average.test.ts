import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ModelAverage } from './model-average.ts';

const rounds = [3, -1, 4, 1.5, -9];
const average = (decay: number) => {
  const models = new ModelAverage(decay);
  return rounds.map((value) => {
    const [one, other] = models.add([
      { shared: [value, 2 * value], local: [] },
      { shared: [value, 2 * value], local: [-value] },
    ]);
    assert.equal(one!.local.length, 0);
    assert.equal(other!.local[0], -other!.shared[0]!);
    assert.equal(other!.shared[1], 2 * other!.shared[0]!);
    return one!.shared[0]!;
  });
};

test('the average weighs the rounds by their age and has no part of the initial model', () => {
  const decay = 0.8;
  average(decay).forEach((value, r) => {
    const weights = rounds.slice(0, r + 1).map((_, s) => decay ** (r - s));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const expected = weights.reduce((sum, weight, s) => sum + (weight * rounds[s]!) / total, 0);
    assert.ok(Math.abs(value - expected) < 1e-12, `round ${r + 1}: ${value}, not ${expected}`);
  });
});

test('without decay it is the last model, and no decay of 1 is taken', () => {
  assert.deepEqual(average(0), rounds);
  assert.throws(() => new ModelAverage(1));
});
