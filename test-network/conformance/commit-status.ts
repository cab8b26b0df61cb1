/** What a client learns of a transaction after it was submitted, or was not. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gateway } from '@hyperledger/fabric-protos';
import { submitAgain } from './duplicates.ts';
import { serializedIdentity } from './forgery.ts';
import { endedAtDeadline, refusal, validationCode } from './outcome.ts';
import { commitStatus as rawCommitStatus } from './raw-gateway.ts';
import type { Subject } from './subject.ts';

export function commitStatus(subject: () => Subject): void {
  describe('commit status', { concurrency: 8 }, () => {
    it('is the same before the commit and long after it', async () => {
      const { a, probe } = subject();
      const transaction = await a.endorse(probe, 'put', { args: [subject().key(), 'v'] });
      const submitted = await transaction.submit();
      const early = await submitted.getStatus();
      const late = await submitted.getStatus();
      assert.equal(early.successful, true);
      assert.equal(early.code, 0);
      assert.equal(early.transactionId, transaction.getTransactionId());
      assert.deepEqual(late, early);
    });

    it('is known at the peers of all organisations', async () => {
      const { a, b, c, probe } = subject();
      const transaction = await a.endorse(probe, 'put', { args: [subject().key(), 'v'] });
      const submitted = await transaction.submit();
      const own = await submitted.getStatus();
      for (const client of [b, c]) {
        const commit = client.gateway.newCommit(unsigned(submitted.getBytes(), serializedIdentity(client)));
        const status = await commit.getStatus();
        assert.equal(status.code, own.code);
        assert.equal(status.blockNumber, own.blockNumber);
      }
    });

    it('can be asked for again from the bytes that were kept', async () => {
      const { a, probe } = subject();
      const transaction = await a.endorse(probe, 'put', { args: [subject().key(), 'v'] });
      const kept = (await transaction.submit()).getBytes();
      const status = await a.gateway.newCommit(kept).getStatus();
      assert.equal(status.successful, true);
      assert.equal(status.transactionId, transaction.getTransactionId());
    });

    it('waits, until the deadline, for a transaction nobody submitted', async () => {
      const { a, probe } = subject();
      const transaction = await a.endorse(probe, 'put', { args: [subject().key(), 'v'] });
      const submitted = await (await a.endorse(probe, 'put', { args: [subject().key(), 'v'] })).submit();
      await submitted.getStatus();
      const bytes = unsigned(submitted.getBytes(), serializedIdentity(a), transaction.getTransactionId());
      const commit = a.gateway.newCommit(bytes);
      const answer = await refusal(commit.getStatus({ deadline: Date.now() + 1_000 }));
      assert.equal(answer.error, 'CommitStatusError');
      assert.ok(endedAtDeadline(answer), answer.message);
    });

    it('comes to one who waited before the transaction was submitted', async () => {
      const { a, probe } = subject();
      const transaction = await a.endorse(probe, 'put', { args: [subject().key(), 'v'] });
      const other = await (await a.endorse(probe, 'put', { args: [subject().key(), 'v'] })).submit();
      const bytes = unsigned(other.getBytes(), serializedIdentity(a), transaction.getTransactionId());
      const waiting = a.gateway.newCommit(bytes).getStatus();
      await a.send(transaction);
      assert.equal((await waiting).successful, true);
    });

    it('stays that of the first when the same transaction is submitted again', async (t) => {
      if (subject().ordering.isBft) return t.skip('not run: BFT orderers refuse a second copy');
      const { a, probe } = subject();
      const again = await submitAgain(subject(), a, probe);
      assert.equal(again.code, 'VALID');
      assert.ok(again.firstBlock < again.nextBlock);
    });

    it('tells an invalid transaction with its code and block', async () => {
      const { a, probe } = subject();
      const transaction = await a.endorse(probe, 'put', { args: [subject().key(), 'v'], at: [a.mspId] });
      const status = await (await transaction.submit()).getStatus();
      assert.equal(status.successful, false);
      assert.equal(validationCode(status.code), 'ENDORSEMENT_POLICY_FAILURE');
      assert.ok(status.blockNumber > 0n);
    });

    it('is refused without a valid signature', async () => {
      const { a, b, channel } = subject();
      const request = { channel, transactionId: 'abc', identity: serializedIdentity(a) };
      const none = await rawCommitStatus(a, { ...request, signature: Buffer.alloc(0) });
      assert.equal(none.code, 7);
      const foreign = await rawCommitStatus(b, { ...request, signature: Buffer.from('signature') });
      assert.equal(foreign.code, 7);
    });

    it('is refused for what is not a question', async (t) => {
      const { a, channel, isFabric2 } = subject();
      if (isFabric2) return t.skip('not run: peers of Fabric 2 look at the signature first');
      const signature = Buffer.from('signature');
      const identity = serializedIdentity(a);
      const ask = (channelName: string, transactionId: string, who: Uint8Array) =>
        rawCommitStatus(a, { channel: channelName, transactionId, identity: who, signature });
      assert.deepEqual(await ask(channel, '', identity), {
        code: 3,
        message: 'transaction ID should not be empty',
      });
      assert.deepEqual(await ask('', 'abc', identity), { code: 3, message: 'no channel ID provided' });
      assert.deepEqual(await ask(channel, 'abc', Buffer.alloc(0)), {
        code: 3,
        message: 'no identity provided',
      });
    });
  });
}

/** The commit status request in `bytes` with another asker, or about another transaction, not yet signed. */
function unsigned(bytes: Uint8Array, identity: Uint8Array, transactionId?: string): Uint8Array {
  const signed = gateway.SignedCommitStatusRequest.deserializeBinary(bytes);
  const request = gateway.CommitStatusRequest.deserializeBinary(signed.getRequest_asU8());
  request.setIdentity(identity);
  if (transactionId !== undefined) request.setTransactionId(transactionId);
  signed.setRequest(request.serializeBinary());
  signed.setSignature('');
  return signed.serializeBinary();
}
