/** The peer's system chaincode for questions about the ledger itself. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { common, peer } from '@hyperledger/fabric-protos';
import { headerHash } from './block-streams.ts';
import { refusal } from './outcome.ts';
import type { Subject } from './subject.ts';

export function ledgerQueries(subject: () => Subject): void {
  describe('ledger queries', { concurrency: 8 }, () => {
    it('tell the height and the hashes of the last block', async () => {
      const { a, channel, probe } = subject();
      const { blockNumber } = await a.must(probe, 'put', { args: [subject().key(), 'v'] });
      const bytes = await a.proposal('qscc', 'GetChainInfo', { args: [channel] }).evaluate();
      const info = common.BlockchainInfo.deserializeBinary(bytes);
      const height = BigInt(info.getHeight());
      assert.ok(height > blockNumber);
      const last = await subject().block(a, height - 1n);
      assert.equal(Buffer.from(info.getCurrentblockhash_asU8()).toString('hex'), headerHash(last));
      assert.deepEqual(info.getPreviousblockhash_asU8(), last.getHeader()!.getPreviousHash_asU8());
    });

    it('tell the height of another organisation’s peer, which is asked for by name', async () => {
      const { a, b, channel, probe } = subject();
      const { blockNumber } = await b.must(probe, 'put', { args: [subject().key(), 'v'] });
      const heightAt = async (mspId: string) => {
        const asked = a.proposal('qscc', 'GetChainInfo', { args: [channel], at: [mspId] });
        return BigInt(common.BlockchainInfo.deserializeBinary(await asked.evaluate()).getHeight());
      };
      // Its own peer has what its client saw committed.
      assert.ok((await heightAt(b.mspId)) > blockNumber);
      const answer = await refusal(heightAt('NobodyMSP'));
      assert.match(answer.message, /no peers available to evaluate chaincode qscc in channel /);
    });

    it('give a block by number and a transaction by id', async () => {
      const { a, channel, probe } = subject();
      const committed = await a.must(probe, 'put', { args: [subject().key(), 'v'] });
      const query = async (method: string, arg: string) =>
        a.proposal('qscc', method, { args: [channel, arg] }).evaluate();
      const byNumber = common.Block.deserializeBinary(
        await query('GetBlockByNumber', String(committed.blockNumber)),
      );
      const byId = common.Block.deserializeBinary(await query('GetBlockByTxID', committed.transactionId));
      assert.equal(headerHash(byNumber), headerHash(await subject().block(a, committed.blockNumber)));
      assert.equal(headerHash(byId), headerHash(byNumber));
      const transaction = peer.ProcessedTransaction.deserializeBinary(
        await query('GetTransactionByID', committed.transactionId),
      );
      assert.equal(transaction.getValidationcode(), 0);
    });

    it('refuse a transaction that never was', async () => {
      const { a, channel } = subject();
      const answer = await refusal(a.evaluate('qscc', 'GetTransactionByID', { args: [channel, 'abc'] }));
      assert.equal(answer.code, 2);
      assert.match(
        answer.message,
        /response 500, Failed to get transaction with id abc, error no such transaction ID \[abc\] in index$/,
      );
    });

    it('cannot be submitted', async () => {
      const { a, channel } = subject();
      const answer = await refusal(a.commit('qscc', 'GetChainInfo', { args: [channel] }));
      assert.equal(answer.code, 9);
      assert.match(answer.message, /: No metadata was found for chaincode qscc in channel /);
    });
  });
}
