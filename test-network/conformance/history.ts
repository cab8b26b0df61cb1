/** A key's history: every committed write, newest first. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { forgeProposal } from './forgery.ts';
import { encodePolicy, peerOf } from './signature-policies.ts';
import type { Subject } from './subject.ts';

interface Row {
  readonly txId: string;
  readonly value: string;
  readonly isDelete: boolean;
  readonly seconds: number;
}

export function history(subject: () => Subject): void {
  describe('history', { concurrency: 8 }, () => {
    it('is newest first, with transaction ids, times and deletions', async () => {
      const { a, probe } = subject();
      const key = subject().key();
      const first = await a.must(probe, 'put', { args: [key, '1'] });
      const second = await a.must(probe, 'put', { args: [key, '2'] });
      const third = await a.must(probe, 'delete', { args: [key] });
      const fourth = await a.must(probe, 'put', { args: [key, '4'] });
      const rows: Row[] = JSON.parse(await a.evaluate(probe, 'history', { args: [key] }));
      assert.deepEqual(
        rows.map(({ txId, value, isDelete }) => ({ txId, value, isDelete })),
        [
          { txId: fourth.transactionId, value: '4', isDelete: false },
          { txId: third.transactionId, value: '', isDelete: true },
          { txId: second.transactionId, value: '2', isDelete: false },
          { txId: first.transactionId, value: '1', isDelete: false },
        ],
      );
      const now = Date.now() / 1000;
      assert.ok(rows.every(({ seconds }) => Math.abs(seconds - now) < 600));
    });

    it("is dated by the client's claim, not by the peers' clocks", async () => {
      const { a, probe } = subject();
      const key = subject().key();
      let claimed = 0;
      const proposal = forgeProposal(
        a.proposal(probe, 'put', { args: [key, 'v'] }),
        a,
        ({ channelHeader }) => {
          const time = channelHeader.getTimestamp()!;
          claimed = time.getSeconds() - 300;
          time.setSeconds(claimed);
        },
      );
      await a.send(await proposal.endorse());
      const [row]: Row[] = JSON.parse(await a.evaluate(probe, 'history', { args: [key] }));
      assert.equal(row!.seconds, claimed);
    });

    it('has no row for a change of policy alone', async () => {
      const { a, probe, mspIds } = subject();
      const key = subject().key();
      await a.must(probe, 'put', { args: [key, 'v'] });
      await a.must(probe, 'setPolicy', { args: [key, encodePolicy(peerOf(mspIds[0]!))] });
      const rows: Row[] = JSON.parse(await a.evaluate(probe, 'history', { args: [key] }));
      assert.equal(rows.length, 1);
    });

    it('is empty for a key that never was', async () => {
      const { a, probe } = subject();
      assert.equal(await a.evaluate(probe, 'history', { args: [subject().key()] }), '[]');
    });

    it('holds nothing of invalid transactions', async () => {
      const { a, probe } = subject();
      const key = subject().key();
      const valid = await a.must(probe, 'put', { args: [key, '1'] });
      const invalid = await a.commit(probe, 'put', { args: [key, '2'], at: [a.mspId] });
      assert.equal(invalid.code, 'ENDORSEMENT_POLICY_FAILURE');
      const rows: Row[] = JSON.parse(await a.evaluate(probe, 'history', { args: [key] }));
      assert.deepEqual(
        rows.map(({ txId }) => txId),
        [valid.transactionId],
      );
    });

    it('holds one row for a transaction that wrote a key twice', async () => {
      const { a, probe } = subject();
      const key = subject().key();
      await a.must(probe, 'putTwice', { args: [key, 'first', 'second'] });
      const rows: Row[] = JSON.parse(await a.evaluate(probe, 'history', { args: [key] }));
      assert.deepEqual(
        rows.map(({ value }) => value),
        ['second'],
      );
    });

    it('orders writes of one block by their place in it, and is not part of validation', async () => {
      const { a, probe } = subject();
      const key = subject().key();
      const values = ['1', '2', '3', '4'];
      const endorsed = await Promise.all(
        values.map((value) => a.endorse(probe, 'put', { args: [key, value] })),
      );
      const sent = await Promise.all(endorsed.map((transaction) => a.send(transaction)));
      assert.ok(sent.every(({ code }) => code === 'VALID'));
      const rows: Row[] = JSON.parse(await a.evaluate(probe, 'history', { args: [key] }));
      assert.equal(rows[0]!.value, await a.evaluate(probe, 'get', { args: [key] }));
      const numbers = sent.map(({ transactionId, blockNumber }) => [transactionId, blockNumber] as const);
      const block = new Map(numbers);
      const order = rows.map(({ txId }) => block.get(txId)!);
      assert.deepEqual(
        order,
        [...order].sort((x, y) => Number(y - x)),
      );
    });
  });
}
