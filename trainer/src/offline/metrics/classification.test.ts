import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { areaUnderCurve, classify, classifyMany } from './classification.ts';

test('accuracy, baseline and area under the curve of a small example, by hand', () => {
  assert.deepEqual(classify([0.9, 0.4, 0.6, 0.1, 0.5], [1, 1, 0, 0, 1]), {
    count: 5,
    positives: 3,
    accuracy: 3 / 5,
    baseline: 3 / 5,
    auc: 4 / 6,
  });
});

test('the area under the curve is the share of ordered pairs, ties counting a half', () => {
  const rows = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.constantFrom(0, 1)), {
    minLength: 1,
    maxLength: 40,
  });
  fc.assert(
    fc.property(rows, (pairs) => {
      const of = (label: number) => pairs.filter((pair) => pair[1] === label).map(([score]) => score);
      const [ones, zeros] = [of(1), of(0)];
      const auc = areaUnderCurve(
        pairs.map(([score]) => score),
        pairs.map(([, label]) => label),
      );
      if (ones.length === 0 || zeros.length === 0) return assert.ok(Number.isNaN(auc));
      let wins = 0;
      for (const one of ones) for (const zero of zeros) wins += one > zero ? 1 : one === zero ? 0.5 : 0;
      assert.ok(Math.abs(auc - wins / (ones.length * zeros.length)) < 1e-12);
    }),
  );
});

test('of several classes the accuracy is by row, and the area is the mean over the classes that occur', () => {
  const labels = [0, 1, 2, 2];
  // Class 0 is distinguished wholly, class 1 but for a tie, class 2 wrongly in one pair of four.
  const probabilities = [0.6, 0.1, 0.3, 0.2, 0.5, 0.3, 0.1, 0.3, 0.6, 0.3, 0.5, 0.2];
  const fit = classifyMany(probabilities, [0, 1, 2, 1], labels);
  assert.equal(fit.accuracy, 0.75);
  assert.equal(fit.baseline, 0.5);
  const areas = [1, 2.5 / 3, 2 / 4];
  assert.ok(Math.abs(fit.auc!.value - (areas[0]! + areas[1]! + areas[2]!) / 3) < 1e-12);
  assert.ok(fit.auc!.low < fit.auc!.value && fit.auc!.value < fit.auc!.high);
  assert.equal(classifyMany([0.5, 0.2, 0.3], [0], [0]).auc, null, 'one class alone has no area');
  const two = classifyMany([0.2, 0.8, 0.6, 0.4], [1, 0], [1, 0]);
  assert.deepEqual([two.auc!.value, two.accuracy], [1, 1]);
});
