/** A transaction's id binds its nonce and its creator; it is used once, no matter by whom. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { codesOf } from './duplicates.ts';
import { forge, forgeProposal, serializedIdentity, transactionIdOf } from './forgery.ts';
import { assertOrdererRefused } from './ordering.ts';
import { refusal, validationCode } from './outcome.ts';
import type { Subject } from './subject.ts';

export function transactionIds(subject: () => Subject): void {
  describe('transaction ids', { concurrency: 8 }, () => {
    it('do not survive another nonce', async () => {
      const { a, probe } = subject();
      const endorsed = await a.endorse(probe, 'put', { args: [subject().key(), 'v'] });
      const forged = forge(endorsed, a, ({ signatureHeader }) => {
        signatureHeader.setNonce(randomBytes(24));
      });
      assert.equal((await a.send(forged)).code, 'BAD_PROPOSAL_TXID');
    });

    it('cannot be exchanged together with the nonce', async () => {
      const { a, probe } = subject();
      const endorsed = await a.endorse(probe, 'put', { args: [subject().key(), 'v'] });
      const forged = forge(endorsed, a, ({ signatureHeader, actionHeader, channelHeader }) => {
        for (const header of [signatureHeader, actionHeader]) header.setNonce(Buffer.from(subject().key()));
        channelHeader.setTxId(transactionIdOf(signatureHeader));
      });
      assert.equal((await a.send(forged)).code, 'INVALID_ENDORSER_TRANSACTION');
    });

    it('do not survive another creator', async () => {
      const { a, b, probe } = subject();
      const endorsed = await a.endorse(probe, 'put', { args: [subject().key(), 'v'] });
      const forged = forge(endorsed, b, ({ signatureHeader }) => {
        signatureHeader.setCreator(serializedIdentity(b));
      });
      assert.equal((await b.send(forged)).code, 'BAD_PROPOSAL_TXID');
    });

    it('cannot be exchanged together with the creator', async () => {
      const { a, b, probe } = subject();
      const endorsed = await a.endorse(probe, 'put', { args: [subject().key(), 'v'] });
      const forged = forge(endorsed, b, ({ signatureHeader, actionHeader, channelHeader }) => {
        for (const header of [signatureHeader, actionHeader]) header.setCreator(serializedIdentity(b));
        channelHeader.setTxId(transactionIdOf(signatureHeader));
      });
      assert.equal((await b.send(forged)).code, 'INVALID_ENDORSER_TRANSACTION');
    });

    it('cannot be used again for another transaction', async () => {
      const { a, ordering, probe } = subject();
      const key = subject().key();
      const first = a.proposal(probe, 'put', { args: [key, 'first'] });
      const second = forgeProposal(first, a, ({ payload }) => {
        const input = Buffer.from(payload.getInput_asU8());
        payload.setInput(replaced(input, 'first', 'other'));
      });
      assert.equal(second.getTransactionId(), first.getTransactionId());
      const early = await second.endorse();
      assert.equal((await a.send(await first.endorse())).code, 'VALID');
      const late = await refusal(second.endorse());
      assert.equal(late.error, 'EndorseError');
      assert.equal(late.details.length, 1);
      const known = `duplicate transaction found [${first.getTransactionId()}]`;
      assert.ok(late.details[0]!.includes(known), late.details[0]);
      if (ordering.isBft) {
        const words =
          /^status=SERVICE_UNAVAILABLE, info=failed to submit request: request already processed$/;
        assertOrdererRefused(ordering, await refusal(early.submit()), words);
      } else {
        await early.submit();
      }
      await a.must(probe, 'put', { args: [subject().key(), 'v'] });
      assert.equal(await a.evaluate(probe, 'get', { args: [key] }), 'first');
    });

    it('can be spoilt by rubbish that another client orders under them, but no more', async () => {
      const { a, b, probe } = subject();
      const key = subject().key();
      const honest = await a.endorse(probe, 'put', { args: [key, 'honest'] });
      const id = honest.getTransactionId();
      const rubbish = await b.endorse(probe, 'put', { args: [key, 'rubbish'] });
      const squatter = forge(rubbish, b, ({ channelHeader }) => channelHeader.setTxId(id));
      const first = await b.send(squatter);
      assert.equal(first.code, 'BAD_PROPOSAL_TXID');
      const late = await honest.submit();
      const codes = await codesOf(subject(), { id, from: first.blockNumber, count: 2 });
      assert.deepEqual(codes, ['BAD_PROPOSAL_TXID', 'DUPLICATE_TXID']);
      assert.equal(validationCode((await late.getStatus()).code), 'BAD_PROPOSAL_TXID');
      assert.equal(await a.evaluate(probe, 'get', { args: [key] }), '');
    });

    it('count once when a transaction is submitted twice at once', async (t) => {
      if (subject().ordering.isBft) return t.skip('not run: BFT orderers refuse a second copy');
      const { a, probe } = subject();
      const transaction = await a.endorse(probe, 'put', { args: [subject().key(), 'v'] });
      const id = transaction.getTransactionId();
      const [submitted] = await Promise.all([transaction.submit(), transaction.submit()]);
      const { blockNumber, code } = await submitted.getStatus();
      assert.equal(validationCode(code), 'VALID');
      const codes = await codesOf(subject(), { id, from: blockNumber, count: 2 });
      assert.deepEqual(codes, ['VALID', 'DUPLICATE_TXID']);
    });

    it('do not come back to life when an invalid transaction is submitted again', async (t) => {
      if (subject().ordering.isBft) return t.skip('not run: BFT orderers refuse a second copy');
      const { a, probe } = subject();
      const key = subject().key();
      const transaction = await a.endorse(probe, 'append', { args: [key, '+'] });
      await a.must(probe, 'put', { args: [key, '1'] });
      const first = await a.send(transaction);
      assert.equal(first.code, 'MVCC_READ_CONFLICT');
      const again = await transaction.submit();
      const id = first.transactionId;
      const codes = await codesOf(subject(), { id, from: first.blockNumber, count: 2 });
      assert.deepEqual(codes, ['MVCC_READ_CONFLICT', 'DUPLICATE_TXID']);
      assert.equal(validationCode((await again.getStatus()).code), 'MVCC_READ_CONFLICT');
    });

    it("cannot be of the client's own making", async () => {
      const { a, probe } = subject();
      const proposal = forgeProposal(a.proposal(probe, 'put', { args: ['x', 'y'] }), a, ({ channelHeader }) =>
        channelHeader.setTxId('a'.repeat(64)),
      );
      const answer = await refusal(proposal.endorse());
      assert.equal(answer.error, 'EndorseError');
      assert.equal(answer.details.length, 1);
      assert.match(
        answer.details[0]!,
        /^\S+ error validating proposal: incorrectly computed txid 'a{64}' -- expected '[0-9a-f]{64}'$/,
      );
    });
  });
}

/** The bytes with one text replaced by another of the same length. */
function replaced(bytes: Buffer, before: string, after: string): Buffer {
  const at = bytes.indexOf(before);
  if (at < 0 || before.length !== after.length) throw new Error('the argument is not where it was');
  const result = Buffer.from(bytes);
  result.write(after, at);
  return result;
}
