import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { areaUnderRoc, metricsOf, type Prediction, wilsonHalfWidth } from './metrics.ts';

const close = (actual: number | null, expected: number) =>
  assert.ok(actual !== null && Math.abs(actual - expected) < 1e-12, `${actual} is not ${expected}`);
const of = (...pairs: [number, 0 | 1][]): Prediction[] =>
  pairs.map(([probability, label]) => ({ probability, label }));

test('metrics of five patients equal the values computed by hand', () => {
  const metrics = metricsOf(of([0.9, 1], [0.8, 0], [0.6, 1], [0.4, 1], [0.2, 0]));
  assert.equal(metrics.n, 5);
  assert.equal(metrics.positives, 3);
  close(metrics.accuracy, 3 / 5);
  close(metrics.majorityBaseline, 3 / 5);
  // Pairs won by the positive: 0.9 beats both, 0.6 and 0.4 beat only 0.2; 4 of 6.
  close(metrics.auc, 4 / 6);
  close(
    metrics.logLoss,
    -(Math.log(0.9) + Math.log(0.2) + Math.log(0.6) + Math.log(0.4) + Math.log(0.8)) / 5,
  );
});

test('ties count half in the area under the curve', () => {
  close(areaUnderRoc(of([0.5, 1], [0.5, 0])), 0.5);
  // Positive 0.7 beats 0.5, 0.5 and 0.2; positive 0.5 ties twice and beats 0.2; so 3 + 2 of 6.
  close(areaUnderRoc(of([0.7, 1], [0.5, 1], [0.5, 0], [0.5, 0], [0.2, 0])), 5 / 6);
});

test('the area is null where all patients have one label', () => {
  assert.equal(areaUnderRoc(of([0.1, 1], [0.9, 1])), null);
  assert.equal(areaUnderRoc([]), null);
});

test('the area equals the count over all pairs', () => {
  const prediction = fc.record({
    probability: fc.integer({ min: 0, max: 8 }).map((k) => k / 8),
    label: fc.constantFrom<0 | 1>(0, 1),
  });
  fc.assert(
    fc.property(fc.array(prediction, { minLength: 1, maxLength: 40 }), (predictions) => {
      const ones = predictions.filter(({ label }) => label === 1);
      const zeros = predictions.filter(({ label }) => label === 0);
      const area = areaUnderRoc(predictions);
      if (ones.length === 0 || zeros.length === 0) return area === null;
      const won = ones.flatMap((one) =>
        zeros.map((zero) =>
          one.probability > zero.probability ? 1 : one.probability === zero.probability ? 0.5 : 0,
        ),
      );
      const expected = won.reduce((sum: number, x) => sum + x, 0) / won.length;
      return Math.abs((area ?? Number.NaN) - expected) < 1e-9;
    }),
  );
});

test('probability one half counts as positive, and the baseline is the larger class', () => {
  const metrics = metricsOf(of([0.5, 1], [0.5, 0], [0.5, 0], [0.5, 0]));
  close(metrics.accuracy, 1 / 4);
  close(metrics.majorityBaseline, 3 / 4);
});

test('the Wilson interval of 7 of 10 is 0.397 to 0.892', () => {
  const half = wilsonHalfWidth(0.7, 10);
  const z2 = 1.959963984540054 ** 2;
  const centre = (0.7 + z2 / 20) / (1 + z2 / 10);
  assert.ok(Math.abs(centre - half - 0.39677) < 1e-4);
  assert.ok(Math.abs(centre + half - 0.89221) < 1e-4);
});

test('no predictions and a probability outside 0..1 are refused', () => {
  assert.throws(() => metricsOf([]), RangeError);
  assert.throws(() => metricsOf(of([1.2, 1])), RangeError);
  assert.throws(() => metricsOf(of([Number.NaN, 1])), RangeError);
});
