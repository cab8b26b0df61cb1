/** Reads that are no longer true when the transaction is validated. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EndorseError } from '@hyperledger/fabric-gateway';
import { encodePolicy, outOf, peerOf } from './signature-policies.ts';
import type { Subject } from './subject.ts';

export function mvcc(subject: () => Subject): void {
  describe('concurrent reads and writes', { concurrency: 8 }, () => {
    it('lets one of several transactions that read the same version win', async () => {
      const { a, b, c, probe } = subject();
      const key = subject().key();
      const endorsed = await Promise.all(
        [a, b, c].map((client) => client.endorse(probe, 'append', { args: [key, client.mspId] })),
      );
      const clients = [a, b, c];
      const sent = await Promise.all(endorsed.map((transaction, i) => clients[i]!.send(transaction)));
      assert.deepEqual(sent.map(({ code }) => code).sort(), [
        'MVCC_READ_CONFLICT',
        'MVCC_READ_CONFLICT',
        'VALID',
      ]);
      const winner = sent.findIndex(({ code }) => code === 'VALID');
      assert.equal(await clients[winner]!.evaluate(probe, 'get', { args: [key] }), clients[winner]!.mspId);
    });

    it('refuses a read of a version that an earlier block replaced', async () => {
      const { a, probe } = subject();
      const key = subject().key();
      await a.must(probe, 'put', { args: [key, '1'] });
      const late = await a.endorse(probe, 'append', { args: [key, '+'] });
      await a.must(probe, 'put', { args: [key, '2'] });
      assert.equal((await a.send(late)).code, 'MVCC_READ_CONFLICT');
      assert.equal(await a.evaluate(probe, 'get', { args: [key] }), '2');
    });

    it('refuses even where the same value was written again', async () => {
      const { a, probe } = subject();
      const key = subject().key();
      await a.must(probe, 'put', { args: [key, '1'] });
      const late = await a.endorse(probe, 'append', { args: [key, '+'] });
      await a.must(probe, 'put', { args: [key, '1'] });
      assert.equal((await a.send(late)).code, 'MVCC_READ_CONFLICT');
    });

    it('refuses a read of nothing where something was written since, and the reverse', async () => {
      const { a, probe } = subject();
      const key = subject().key();
      const early = await a.endorse(probe, 'append', { args: [key, '+'] });
      await a.must(probe, 'put', { args: [key, '1'] });
      assert.equal((await a.send(early)).code, 'MVCC_READ_CONFLICT');
      const late = await a.endorse(probe, 'append', { args: [key, '+'] });
      await a.must(probe, 'delete', { args: [key] });
      assert.equal((await a.send(late)).code, 'MVCC_READ_CONFLICT');
    });

    it('refuses a read where only the policy of the key changed since', async () => {
      const { a, probe, mspIds } = subject();
      const key = subject().key();
      await a.must(probe, 'put', { args: [key, '1'] });
      const late = await a.endorse(probe, 'append', { args: [key, '+'], at: mspIds });
      await a.must(probe, 'setPolicy', { args: [key, encodePolicy(outOf(1, mspIds.map(peerOf)))] });
      assert.equal((await a.send(late)).code, 'MVCC_READ_CONFLICT');
    });

    it('orders and validates a transaction that only reads', async () => {
      const { a, probe } = subject();
      const key = subject().key();
      await a.must(probe, 'put', { args: [key, '1'] });
      const reading = await a.endorse(probe, 'get', { args: [key] });
      const late = await a.endorse(probe, 'get', { args: [key] });
      assert.equal((await a.send(reading)).code, 'VALID');
      await a.must(probe, 'put', { args: [key, '2'] });
      assert.equal((await a.send(late)).code, 'MVCC_READ_CONFLICT');
      const short = await a.commit(probe, 'get', { args: [key], at: [a.mspId] });
      assert.equal(short.code, 'ENDORSEMENT_POLICY_FAILURE');
    });

    it('leaves the same state at every peer after many transactions at once', async () => {
      const { a, b, c, probe } = subject();
      const clients = [a, b, c];
      const prefix = subject().key();
      const sent = await Promise.all(
        Array.from({ length: 45 }, (_, i) => {
          const call = { args: [`${prefix}${i % 5}`, String(i % 10)] };
          return clients[i % 3]!.commit(probe, 'append', call).catch(peersDiffered);
        }),
      );
      const codes = new Set(sent.map(({ code }) => code));
      for (const code of codes) assert.ok(['VALID', 'MVCC_READ_CONFLICT', NOT_SENT].includes(code), code);
      const blocks = sent.map(({ blockNumber }) => blockNumber).sort((x, y) => Number(y - x));
      const states = new Set<string>();
      for (const client of clients) {
        await subject().reached(client, blocks[0]!);
        states.add(await client.evaluate(probe, 'range', { args: [prefix, `${prefix}~`] }));
      }
      assert.equal(states.size, 1);
      const [rows] = [...states].map((text) => JSON.parse(text) as { value: string }[]);
      const length = rows!.reduce((sum, { value }) => sum + value.length, 0);
      assert.ok(length > 0);
      assert.equal(length, sent.filter(({ code }) => code === 'VALID').length);
    });

    it('lets blind writes to one key all be valid, the last one staying', async () => {
      const { a, probe } = subject();
      const key = subject().key();
      const endorsed = [];
      for (const value of ['1', '2', '3'])
        endorsed.push(await a.endorse(probe, 'put', { args: [key, value] }));
      const sent = await Promise.all(endorsed.map((transaction) => a.send(transaction)));
      assert.deepEqual(
        sent.map(({ code }) => code),
        ['VALID', 'VALID', 'VALID'],
      );
    });

    it('lets an invalid transaction disturb nobody', async () => {
      const { a, probe } = subject();
      const key = subject().key();
      const honest = await a.endorse(probe, 'append', { args: [key, 'honest'] });
      const invalid = await a.commit(probe, 'append', { args: [key, 'short'], at: [a.mspId] });
      assert.equal(invalid.code, 'ENDORSEMENT_POLICY_FAILURE');
      assert.equal((await a.send(honest)).code, 'VALID');
    });

    it('refuses a range that has a new row', async () => {
      const { a, probe } = subject();
      const key = subject().key();
      await a.must(probe, 'put', { args: [`${key}m1`, 'v'] });
      const counted = await a.endorse(probe, 'countInto', { args: [`${key}m`, `${key}n`, `${key}count`] });
      await a.must(probe, 'put', { args: [`${key}m2`, 'v'] });
      assert.equal((await a.send(counted)).code, 'PHANTOM_READ_CONFLICT');
      assert.equal(await a.evaluate(probe, 'get', { args: [`${key}count`] }), '');
    });

    it('refuses a range that has lost a row', async () => {
      const { a, probe } = subject();
      const key = subject().key();
      await a.must(probe, 'put', { args: [`${key}m1`, 'v'] });
      await a.must(probe, 'put', { args: [`${key}m2`, 'v'] });
      const counted = await a.endorse(probe, 'countInto', { args: [`${key}m`, `${key}n`, `${key}count`] });
      await a.must(probe, 'delete', { args: [`${key}m1`] });
      assert.equal((await a.send(counted)).code, 'PHANTOM_READ_CONFLICT');
    });

    it('refuses a range one of whose rows was written again', async () => {
      const { a, probe } = subject();
      const key = subject().key();
      await a.must(probe, 'put', { args: [`${key}m1`, 'v'] });
      const counted = await a.endorse(probe, 'countInto', { args: [`${key}m`, `${key}n`, `${key}count`] });
      await a.must(probe, 'put', { args: [`${key}m1`, 'v'] });
      assert.equal((await a.send(counted)).code, 'PHANTOM_READ_CONFLICT');
    });

    it('refuses a range that an earlier transaction of the same block changes', async () => {
      const { a, probe } = subject();
      const key = subject().key();
      const counted = await a.endorse(probe, 'countInto', { args: [`${key}m`, `${key}n`, `${key}count`] });
      const put = await a.endorse(probe, 'put', { args: [`${key}m1`, 'v'] });
      const submitted = await put.submit();
      const answer = await a.send(counted);
      assert.equal((await submitted.getStatus()).successful, true);
      assert.equal(answer.code, 'PHANTOM_READ_CONFLICT');
    });

    it('accepts a range that changed just outside its bounds', async () => {
      const { a, probe } = subject();
      const key = subject().key();
      const counted = await a.endorse(probe, 'countInto', { args: [`${key}m`, `${key}n`, `${key}count`] });
      await a.must(probe, 'put', { args: [`${key}n`, 'v'] });
      assert.equal((await a.send(counted)).code, 'VALID');
    });

    it('takes a reader of the first row for one of all rows its peer read ahead', async () => {
      const { a, probe } = subject();
      const key = subject().key();
      await a.must(probe, 'put', { args: [`${key}m1`, 'v'] });
      await a.must(probe, 'put', { args: [`${key}m2`, 'v'] });
      const first = await a.endorse(probe, 'firstInto', { args: [`${key}m`, `${key}n`, `${key}first`] });
      await a.must(probe, 'put', { args: [`${key}m3`, 'v'] });
      assert.equal((await a.send(first)).code, 'PHANTOM_READ_CONFLICT');
    });

    it('lets a reader of the first row be unmoved by what comes far behind', async () => {
      const { a, probe } = subject();
      const key = subject().key();
      const names = Array.from({ length: 250 }, (_, i) => `${key}m${String(i).padStart(3, '0')}`);
      const rows = Object.fromEntries(names.map((name) => [name, 'v']));
      await a.must(probe, 'putAll', { args: [JSON.stringify(rows)] });
      const first = await a.endorse(probe, 'firstInto', { args: [`${key}m`, `${key}n`, `${key}first`] });
      await a.must(probe, 'put', { args: [`${key}m2401`, 'v'] });
      assert.equal((await a.send(first)).code, 'VALID');
    });

    it('refuses a reader of the first row where a row comes before it', async () => {
      const { a, probe } = subject();
      const key = subject().key();
      await a.must(probe, 'put', { args: [`${key}m2`, 'v'] });
      await a.must(probe, 'put', { args: [`${key}m3`, 'v'] });
      const first = await a.endorse(probe, 'firstInto', { args: [`${key}m`, `${key}n`, `${key}first`] });
      await a.must(probe, 'put', { args: [`${key}m1`, 'v'] });
      assert.equal((await a.send(first)).code, 'PHANTOM_READ_CONFLICT');
    });
  });
}

const NOT_SENT = 'not sent';

/** Peers that have not all committed the same blocks yet may answer differently; nothing is sent then. */
function peersDiffered(error: Error): { readonly code: string; readonly blockNumber: bigint } {
  const details = error instanceof EndorseError ? error.details : [];
  const differed = ({ message }: { readonly message: string }) =>
    message === 'ProposalResponsePayloads do not match';
  if (details.length === 0 || !details.every(differed)) throw error;
  return { code: NOT_SENT, blockNumber: 0n };
}
