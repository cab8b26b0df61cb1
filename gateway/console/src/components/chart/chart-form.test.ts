import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { boundsOf, type ChartSeries, extentOf, sayValue } from './chart-form.ts';

const accuracy: ChartSeries = { field: 'accuracy', name: 'Accuracy', shape: 'points', errorField: 'error' };
const words = { say: String, sayRange: (low: string, high: string) => `${low} to ${high}` };

test('a value with an error bar is said with its range, and one without alone', () => {
  const row = { round: 1, accuracy: 0.75, error: [0.25, 0.125] as const };
  assert.deepEqual(boundsOf(row, accuracy), [0.5, 0.875]);
  assert.equal(sayValue(row, accuracy, words), '0.75 (0.5 to 0.875)');
  assert.equal(sayValue({ accuracy: 0.75 }, accuracy, words), '0.75');
});

test('a place without a value says nothing, and is not taken for zero', () => {
  assert.equal(sayValue({ round: 2, error: [1, 1] }, accuracy, words), undefined);
  assert.equal(sayValue({ accuracy: null }, accuracy, words), undefined);
  assert.equal(sayValue({ accuracy: Number.NaN }, accuracy, words), undefined);
});

test('an axis reaches over error bars and over marks, so that neither is cut off', () => {
  const rows = [{ accuracy: 0.75, error: [0.25, 0.125] as const }, { accuracy: 0.625 }];
  assert.deepEqual(extentOf(rows, [accuracy]), [0.5, 0.875]);
  assert.deepEqual(extentOf(rows, [accuracy], [{ axis: 'y', at: 1, label: 'all' }]), [0.5, 1]);
  assert.deepEqual(extentOf(rows, [accuracy], [{ axis: 'x', at: 7, label: 'gone' }]), [0.5, 0.875]);
  assert.deepEqual(extentOf([], [accuracy]), [0, 1]);
});
