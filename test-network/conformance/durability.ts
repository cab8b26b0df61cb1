/** What outlives the death of every process of the network. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Subject } from './subject.ts';

export function durability(subject: () => Subject): void {
  describe('durability', () => {
    it('keeps state, history, blocks and commit status through a crash', async (t) => {
      const { crashAndRestart, probe } = subject();
      if (!crashAndRestart) return t.skip('not run: this network cannot be crashed from here');
      const key = subject().key();
      await subject().a.must(probe, 'put', { args: [key, '1'] });
      const last = await subject().a.must(probe, 'put', { args: [key, '2'] });
      await crashAndRestart();
      subject().close();
      const { a } = subject();
      assert.equal(await a.evaluate(probe, 'get', { args: [key] }), '2');
      assert.equal(JSON.parse(await a.evaluate(probe, 'history', { args: [key] })).length, 2);
      assert.equal(
        BigInt((await subject().block(a, last.blockNumber)).getHeader()!.getNumber()),
        last.blockNumber,
      );
      const next = await a.commit(probe, 'put', { args: [key, '3'] });
      assert.equal(next.code, 'VALID');
      assert.equal(next.blockNumber, last.blockNumber + 1n);
    });
  });
}
