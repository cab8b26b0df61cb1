import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { heldAfter } from '../testing/held-memory.ts';
import { Changes } from './changes.ts';

const LONG_MS = 600_000;
const never = new AbortController().signal;

describe('who waits for a change', () => {
  it('goes on with the next one, each of them, and not with one before', async () => {
    const changes = new Changes();
    changes.announce();
    let gone = 0;
    const waits = Array.from({ length: 3 }, async () => {
      await changes.next(never, LONG_MS);
      gone += 1;
    });
    await new Promise(setImmediate);
    assert.equal(gone, 0);
    changes.announce();
    await Promise.all(waits);
    assert.equal(gone, 3);
  });

  it('goes on when time is up', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const wait = new Changes().next(never, LONG_MS);
    t.mock.timers.tick(LONG_MS);
    await wait;
  });

  it('hears why it was aborted, before or while it waits', async () => {
    const given = new AbortController();
    const wait = new Changes().next(given.signal, LONG_MS);
    given.abort(new Error('given up'));
    await assert.rejects(wait, /given up/);
    await assert.rejects(new Changes().next(given.signal, LONG_MS), /given up/);
  });

  it('is not held any more when time is up, however often, while nothing changes', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const changes = new Changes();
    const waits = 30_000;
    const held = await heldAfter(async () => {
      for (let at = 0; at < waits; at += 1) {
        const wait = changes.next(never, 1);
        t.mock.timers.tick(1);
        await wait;
      }
    });
    assert.ok(held / waits < 100, `${held / waits} bytes are held of each`);
    // It is still there, or nothing of it would be.
    changes.announce();
  });
});
