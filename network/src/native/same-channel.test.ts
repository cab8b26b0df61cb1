import assert from 'node:assert/strict';
import { test } from 'node:test';
import { durationText } from './same-channel.ts';

test('durations are written as Go writes them, so that a channel is not updated to what it has', () => {
  assert.deepEqual([1, 200, 1000, 1500, 59_999, 60_000].map(durationText), [
    '1ms',
    '200ms',
    '1s',
    '1.5s',
    '59.999s',
    '1m0s',
  ]);
});
