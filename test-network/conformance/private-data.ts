/** Implicit private collections: one organisation holds the value, all hold the hash. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { ledger } from '@hyperledger/fabric-protos';
import { refusal } from './outcome.ts';
import { allOf, encodePolicy, peerOf } from './signature-policies.ts';
import type { Subject } from './subject.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

export function privateData(subject: () => Subject): void {
  describe('private data', { concurrency: 8 }, () => {
    it("keeps the value at its organisation, and the value's hash everywhere", async () => {
      const { a, b, probe, collection, key, written } = await stored(subject(), 'secret');
      assert.equal(written.code, 'VALID');
      assert.equal(await a.evaluate(probe, 'private:get', { args: [collection, key] }), 'secret');
      await subject().reached(b, written.blockNumber);
      assert.equal(await b.evaluate(probe, 'private:hash', { args: [collection, key] }), sha256('secret'));
      assert.equal(await a.evaluate(probe, 'private:hash', { args: [collection, key] }), sha256('secret'));
    });

    it('has no hash of a key that never was', async () => {
      const { a, probe } = subject();
      const args = [`_implicit_org_${a.mspId}`, subject().key()];
      assert.equal(await a.evaluate(probe, 'private:hash', { args }), '');
      assert.equal(await a.evaluate(probe, 'private:get', { args }), '');
    });

    it('refuses other organisations the value', async () => {
      const { b, probe, collection, key, written } = await stored(subject(), 'secret');
      await subject().reached(b, written.blockNumber);
      const answer = await refusal(b.evaluate(probe, 'private:get', { args: [collection, key] }));
      assert.equal(answer.error, 'GatewayError');
      assert.equal(answer.code, 2);
      assert.match(answer.message, /private data matching public hash version is not available/);
    });

    it("gives the value to another organisation's client at the owner's peer", async () => {
      const { a, b, probe, collection, key } = await stored(subject(), 'secret');
      const [, organisation] = subject().organisations;
      const guest = subject().impostor(0, organisation!.clients.operator!, b.mspId);
      assert.equal(await guest.evaluate(probe, 'private:get', { args: [collection, key] }), 'secret');
      assert.equal(a.mspId, subject().mspIds[0]);
    });

    it('leaves no value in the block', async () => {
      const secret = `secret-${subject().key()}`;
      const { a, written, collection } = await stored(subject(), secret);
      const block = await subject().block(a, written.blockNumber);
      const bytes = Buffer.concat(block.getData()!.getDataList_asU8());
      assert.ok(bytes.includes(collection));
      assert.ok(!bytes.includes(secret));
    });

    it('needs no other organisation for an implicit collection of its own', async () => {
      const { a, probe } = subject();
      const call = {
        args: [`_implicit_org_${a.mspId}`, subject().key()],
        transient: { value: 'v' },
        at: [a.mspId],
      };
      assert.equal((await a.commit(probe, 'private:put', call)).code, 'VALID');
    });

    it("is taken for another organisation's collection through its own peer", async () => {
      const { a, b, probe } = subject();
      const key = subject().key();
      const call = { args: [`_implicit_org_${a.mspId}`, key], transient: { value: 'from B' } };
      const written = await b.commit(probe, 'private:put', call);
      assert.equal(written.code, 'VALID');
      await subject().reached(a, written.blockNumber);
      assert.equal(await a.evaluate(probe, 'private:hash', { args: call.args }), sha256('from B'));
    });

    it("refuses another organisation's endorsement for an implicit collection", async () => {
      const { a, b, probe } = subject();
      const call = {
        args: [`_implicit_org_${b.mspId}`, subject().key()],
        transient: { value: 'v' },
        at: [a.mspId],
      };
      assert.equal((await a.commit(probe, 'private:put', call)).code, 'ENDORSEMENT_POLICY_FAILURE');
    });

    it("sends transient data to the collection's organisation alone by default", async () => {
      const { a, probe } = subject();
      const collection = `_implicit_org_${a.mspId}`;
      const call = { args: [collection, subject().key()], transient: { value: 'v' } };
      const answer = await refusal(a.commit(probe, 'private:putBoth', call));
      assert.deepEqual(answer, {
        error: 'EndorseError',
        code: 9,
        message:
          '9 FAILED_PRECONDITION: requires endorsement from organisation(s) that are not in the ' +
          `distribution policy of the private data collection(s): [${collection}]; retry specifying ` +
          'trusted endorsing organizations to protect transient data',
        details: [],
      });
      const { mspIds, majority } = subject();
      const trusted = { ...call, at: mspIds.slice(0, majority) };
      assert.equal((await a.commit(probe, 'private:putBoth', trusted)).code, 'VALID');
    });

    it('refuses a collection that does not exist', async () => {
      const { a, probe } = subject();
      const answer = await refusal(a.evaluate(probe, 'private:get', { args: ['nocollection', 'k'] }));
      assert.equal(answer.code, 2);
      const { channel } = subject();
      assert.match(
        answer.message,
        new RegExp(`: collection ${channel}/${probe}/nocollection could not be found$`),
      );
      const call = { args: ['_implicit_org_NobodyMSP', 'k'], transient: { value: 'v' } };
      const nobody = await refusal(a.commit(probe, 'private:put', call));
      assert.match(
        nobody.details[0]!,
        /: collection \[_implicit_org_NobodyMSP\] not defined in the collection config/,
      );
    });

    it('reads a range of private data', async () => {
      const { a, probe, collection, key } = await stored(subject(), 'secret');
      const rows = await a.evaluate(probe, 'private:range', { args: [collection, key, `${key}~`] });
      assert.deepEqual(JSON.parse(rows), [[key, 'secret']]);
    });

    it('refuses the second of two transactions that read one private version', async () => {
      const { a, probe, collection, key } = await stored(subject(), '1');
      const call = { args: [collection, key], transient: { value: '+' }, at: [a.mspId] };
      const first = await a.endorse(probe, 'private:append', call);
      const second = await a.endorse(probe, 'private:append', call);
      const codes = await Promise.all([first, second].map(async (endorsed) => (await a.send(endorsed)).code));
      assert.deepEqual(codes.sort(), ['MVCC_READ_CONFLICT', 'VALID']);
      assert.equal(await a.evaluate(probe, 'private:get', { args: [collection, key] }), '1+');
    });

    it('deletes value and hash', async () => {
      const { a, b, probe, collection, key } = await stored(subject(), 'secret');
      const gone = await a.must(probe, 'private:delete', { args: [collection, key], at: [a.mspId] });
      assert.equal(await a.evaluate(probe, 'private:get', { args: [collection, key] }), '');
      await subject().reached(b, gone.blockNumber);
      assert.equal(await b.evaluate(probe, 'private:hash', { args: [collection, key] }), '');
    });

    it('purges value and hash', async () => {
      const { a, b, probe, collection, key } = await stored(subject(), 'secret');
      const gone = await a.commit(probe, 'private:purge', { args: [collection, key], at: [a.mspId] });
      assert.equal(gone.code, 'VALID');
      assert.equal(await a.evaluate(probe, 'private:get', { args: [collection, key] }), '');
      await subject().reached(b, gone.blockNumber);
      assert.equal(await b.evaluate(probe, 'private:hash', { args: [collection, key] }), '');
    });

    it('gives its own peer, and no other, the private values with the block', async () => {
      const secret = `secret-${subject().key()}`;
      const { a, b, written } = await stored(subject(), secret);
      assert.ok((await privateBytes(a, written.blockNumber)).includes(secret));
      await subject().reached(b, written.blockNumber);
      assert.ok(!(await privateBytes(b, written.blockNumber)).includes(secret));
    });

    it("gives the private values to another organisation's client at the owner's peer", async () => {
      const secret = `secret-${subject().key()}`;
      const { b, written } = await stored(subject(), secret);
      const [, organisation] = subject().organisations;
      const guest = subject().impostor(0, organisation!.clients.operator!, b.mspId);
      assert.ok((await privateBytes(guest, written.blockNumber)).includes(secret));
    });

    it('honours a key policy in a private collection', async () => {
      const { a, b, probe, collection, key } = await stored(subject(), 'secret');
      const policy = encodePolicy(allOf([a.mspId, b.mspId].map(peerOf)));
      await a.must(probe, 'private:setPolicy', { args: [collection, key, policy], at: [a.mspId] });
      const call = { args: [collection, key], transient: { value: 'v' } };
      const alone = await a.commit(probe, 'private:put', { ...call, at: [a.mspId] });
      assert.equal(alone.code, 'ENDORSEMENT_POLICY_FAILURE');
      const both = await a.commit(probe, 'private:put', { ...call, at: [a.mspId, b.mspId] });
      assert.equal(both.code, 'VALID');
    });
  });
}

/** A fresh key in A's implicit collection. */
async function stored(subject: Subject, value: string) {
  const { a, b, probe } = subject;
  const key = subject.key();
  const collection = `_implicit_org_${a.mspId}`;
  const call = { args: [collection, key], transient: { value } };
  const written = await a.commit(probe, 'private:put', call);
  return { a, b, probe, collection, key, written };
}

async function privateBytes(client: Subject['a'], blockNumber: bigint): Promise<string> {
  const events = await client.network.getBlockAndPrivateDataEvents({ startBlock: blockNumber });
  try {
    for await (const event of events) {
      const parts: string[] = [];
      event.getPrivateDataMapMap().forEach((data: ledger.rwset.TxPvtReadWriteSet) => {
        parts.push(Buffer.from(data.serializeBinary()).toString('latin1'));
      });
      return parts.join();
    }
  } finally {
    events.close();
  }
  throw new Error('the stream ended');
}
