/** Reading and writing public state in one transaction and across transactions. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertOrdererRefused } from './ordering.ts';
import { refusal } from './outcome.ts';
import type { Subject } from './subject.ts';

export function state(subject: () => Subject): void {
  describe('state', { concurrency: 8 }, () => {
    it('keeps what was committed, for every organisation', async () => {
      const { a, b, c, probe } = subject();
      const key = subject().key();
      const committed = await a.commit(probe, 'put', { args: [key, '1'] });
      assert.equal(committed.code, 'VALID');
      assert.equal(committed.result, '1');
      for (const client of [a, b, c]) {
        await subject().reached(client, committed.blockNumber);
        assert.equal(await client.evaluate(probe, 'get', { args: [key] }), '1');
      }
    });

    it('does not read back its own write in one transaction', async () => {
      const { a, probe } = subject();
      const key = subject().key();
      const committed = await a.must(probe, 'putThenGet', { args: [key, 'new'] });
      assert.equal(committed.result, '');
      assert.equal(await a.evaluate(probe, 'get', { args: [key] }), 'new');
    });

    it('writes nothing on evaluation', async () => {
      const { a, probe } = subject();
      const key = subject().key();
      await a.evaluate(probe, 'put', { args: [key, 'v'] });
      assert.equal(await a.evaluate(probe, 'get', { args: [key] }), '');
    });

    it('keeps the last of two writes to one key', async () => {
      const { a, probe } = subject();
      const key = subject().key();
      await a.must(probe, 'putTwice', { args: [key, 'first', 'second'] });
      assert.equal(await a.evaluate(probe, 'get', { args: [key] }), 'second');
    });

    it('deletes a key, and lets a deletion follow a write in one transaction', async () => {
      const { a, probe } = subject();
      const key = subject().key();
      await a.must(probe, 'put', { args: [key, 'v'] });
      await a.must(probe, 'delete', { args: [key] });
      assert.equal(await a.evaluate(probe, 'get', { args: [key] }), '');
      await a.must(probe, 'putThenDelete', { args: [key, 'v'] });
      assert.equal(await a.evaluate(probe, 'get', { args: [key] }), '');
    });

    it('lets a key be deleted that never was', async () => {
      const { a, probe } = subject();
      const committed = await a.commit(probe, 'delete', { args: [subject().key()] });
      assert.equal(committed.code, 'VALID');
    });

    it('takes an empty key', async () => {
      const { a, probe } = subject();
      const answer = await a.commit(probe, 'put', { args: ['', 'v'] });
      assert.equal(answer.code, 'VALID');
      assert.equal(await a.evaluate(probe, 'get', { args: [''] }), 'v');
    });

    it('reads a write of no bytes as nothing, and leaves it out of ranges', async () => {
      const { a, probe } = subject();
      const key = subject().key();
      const committed = await a.commit(probe, 'put', { args: [key, ''] });
      assert.equal(committed.code, 'VALID');
      assert.equal(await a.evaluate(probe, 'get', { args: [key] }), '');
      assert.equal(await a.evaluate(probe, 'range', { args: [key, `${key}~`] }), '[]');
    });

    it('separates the namespaces of two chaincodes', async () => {
      const { a, probe, probeAny } = subject();
      const key = subject().key();
      await a.must(probe, 'put', { args: [key, 'v'] });
      assert.equal(await a.evaluate(probeAny, 'get', { args: [key] }), '');
    });

    it('keeps keys and values of any characters', async () => {
      const { a, probe } = subject();
      const key = `${subject().key()}ключ-鍵-🔑 "'\\/`;
      await a.must(probe, 'put', { args: [key, 'été\u0001\n🙂'] });
      assert.equal(await a.evaluate(probe, 'get', { args: [key] }), 'été\u0001\n🙂');
    });

    it('takes a simple key that begins with a null character, in silence', async () => {
      const { a, probe } = subject();
      const key = `\u0000${subject().key()}`;
      assert.equal((await a.commit(probe, 'put', { args: [key, 'v'] })).code, 'VALID');
      assert.equal(await a.evaluate(probe, 'get', { args: [key] }), 'v');
    });

    it('keeps a value of two megabytes', async () => {
      const { a, probe } = subject();
      const key = subject().key();
      const committed = await a.commit(probe, 'putSized', { args: [key, String(2 * 1024 * 1024)] });
      assert.equal(committed.code, 'VALID');
      assert.equal((await a.evaluate(probe, 'get', { args: [key] })).length, 2 * 1024 * 1024);
    });

    it('carries arguments of more than four megabytes', async () => {
      const { a, probe } = subject();
      const key = subject().key();
      const committed = await a.commit(probe, 'putThenDelete', { args: [key, 'x'.repeat(4_600_000)] });
      assert.equal(committed.code, 'VALID');
    });

    it('refuses a transaction larger than a block may be', async () => {
      const { a, probeAny } = subject();
      const transaction = await a.endorse(probeAny, 'putSized', {
        args: [subject().key(), String(11 * 1024 * 1024)],
      });
      const answer = await refusal(transaction.submit());
      const words =
        /^status=BAD_REQUEST, info=message payload is \d+ bytes and exceeds maximum allowed 10485760 bytes$/;
      assertOrdererRefused(subject().ordering, answer, words);
    });

    it("tells the chaincode the transaction's id, channel, time and arguments", async () => {
      const { a, probe, channel } = subject();
      const before = Date.now();
      const proposal = a.proposal(probe, 'transaction');
      const told = JSON.parse(Buffer.from(await proposal.evaluate()).toString());
      assert.equal(told.id, proposal.getTransactionId());
      assert.equal(told.channel, channel);
      assert.deepEqual(told.arguments, ['transaction']);
      assert.ok(Math.abs(Date.parse(told.timestamp) - before) < 60_000);
      assert.match(told.binding, /^[0-9a-f]{64}$/);
    });

    it('hands transient data to the chaincode and keeps it out of the block', async () => {
      const { a, probe, channel } = subject();
      const secret = `secret-${subject().key()}`;
      const committed = await a.must(probe, 'transientKeys', { transient: { b: secret, a: '1' } });
      assert.equal(committed.result, JSON.stringify({ a: '1', b: secret }));
      const quiet = await a.must(probe, 'put', {
        args: [subject().key(), 'v'],
        transient: { b: secret },
      });
      const block = await subject().block(a, quiet.blockNumber);
      const bytes = Buffer.concat(block.getData()!.getDataList_asU8());
      assert.ok(bytes.includes(channel));
      assert.ok(!bytes.includes(secret));
    });

    it('refuses rich queries, which its database cannot answer', async () => {
      const { a, probe } = subject();
      const answer = await refusal(a.evaluate(probe, 'query', { args: ['{"selector":{}}'] }));
      assert.equal(answer.code, 2);
      assert.match(answer.message, /ExecuteQuery not supported for leveldb/);
    });
  });
}
