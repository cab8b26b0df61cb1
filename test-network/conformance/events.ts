/** Chaincode events: what is sent, in what order, and from where it can be taken up again. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ChaincodeEvent, type ChaincodeEventsOptions, checkpointers } from '@hyperledger/fabric-gateway';
import type { LedgerClient } from './ledger-client.ts';
import { refusal } from './outcome.ts';
import type { Subject } from './subject.ts';

export function events(subject: () => Subject): void {
  describe('chaincode events', () => {
    it('carry name, payload, transaction and block', async () => {
      const { a, probe } = subject();
      const committed = await a.must(probe, 'emit', { args: ['hello', 'world'] });
      const [event] = await take(a, probe, { startBlock: committed.blockNumber }, 1);
      assert.deepEqual(
        { ...event, payload: Buffer.from(event!.payload).toString() },
        {
          blockNumber: committed.blockNumber,
          transactionId: committed.transactionId,
          chaincodeName: probe,
          eventName: 'hello',
          payload: 'world',
        },
      );
    });

    it('reach a listener that was there before', async () => {
      const { a, b, probe } = subject();
      const stream = await b.network.getChaincodeEvents(probe, {
        startBlock: (await a.must(probe, 'emit', { args: ['early', ''] })).blockNumber,
      });
      const iterator = stream[Symbol.asyncIterator]();
      await iterator.next();
      const committed = await a.must(probe, 'emit', { args: ['late', ''] });
      const next = await iterator.next();
      assert.equal((next.value as ChaincodeEvent).transactionId, committed.transactionId);
      stream.close();
    });

    it('wait for a block that is far ahead', async () => {
      const { a, probe } = subject();
      const { blockNumber } = await a.must(probe, 'emit', { args: ['before', ''] });
      const waiting = take(a, probe, { startBlock: blockNumber + 2n }, 1);
      for (const name of ['one', 'two']) await a.must(probe, 'emit', { args: [name, ''] });
      assert.equal((await waiting)[0]!.eventName, 'two');
    });

    it('carry any bytes', async () => {
      const { a, probe } = subject();
      const committed = await a.must(probe, 'emit', { args: ['нова-🔔', 'é\u0000\n'] });
      const [event] = await take(a, probe, { startBlock: committed.blockNumber }, 1);
      assert.equal(event!.eventName, 'нова-🔔');
      assert.equal(Buffer.from(event!.payload).toString(), 'é\u0000\n');
    });

    it('are replayed from any block, in order', async () => {
      const { a, b, probe } = subject();
      const names = ['one', 'two', 'three'];
      const sent = [];
      for (const name of names) sent.push(await a.must(probe, 'emit', { args: [name, ''] }));
      for (let from = 0; from < sent.length; from += 1) {
        const found = await take(b, probe, { startBlock: sent[from]!.blockNumber }, names.length - from);
        assert.deepEqual(
          found.map(({ eventName }) => eventName),
          names.slice(from),
        );
      }
    });

    it('go on behind a transaction of a checkpoint, also within a block', async () => {
      const { a, probe } = subject();
      const endorsed = [];
      for (const name of ['x', 'y', 'z']) endorsed.push(await a.endorse(probe, 'emit', { args: [name, ''] }));
      const sent = await Promise.all(endorsed.map((transaction) => a.send(transaction)));
      const [startBlock] = sent.map(({ blockNumber }) => blockNumber).sort((x, y) => Number(x - y));
      const all = await take(a, probe, { startBlock: startBlock! }, 3);
      const checkpoint = checkpointers.inMemory();
      await checkpoint.checkpointChaincodeEvent(all[0]!);
      const rest = await take(a, probe, { checkpoint }, 2);
      assert.deepEqual(
        rest.map(({ transactionId }) => transactionId),
        all.slice(1).map(({ transactionId }) => transactionId),
      );
    });

    it('are not sent for invalid transactions', async () => {
      const { a, probe } = subject();
      const invalid = await a.commit(probe, 'emit', { args: ['never', ''], at: [a.mspId] });
      assert.equal(invalid.code, 'ENDORSEMENT_POLICY_FAILURE');
      const valid = await a.must(probe, 'emit', { args: ['after', ''] });
      const [event] = await take(a, probe, { startBlock: invalid.blockNumber }, 1);
      assert.equal(event!.transactionId, valid.transactionId);
    });

    it('are not sent for a transaction that lost a conflict', async () => {
      const { a, probe } = subject();
      const key = subject().key();
      const call = { args: [key, key] };
      const first = await a.endorse(probe, 'emitAndAppend', call);
      const second = await a.endorse(probe, 'emitAndAppend', call);
      const sent = [await a.send(first), await a.send(second)];
      assert.deepEqual(
        sent.map(({ code }) => code),
        ['VALID', 'MVCC_READ_CONFLICT'],
      );
      const marker = await a.must(probe, 'emit', { args: ['marker', ''] });
      const found = await take(a, probe, { startBlock: sent[0]!.blockNumber }, 2);
      assert.deepEqual(
        found.map(({ transactionId }) => transactionId),
        [sent[0]!.transactionId, marker.transactionId],
      );
    });

    it('are one per transaction: the last that was set', async () => {
      const { a, probe } = subject();
      const committed = await a.must(probe, 'emitTwice', { args: ['first', 'second'] });
      const marker = await a.must(probe, 'emit', { args: ['marker', ''] });
      const found = await take(a, probe, { startBlock: committed.blockNumber }, 2);
      assert.deepEqual(
        found.map(({ eventName, transactionId }) => [eventName, transactionId]),
        [
          ['second', committed.transactionId],
          ['marker', marker.transactionId],
        ],
      );
    });

    it('are kept apart by chaincode', async () => {
      const { a, probe, probeAny } = subject();
      const other = await a.must(probeAny, 'emit', { args: ['other', ''] });
      const own = await a.must(probe, 'emit', { args: ['own', ''] });
      const [event] = await take(a, probe, { startBlock: other.blockNumber }, 1);
      assert.equal(event!.transactionId, own.transactionId);
    });

    it('are given to every organisation of the channel', async () => {
      const { a, b, c, probe } = subject();
      const committed = await a.must(probe, 'emit', { args: ['all', ''] });
      for (const client of [a, b, c]) {
        const [event] = await take(client, probe, { startBlock: committed.blockNumber }, 1);
        assert.equal(event!.transactionId, committed.transactionId);
      }
    });

    it('are refused to a stranger', async () => {
      const { probe, organisations } = subject();
      const stranger = subject().impostor(0, organisations[1]!.clients.operator!, organisations[0]!.mspId);
      const answer = await refusal(take(stranger, probe, { startBlock: 0n }, 1));
      assert.equal(answer.code, 7);
      assert.equal(
        answer.message,
        `7 PERMISSION_DENIED: Failed evaluating policy on signed data during check policy on channel ` +
          `[${subject().channel}] with policy [/Channel/Application/Readers]: [implicit policy evaluation ` +
          "failed - 0 sub-policies were satisfied, but this policy requires 1 of the 'Readers' " +
          'sub-policies to be satisfied]',
      );
    });

    it('are refused for a channel that does not exist', async () => {
      const client = subject().elsewhere('nochannel');
      const answer = await refusal(take(client, subject().probe, { startBlock: 0n }, 1));
      const words = 'Failed to get policy manager for channel [nochannel]';
      assert.equal(answer.message, `7 PERMISSION_DENIED: ${words}`);
    });
  });
}

async function take(
  client: LedgerClient,
  chaincode: string,
  options: ChaincodeEventsOptions,
  count: number,
): Promise<ChaincodeEvent[]> {
  const stream = await client.network.getChaincodeEvents(chaincode, options);
  const found: ChaincodeEvent[] = [];
  try {
    for await (const event of stream) if (found.push(event) === count) break;
  } finally {
    stream.close();
  }
  return found;
}
