import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { heldAfter } from '../testing/held-memory.ts';
import { Awaited, NOT_YET } from './awaited.ts';

const LONG_MS = 600_000;

describe('what is awaited in turns', () => {
  it('is not yet there as long as it does not come, and then is, in each turn', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { promise, resolve } = Promise.withResolvers<string>();
    const awaited = new Awaited(promise);
    for (let turn = 0; turn < 2; turn += 1) {
      const waits = awaited.within(10);
      t.mock.timers.tick(10);
      assert.equal(await waits, NOT_YET);
    }
    const waits = awaited.within(LONG_MS);
    resolve('it came');
    assert.equal(await waits, 'it came');
    assert.equal(await awaited.within(LONG_MS), 'it came');
  });

  it('fails as what it waits for, also where that failed while nobody waited', async () => {
    const awaited = new Awaited(Promise.reject(new Error('the peer is away')));
    await new Promise(setImmediate);
    await assert.rejects(awaited.within(LONG_MS), /the peer is away/);
  });

  it('holds nothing of the turns in which it did not come', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { promise, resolve } = Promise.withResolvers<void>();
    const awaited = new Awaited(promise);
    const turns = 30_000;
    const held = await heldAfter(async () => {
      for (let turn = 0; turn < turns; turn += 1) {
        const waits = awaited.within(1);
        t.mock.timers.tick(1);
        await waits;
      }
    });
    assert.ok(held / turns < 100, `${held / turns} bytes are held of each`);
    // It is still there, or nothing of it would be.
    resolve();
    assert.notEqual(await awaited.within(LONG_MS), NOT_YET);
  });
});
