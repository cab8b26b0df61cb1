/** What one member can order must keep nobody from committing: no expected answer of Fabric's, but ours. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TRAPS } from './block-traps.ts';
import { commitBehind } from './commit-behind-trap.ts';
import { EmbeddedNetwork } from './embedded-network.ts';
import { Subject } from './subject.ts';

test('the embedded network commits whatever shares a block with rubbish', async (t) => {
  const network = await EmbeddedNetwork.create();
  t.after(() => network.stop());
  const subject = new Subject(await network.start());
  t.after(() => subject.close());
  for (const name of Object.keys(TRAPS)) {
    const { code, heights } = await commitBehind(name, subject);
    assert.deepEqual({ name, code, peers: new Set(heights).size }, { name, code: 'VALID', peers: 1 });
  }
});
