/** One chaincode calling another in one transaction. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { refusal } from './outcome.ts';
import type { Subject } from './subject.ts';

export function chaincodeCalls(subject: () => Subject): void {
  describe('chaincode calling chaincode', { concurrency: 8 }, () => {
    it("gives back the other's answer", async () => {
      const { a, probe, probeAny } = subject();
      const key = subject().key();
      await a.must(probeAny, 'put', { args: [key, 'there'] });
      const answer = JSON.parse(
        await a.evaluate(probe, 'call', { args: [probeAny, '', JSON.stringify(['get', key])] }),
      );
      assert.equal(answer.status, 200);
      assert.equal(answer.payload, 'there');
    });

    it("commits the other's writes in the other's namespace", async () => {
      const { a, probe, probeAny } = subject();
      const key = subject().key();
      const args = [probeAny, '', JSON.stringify(['put', key, 'v'])];
      const call = { args, at: subject().mspIds };
      assert.equal((await a.commit(probe, 'call', call)).code, 'VALID');
      assert.equal(await a.evaluate(probeAny, 'get', { args: [key] }), 'v');
      assert.equal(await a.evaluate(probe, 'get', { args: [key] }), '');
    });

    it('asks for the policies of both, and of the caller even where it wrote nothing', async () => {
      const { a, probe, probeAny } = subject();
      const outward = [probe, '', JSON.stringify(['put', subject().key(), 'v'])];
      const short = await a.commit(probeAny, 'call', { args: outward, at: [a.mspId] });
      assert.equal(short.code, 'ENDORSEMENT_POLICY_FAILURE');
      const inward = [probeAny, '', JSON.stringify(['put', subject().key(), 'v'])];
      const caller = await a.commit(probe, 'call', { args: inward, at: [a.mspId] });
      assert.equal(caller.code, 'ENDORSEMENT_POLICY_FAILURE');
    });

    it('lets the gateway find organisations for both policies', async () => {
      const { a, probe, probeAny } = subject();
      const args = [probe, '', JSON.stringify(['put', subject().key(), 'v'])];
      assert.equal((await a.commit(probeAny, 'call', { args })).code, 'VALID');
    });

    it("tells the transaction's own arguments and id to the one that is called", async () => {
      const { a, probe, probeAny } = subject();
      const proposal = a.proposal(probe, 'call', { args: [probeAny, '', '["transaction"]'] });
      const answer = JSON.parse(Buffer.from(await proposal.evaluate()).toString());
      const told = JSON.parse(answer.payload);
      assert.equal(told.id, proposal.getTransactionId());
      assert.deepEqual(told.arguments, ['transaction']);
    });

    it('hands the refusal of the one that was called to the caller, who may go on', async () => {
      const { a, probe, probeAny } = subject();
      const args = [probeAny, '', JSON.stringify(['refuse', 'PROBE_REFUSED: inside'])];
      assert.deepEqual(JSON.parse(await a.evaluate(probe, 'call', { args })), {
        status: 500,
        message: 'PROBE_REFUSED: inside',
        payload: '',
      });
    });

    it('keeps what the one that was called wrote before it refused, if the caller goes on', async () => {
      const { a, probe, probeAny } = subject();
      const key = subject().key();
      const args = [probeAny, '', JSON.stringify(['putThenRefuse', key, 'v'])];
      assert.equal((await a.commit(probe, 'call', { args, at: subject().mspIds })).code, 'VALID');
      assert.equal(await a.evaluate(probeAny, 'get', { args: [key] }), 'v');
    });

    it('fails where the gateway did not think of a caller that wrote nothing', async () => {
      const { a, probe, probeAny } = subject();
      const args = [probeAny, '', JSON.stringify(['put', subject().key(), 'v'])];
      assert.equal((await a.commit(probe, 'call', { args })).code, 'ENDORSEMENT_POLICY_FAILURE');
    });

    it('refuses a call of itself', async () => {
      const { a, probe } = subject();
      const answer = await refusal(a.evaluate(probe, 'call', { args: [probe, '', '["get","k"]'] }));
      assert.equal(answer.code, 2);
      assert.match(answer.message, /execute failed: error sending: txid: [0-9a-f]{64}\(\S+\) exists$/);
    });

    it('knows the channel by name, and no other', async () => {
      const { a, channel, probe, probeAny } = subject();
      const here = await a.evaluate(probe, 'call', { args: [probeAny, channel, '["get","k"]'] });
      assert.equal(JSON.parse(here).status, 200);
      const answer = await refusal(
        a.evaluate(probe, 'call', { args: [probeAny, 'nochannel', '["get","k"]'] }),
      );
      assert.match(answer.message, /: Failed to get policy manager for channel \[nochannel\]$/);
    });

    it('refuses a chaincode that is not there', async () => {
      const { a, probe } = subject();
      const answer = await refusal(a.evaluate(probe, 'call', { args: ['nochaincode', '', '["get","k"]'] }));
      assert.equal(answer.code, 2);
      const words = `[channel ${subject().channel}] failed to get chaincode container info for nochaincode`;
      assert.ok(answer.message.endsWith(`${words}: chaincode nochaincode not found`), answer.message);
    });

    it('emits the event of the one that was called first alone', async () => {
      const { a, probe, probeAny } = subject();
      const inner = JSON.stringify(['emit', 'inner', 'x']);
      const committed = await a.must(probe, 'callThenEmit', { args: [probeAny, inner, 'outer'] });
      const events = await a.network.getChaincodeEvents(probe, { startBlock: committed.blockNumber });
      for await (const event of events) {
        assert.equal(event.eventName, 'outer');
        assert.equal(event.transactionId, committed.transactionId);
        break;
      }
      events.close();
    });
  });
}
