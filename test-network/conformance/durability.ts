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
      await subject().a.must(probe, 'emit', { args: [key, ''] });
      await subject().a.must(probe, 'put', { args: [key, '1'] });
      const transaction = await subject().a.endorse(probe, 'put', { args: [key, '2'] });
      const submitted = await transaction.submit();
      const last = await submitted.getStatus();
      await crashAndRestart();
      subject().close();
      await subject().ready();
      const { a } = subject();
      assert.deepEqual(await a.gateway.newCommit(submitted.getBytes()).getStatus(), last);
      assert.equal(await a.evaluate(probe, 'get', { args: [key] }), '2');
      assert.equal(JSON.parse(await a.evaluate(probe, 'history', { args: [key] })).length, 2);
      assert.equal(
        BigInt((await subject().block(a, last.blockNumber)).getHeader()!.getNumber()),
        last.blockNumber,
      );
      const next = await a.commit(probe, 'put', { args: [key, '3'] });
      assert.equal(next.code, 'VALID');
      assert.ok(next.blockNumber > last.blockNumber);
      assert.equal(await a.evaluate(probe, 'get', { args: [key] }), '3');
    });
  });
}
