import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accuracyOf, poolCounts } from '@consilium/domain';
import fc from 'fast-check';
import { areaInterval, noisedShareInterval, wilsonInterval } from './intervals.ts';

const near = (actual: number, wanted: number, tolerance = 5e-4) =>
  assert.ok(Math.abs(actual - wanted) < tolerance, `${actual} is not near ${wanted}`);

test('Wilson: 81 of 263 as in Newcombe 1998, and shares of 0 and 1', () => {
  const { low, high } = wilsonInterval(81 / 263, 263);
  near(low, 0.2553);
  near(high, 0.3662);
  assert.equal(wilsonInterval(0, 20).low, 0);
  near(wilsonInterval(0, 20).high, 0.1611);
  assert.equal(wilsonInterval(1, 20).high, 1);
});

test('an area holds itself, is mirrored by 1 - area, and tightens with more patients', () => {
  const sizes = fc.integer({ min: 1, max: 500 });
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), sizes, sizes, (area, positives, negatives) => {
      const { low, high } = areaInterval(area, { positives, negatives });
      assert.ok(0 <= low && low <= area && area <= high && high <= 1);
      const mirrored = areaInterval(1 - area, { positives: negatives, negatives: positives });
      near(mirrored.low, 1 - high, 1e-9);
      const more = areaInterval(area, { positives: positives * 4, negatives: negatives * 4 });
      assert.ok(more.high - more.low < high - low + 1e-12);
    }),
  );
});

test('an observed area of 1 still has a lower bound below 1', () => {
  const { low, high } = areaInterval(1, { positives: 10, negatives: 10 });
  assert.equal(high, 1);
  assert.ok(low > 0.6 && low < 0.9, String(low));
});

test('an area of one group alone says nothing', () => {
  assert.deepEqual(areaInterval(Number.NaN, { positives: 0, negatives: 9 }), { low: 0, high: 1 });
});

test('95 of 100 intervals for an area hold it', () => {
  // Scores of two normal groups one standard deviation apart have an area of Φ(1/√2).
  const truth = 0.7602;
  let state = 12345;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const [runs, size] = [600, 40];
  let held = 0;
  for (let run = 0; run < runs; run++) {
    const ones = Array.from({ length: size }, () => normal() + 1);
    const zeros = Array.from({ length: size }, normal);
    let wins = 0;
    for (const one of ones) for (const zero of zeros) if (one > zero) wins++;
    const { low, high } = areaInterval(wins / size ** 2, { positives: size, negatives: size });
    if (low <= truth && truth <= high) held++;
  }
  assert.ok(held / runs > 0.92 && held / runs < 0.98, `${held} of ${runs}`);
});

test('noise widens the interval of a share, and a total lost in noise says nothing', () => {
  const of = (right: number, wrong: number, sigma: number) =>
    noisedShareInterval(
      accuracyOf({ right, wrong }),
      poolCounts([{ right, wrong, sigma, form: 'right-wrong' }]),
    );
  const plain = of(80, 20, 0);
  assert.deepEqual(plain, of(80, 20, 0));
  const wilson = wilsonInterval(0.8, 100);
  assert.ok(Math.abs(plain.low - wilson.low) < 1e-9 && Math.abs(plain.high - wilson.high) < 1e-9);
  const noised = of(80, 20, 6);
  assert.ok(noised.low < plain.low && noised.high > plain.high);
  assert.deepEqual(of(2, -5, 6), of(2, 0, 6), 'a negative count is none');
  assert.deepEqual(of(-1, -3, 6), { low: 0, high: 1 });
  assert.deepEqual(of(9, 4, 10), { low: 0, high: 1 }, 'no share can be distinguished from another');
});

test('95 of 100 intervals for a share of noised counts hold it, with much noise and with little', () => {
  let state = 4711;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  for (const [units, truth, sigma] of [
    [60, 0.8, 10],
    [200, 0.8, 10],
    [200, 0.5, 4],
    [1000, 0.95, 10],
    [40, 0.7, 10],
  ] as const) {
    const runs = 2000;
    let [held, missedByHalf] = [0, 0];
    for (let run = 0; run < runs; run++) {
      const rightly = Array.from({ length: units }, () => uniform() < truth).filter(Boolean).length;
      const right = Math.round(rightly + sigma * normal());
      const wrong = Math.round(units - rightly + sigma * normal());
      const interval = (claimed: number) =>
        noisedShareInterval(
          accuracyOf({ right, wrong }),
          poolCounts([{ right, wrong, sigma: claimed, form: 'right-wrong' }]),
        );
      const { low, high } = interval(sigma);
      if (low <= truth && truth <= high) held++;
      const narrow = interval(sigma / 2);
      if (!(narrow.low <= truth && truth <= narrow.high)) missedByHalf++;
    }
    assert.ok(held / runs > 0.935, `${units} units, σ ${sigma}: ${held} of ${runs}`);
    if (sigma > 4 && units < 1000) {
      assert.ok(missedByHalf / runs > 0.1, `half of the noise is found out: ${missedByHalf} of ${runs}`);
    }
  }
});
