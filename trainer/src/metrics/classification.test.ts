import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { areaUnderCurve, classify } from './classification.ts';

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
