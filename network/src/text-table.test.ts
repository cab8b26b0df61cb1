import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesText, durationText, tableLines } from './text-table.ts';

test('columns are as wide as their widest cell and numbers stand to the right', () => {
  assert.deepEqual(
    tableLines(
      [{ title: 'name' }, { title: 'n', align: 'right' }],
      [
        ['a', '1'],
        ['longer', '100'],
      ],
    ),
    ['name      n', '──────  ───', 'a         1', 'longer  100'],
  );
});

test('sizes and durations read well at every scale', () => {
  assert.deepEqual([0, 1023, 1536, 20_480, 2.4 * 2 ** 30].map(bytesText), [
    '0 B',
    '1023 B',
    '1.5 KiB',
    '20 KiB',
    '2.4 GiB',
  ]);
  assert.deepEqual([0.21, 12.4, 83, 3660].map(durationText), ['0.2 s', '12 s', '1 min 23 s', '1 h 1 min']);
});
