import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConcurrencyLimit } from './concurrency-limit.ts';

describe('a concurrency limit', () => {
  it('refuses one request too many in Fabric’s words, and makes room when one ends or fails', async () => {
    const limit = new ConcurrencyLimit('/gateway.Gateway', 2);
    const gate = Promise.withResolvers<void>();
    const held = limit.run(() => gate.promise);
    const failing = limit.run(() => gate.promise.then(() => Promise.reject(new Error('failed'))));
    await assert.rejects(
      limit.run(() => 1),
      /^RpcError: too many requests for \/gateway.Gateway, exceeding concurrency limit \(2\)$/,
    );
    gate.resolve();
    await held;
    await assert.rejects(failing, /failed/);
    assert.equal(await limit.run(() => 1), 1);
  });
});
