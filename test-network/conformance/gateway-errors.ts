/** Which errors an honest client gets when its call cannot succeed. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { endedAtDeadline, refusal } from './outcome.ts';
import { endorseNothing, evaluateNothing, submitEnvelope, submitNothing, unary } from './raw-gateway.ts';
import type { Subject } from './subject.ts';

const ABORTED = 10;
const UNKNOWN = 2;
const FAILED_PRECONDITION = 9;
const UNAVAILABLE = 14;
const INVALID_ARGUMENT = 3;
const FIRST_ENDORSER = '10 ABORTED: failed to endorse transaction, see attached details for more info';
const COLLECTING =
  '10 ABORTED: failed to collect enough transaction endorsements, see attached details for more info';

export function gatewayErrors(subject: () => Subject): void {
  describe('gateway errors', { concurrency: 8 }, () => {
    it("passes on the chaincode's refusal of a submission with the peer's name", async () => {
      const { a, probe } = subject();
      const answer = await refusal(a.commit(probe, 'refuse', { args: ['PROBE_REFUSED: as asked'] }));
      assert.deepEqual(answer, {
        error: 'EndorseError',
        code: ABORTED,
        message: FIRST_ENDORSER,
        details: [`${a.mspId} chaincode response 500, PROBE_REFUSED: as asked`],
      });
    });

    it("passes on the chaincode's refusal of an evaluation in the message itself", async () => {
      const { a, probe } = subject();
      const answer = await refusal(a.evaluate(probe, 'refuse', { args: ['PROBE_REFUSED: as asked'] }));
      assert.deepEqual(answer, {
        error: 'GatewayError',
        code: UNKNOWN,
        message:
          '2 UNKNOWN: evaluate call to endorser returned error: chaincode response 500, ' +
          'PROBE_REFUSED: as asked',
        details: [`${a.mspId} chaincode response 500, PROBE_REFUSED: as asked`],
      });
    });

    it('refuses a call with the wrong number of arguments', async () => {
      const { a, probe } = subject();
      const answer = await refusal(a.evaluate(probe, 'put', { args: ['lonely'] }));
      const words = 'chaincode response 500, Expected 2 parameters, but 1 have been supplied';
      assert.deepEqual(answer, {
        error: 'GatewayError',
        code: UNKNOWN,
        message: `2 UNKNOWN: evaluate call to endorser returned error: ${words}`,
        details: [`${a.mspId} ${words}`],
      });
    });

    it('refuses a function the chaincode does not have', async () => {
      const { a, probe } = subject();
      const answer = await refusal(a.evaluate(probe, 'nothing'));
      const words = "chaincode response 500, You've asked to invoke a function that does not exist: nothing";
      assert.equal(answer.code, UNKNOWN);
      assert.deepEqual(answer.details, [`${a.mspId} ${words}`]);
    });

    it('refuses a submission to a chaincode that was never deployed', async () => {
      const { a, channel } = subject();
      assert.deepEqual(await refusal(a.commit('nochaincode', 'get', { args: ['x'] })), {
        error: 'EndorseError',
        code: FAILED_PRECONDITION,
        message:
          '9 FAILED_PRECONDITION: no combination of peers can be derived which satisfy the endorsement ' +
          `policy: No metadata was found for chaincode nochaincode in channel ${channel}`,
        details: [],
      });
    });

    it('refuses an evaluation by a chaincode that was never deployed', async () => {
      const { a, channel } = subject();
      assert.deepEqual(await refusal(a.evaluate('nochaincode', 'get', { args: ['x'] })), {
        error: 'GatewayError',
        code: FAILED_PRECONDITION,
        message:
          '9 FAILED_PRECONDITION: no peers available to evaluate chaincode ' +
          `nochaincode in channel ${channel}`,
        details: [],
      });
    });

    it('refuses a channel that does not exist', async () => {
      const client = subject().elsewhere('nochannel');
      const words =
        '14 UNAVAILABLE: failed to get config for channel [nochannel]: could not get last config for ' +
        'channel nochannel';
      assert.deepEqual(await refusal(client.evaluate(subject().probe, 'get', { args: ['x'] })), {
        error: 'GatewayError',
        code: UNAVAILABLE,
        message: words,
        details: [],
      });
    });

    it('refuses a submission on a channel that does not exist', async () => {
      const client = subject().elsewhere('nochannel');
      const answer = await refusal(client.commit(subject().probe, 'put', { args: ['x', 'y'] }));
      assert.deepEqual(answer, {
        error: 'EndorseError',
        code: FAILED_PRECONDITION,
        message:
          '9 FAILED_PRECONDITION: no combination of peers can be derived which satisfy the endorsement ' +
          `policy: No metadata was found for chaincode ${subject().probe} in channel nochannel`,
        details: [],
      });
    });

    it('refuses to ask an organisation that is not there', async () => {
      const { a, probe } = subject();
      const call = a.commit(probe, 'put', { args: ['x', 'y'], at: ['NobodyMSP'] });
      assert.deepEqual(await refusal(call), {
        error: 'EndorseError',
        code: UNAVAILABLE,
        message: '14 UNAVAILABLE: failed to find any endorsing peers for org(s): NobodyMSP',
        details: [],
      });
    });

    it('refuses to evaluate at an organisation that is not there', async () => {
      const { a, probe, channel } = subject();
      const answer = await refusal(a.evaluate(probe, 'peer', { at: ['NobodyMSP'] }));
      assert.deepEqual(answer, {
        error: 'GatewayError',
        code: FAILED_PRECONDITION,
        message:
          '9 FAILED_PRECONDITION: no peers available to evaluate chaincode ' +
          `${probe} in channel ${channel}`,
        details: [],
      });
    });

    it('asks an organisation once that was named twice', async () => {
      const { a, probe } = subject();
      const committed = await a.commit(probe, 'put', {
        args: [subject().key(), 'v'],
        at: [a.mspId, a.mspId],
      });
      assert.equal(committed.code, 'ENDORSEMENT_POLICY_FAILURE');
    });

    it('goes on to other organisations when a peer that is not its own refuses', async () => {
      const { a, b, probe, key, organisations } = bind(subject());
      const committed = await a.commit(probe, 'putUnlessAt', { args: [b.mspId, key, 'v'] });
      assert.ok(organisations.length >= 3);
      assert.equal(committed.code, 'VALID');
    });

    it("does not go on when the gateway's own peer refuses", async () => {
      const { a, probe, key } = bind(subject());
      const answer = await refusal(a.commit(probe, 'putUnlessAt', { args: [a.mspId, key, 'v'] }));
      assert.deepEqual(answer, {
        error: 'EndorseError',
        code: ABORTED,
        message: FIRST_ENDORSER,
        details: [`${a.mspId} chaincode response 500, PROBE_REFUSED: not at ${a.mspId}`],
      });
    });

    it("gives every refusing peer's own words when too few are left", async () => {
      const { a, probe, mspIds, majority } = subject();
      const others = mspIds.filter((mspId) => mspId !== a.mspId);
      const answer = await refusal(
        a.commit(probe, 'putUnlessAt', { args: [others.join(','), subject().key(), 'v'] }),
      );
      assert.equal(answer.error, 'EndorseError');
      assert.equal(answer.code, ABORTED);
      assert.equal(answer.message, COLLECTING);
      assert.ok(answer.details.length >= mspIds.length - majority + 1);
      const words = others.map((mspId) => `${mspId} chaincode response 500, PROBE_REFUSED: not at ${mspId}`);
      for (const detail of answer.details) assert.ok(words.includes(detail), detail);
    });

    it('names the refusing peer when every organisation asked for is needed', async () => {
      const { a, b, probe, key } = bind(subject());
      const call = { args: [b.mspId, key, 'v'], at: [a.mspId, b.mspId] };
      assert.deepEqual(await refusal(a.commit(probe, 'putUnlessAt', call)), {
        error: 'EndorseError',
        code: ABORTED,
        message: COLLECTING,
        details: [`${b.mspId} chaincode response 500, PROBE_REFUSED: not at ${b.mspId}`],
      });
    });

    it('keeps nothing of a transaction the chaincode refused after writing', async () => {
      const { a, probe, key } = bind(subject());
      await refusal(a.commit(probe, 'putThenRefuse', { args: [key, 'v'] }));
      assert.equal(await a.evaluate(probe, 'get', { args: [key] }), '');
    });

    it("ends an evaluation at the client's deadline", async () => {
      const { a, probe } = subject();
      const proposal = a.proposal(probe, 'sleep', { args: ['3000'] });
      const answer = await refusal(proposal.evaluate({ deadline: Date.now() + 700 }));
      assert.equal(answer.error, 'GatewayError');
      assert.ok(endedAtDeadline(answer), answer.message);
    });

    it("ends an endorsement at the client's deadline", async () => {
      const { a, probe } = subject();
      const proposal = a.proposal(probe, 'sleep', { args: ['3000'] });
      const answer = await refusal(proposal.endorse({ deadline: Date.now() + 700 }));
      assert.equal(answer.error, 'EndorseError');
      assert.ok(endedAtDeadline(answer), answer.message);
    });

    it('cannot be reached by one who trusts another certificate authority', async () => {
      const { organisations } = subject();
      const { code } = await unary(organisations[0]!, organisations[1]!.tlsRootCertificate);
      assert.equal(code, UNAVAILABLE);
    });

    it('refuses empty requests', async () => {
      const { a, channel } = subject();
      assert.deepEqual(await endorseNothing(a), {
        code: INVALID_ARGUMENT,
        message: 'the proposed transaction must contain a signed proposal',
      });
      assert.deepEqual(await evaluateNothing(a), {
        code: INVALID_ARGUMENT,
        message: 'failed to unpack transaction proposal: a signed proposal is required',
      });
      assert.deepEqual(await submitNothing(a, channel), {
        code: INVALID_ARGUMENT,
        message: 'a prepared transaction is required',
      });
      const unsigned = { payload: Buffer.from('x'), signature: Buffer.alloc(0) };
      assert.deepEqual(await submitEnvelope(a, channel, unsigned), {
        code: INVALID_ARGUMENT,
        message: 'prepared transaction must be signed',
      });
    });
  });
}

function bind(subject: Subject) {
  const { a, b, c, probe, organisations } = subject;
  return { a, b, c, probe, organisations, key: subject.key() };
}
