import assert from 'node:assert/strict';
import { test } from 'node:test';
import { growthOf } from './growth.ts';

test('what rises and then rests does not grow in its last third, also where it comes and goes', () => {
  assert.deepEqual(growthOf([1, 8, 10, 10, 10, 10]), { thirds: [4.5, 10, 10], lastThirdGrows: false });
  assert.equal(growthOf([5, 9, 12, 11, 10, 12, 11, 12, 10])?.lastThirdGrows, false);
  assert.equal(growthOf([12, 11, 10, 9, 8, 7])?.lastThirdGrows, false);
});

test('what rises by the same each time grows in its last third', () => {
  const leak = Array.from({ length: 15 }, (_, at) => 20 + at);
  assert.deepEqual(growthOf(leak), { thirds: [22, 27, 32], lastThirdGrows: true });
});

test('the first figures are left out where thirds do not come out even, and too few have none', () => {
  assert.deepEqual(growthOf([100, 1, 2, 3])?.thirds, [1, 2, 3]);
  assert.equal(growthOf([1, 2]), undefined);
});
