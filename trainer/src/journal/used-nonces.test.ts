import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsedNonces } from './used-nonces.ts';

test('a nonce is new once, for as long as it is kept, and forgotten after twice that', () => {
  const nonces = new UsedNonces({ keptMs: 100, nowMs: 0 });
  assert.equal(nonces.use('a', 0), true);
  for (const nowMs of [0, 50, 99, 100]) assert.equal(nonces.use('a', nowMs), false, `${nowMs}`);
  assert.equal(nonces.use('b', 150), true);
  assert.equal(nonces.use('a', 199), false);
  assert.equal(nonces.use('b', 249), false, 'kept for 100 ms also across a turn');
  assert.equal(nonces.use('a', 300), true);
});

test('a long silence forgets everything at once', () => {
  const nonces = new UsedNonces({ keptMs: 100, nowMs: 0 });
  nonces.use('a', 0);
  assert.equal(nonces.use('a', 1000), true);
  assert.equal(nonces.use('a', 1001), false);
});

test('at the bound nothing is accepted until time has passed: nothing is forgotten early', () => {
  const nonces = new UsedNonces({ keptMs: 100, nowMs: 0, max: 3 });
  for (const nonce of ['a', 'b', 'c']) assert.equal(nonces.use(nonce, 10), true);
  assert.equal(nonces.use('d', 20), false);
  assert.equal(nonces.use('a', 20), false);
  assert.equal(nonces.use('d', 500), true);
});
