// What is claimed for more rounds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimFor } from './claims.ts';

test('more rounds are claimed as often as one costs, rounded up, in plain digits', () => {
  assert.deepEqual(claimFor({ training: '0.7412345678', heldOut: '0.1' }, 3), {
    training: '2.22371',
    heldOut: '0.3',
  });
  const { training } = claimFor({ training: '0.0000001', heldOut: '0' }, 2);
  assert.ok(Number(training) >= 0.0000002);
  assert.match(training, /^[0-9.]+$/);
});
