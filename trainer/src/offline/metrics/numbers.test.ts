import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meanInterval, studentQuantile } from './intervals.ts';
import { fitCounts, fitNumbers } from './numbers.ts';

const close = (actual: number, wanted: number, within = 1e-12) =>
  assert.ok(
    Math.abs(actual - wanted) <= within * Math.max(1, Math.abs(wanted)),
    `${actual} is not ${wanted}`,
  );

/** mulberry32, as uniform numbers in (0, 1): reproducible, and for tests alone. */
function uniforms(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
}
const normals = (next: () => number) => () =>
  Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next());

test('errors are those of a small case by hand', () => {
  const fit = fitNumbers([1, 2, 3, 4], [1, 4, 3, 8]);
  close(fit.rmse.value, Math.sqrt((0 + 4 + 0 + 16) / 4));
  close(fit.mae.value, 6 / 4);
  close(fit.baseline, Math.sqrt((9 + 0 + 1 + 16) / 4));
  close(fit.r2!.value, 1 - 20 / 26);
  assert.ok(fit.rmse.low >= 0 && fit.rmse.low < fit.rmse.value && fit.rmse.value < fit.rmse.high);
  assert.equal(fitNumbers([1, 2], [5, 5]).r2, null, 'equal labels leave nothing to explain');
});

test('predictions that are right explain everything, and the labels’ mean explains nothing', () => {
  const labels = [3, 1, 4, 1, 5, 9, 2, 6];
  assert.equal(fitNumbers(labels, labels).r2!.value, 1);
  const mean = labels.reduce((sum, label) => sum + label, 0) / labels.length;
  const fit = fitNumbers(
    labels.map(() => mean),
    labels,
  );
  close(fit.r2!.value, 0);
  close(fit.rmse.value, fit.baseline);
});

test('the deviance is that of a small case by hand, and 0 for the saturated model', () => {
  const fit = fitCounts([1, 2], [0, 4]);
  close(fit.deviance.value, (2 * 1 + 2 * (4 * Math.log(2) - 4 + 2)) / 2);
  close(fit.baseline, (2 * 2 + 2 * (4 * Math.log(2) - 4 + 2)) / 2);
  close(fitCounts([3, 5], [3, 5]).deviance.value, 0);
  assert.equal(fitCounts([1, 1], [0, 0]).baseline, 0);
});

test('Student’s points are those of the tables', () => {
  for (const [degrees, wanted] of [
    [1, 12.706],
    [2, 4.3027],
    [3, 3.1824],
    [5, 2.5706],
    [10, 2.2281],
    [30, 2.0423],
    [1000, 1.9623],
  ] as const) {
    close(studentQuantile(degrees), wanted, 2e-3);
  }
});

/** How often the interval of a thousand draws holds the truth. */
function coverage(draw: () => { readonly low: number; readonly high: number }, truth: number): number {
  const draws = Array.from({ length: 1000 }, draw);
  return draws.filter(({ low, high }) => low <= truth && truth <= high).length / draws.length;
}

test('intervals hold the truth about as often as they say', () => {
  const next = normals(uniforms(3));
  const few = coverage(() => meanInterval([next(), next(), next(), next()]), 0);
  assert.ok(few > 0.93 && few < 0.97, `${few} of means of four`);
  const rows = (n: number) => Array.from({ length: n }, () => ({ label: 2 * next(), error: next() }));
  const fitted = () => {
    const own = rows(150);
    return fitNumbers(
      own.map(({ label, error }) => label + error),
      own.map(({ label }) => label),
    );
  };
  const rmse = coverage(() => fitted().rmse, 1);
  assert.ok(rmse > 0.92 && rmse < 0.98, `${rmse} of rmse`);
  const r2 = coverage(() => fitted().r2!, 1 - 1 / 4);
  assert.ok(r2 > 0.92 && r2 < 0.98, `${r2} of r2`);
});
