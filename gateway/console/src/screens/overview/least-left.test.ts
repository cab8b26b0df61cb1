// The account that is shown of several.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leastLeft } from './least-left.ts';

test('of several blocks of patients the one with the least left is shown, of each pool its own', () => {
  const accounts = [
    { pool: 'training', leftEpsilon: '3', block: 1 },
    { pool: 'held-out', leftEpsilon: '0.1', block: 1 },
    { pool: 'training', leftEpsilon: '0.9', block: 2 },
    { pool: 'training', leftEpsilon: '10', block: 3 },
  ] as const;
  assert.equal(leastLeft(accounts, 'training')?.block, 2);
  assert.equal(leastLeft(accounts, 'held-out')?.block, 1);
  assert.equal(leastLeft([], 'training'), undefined);
});
