/** Who may call: certificates, their MSP, their validity, and what the chaincode learns about the caller. */

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { forgeProposal, type ProposalParts } from './forgery.ts';
import { refusal } from './outcome.ts';
import { otherForm } from './signature-forms.ts';
import type { Subject } from './subject.ts';

const FIRST_ENDORSER = '10 ABORTED: failed to endorse transaction, see attached details for more info';
const NO_CLOCK = 'not run: peers of Fabric 2 do not look at the clock';
const ROLES = ['operator', 'steward', 'researcher', 'trainer', 'auditor'];

export function identities(subject: () => Subject): void {
  describe('identities', { concurrency: 8 }, () => {
    it("tells the chaincode the caller's organisation and role attribute", async () => {
      const { probe, organisations } = subject();
      for (const role of ROLES) {
        const caller = JSON.parse(await subject().client(0, role).evaluate(probe, 'caller'));
        assert.equal(caller.mspId, organisations[0]!.mspId);
        assert.equal(caller.role, role);
        assert.match(caller.id, /^x509::.*::/);
      }
    });

    it('tells the chaincode of no role where the certificate has none', async () => {
      const { probe } = subject();
      const caller = JSON.parse(await subject().client(0, 'admin').evaluate(probe, 'caller'));
      assert.equal(caller.role, null);
    });

    it("lets another organisation's client submit at this organisation's peer", async () => {
      const { probe, organisations } = subject();
      const guest = subject().impostor(0, organisations[1]!.clients.operator!, organisations[1]!.mspId);
      const committed = await guest.commit(probe, 'put', { args: [subject().key(), 'v'] });
      assert.equal(committed.code, 'VALID');
    });

    it("refuses a signature by a key that is not the certificate's", async () => {
      const { a, channel, probe, organisations } = subject();
      const { operator, steward } = organisations[0]!.clients;
      const client = subject().impostor(0, {
        certificate: operator!.certificate,
        privateKey: steward!.privateKey,
      });
      const words = `error validating proposal: access denied: channel [${channel}] creator org [${a.mspId}]`;
      assert.deepEqual(await refusal(client.evaluate(probe, 'get', { args: ['x'] })), {
        error: 'GatewayError',
        code: 9,
        message: `9 FAILED_PRECONDITION: evaluate call to endorser returned error: ${words}`,
        details: [`${a.mspId} ${words}`],
      });
      assert.deepEqual(await refusal(client.commit(probe, 'put', { args: ['x', 'y'] })), {
        error: 'EndorseError',
        code: 10,
        message: FIRST_ENDORSER,
        details: [`${a.mspId} ${words}`],
      });
    });

    it("refuses another organisation's certificate under our MSP id", async () => {
      const { probe, organisations } = subject();
      const client = subject().impostor(0, organisations[1]!.clients.operator!, organisations[0]!.mspId);
      assert.deepEqual(
        await refusal(client.commit(probe, 'put', { args: ['x', 'y'] })),
        malformed(subject()),
      );
    });

    it('refuses an MSP id that is not in the channel', async () => {
      const { probe, organisations } = subject();
      const client = subject().impostor(0, organisations[0]!.clients.operator!, 'NobodyMSP');
      assert.deepEqual(
        await refusal(client.commit(probe, 'put', { args: ['x', 'y'] })),
        malformed(subject()),
      );
    });

    it('refuses a certificate that is not one', async () => {
      const { probe, organisations } = subject();
      const client = subject().impostor(0, {
        certificate: 'not a certificate',
        privateKey: organisations[0]!.clients.operator!.privateKey,
      });
      assert.deepEqual(
        await refusal(client.commit(probe, 'put', { args: ['x', 'y'] })),
        malformed(subject()),
      );
    });

    it('refuses an empty certificate', async () => {
      const { probe, organisations } = subject();
      const client = subject().impostor(0, {
        certificate: '',
        privateKey: organisations[0]!.clients.operator!.privateKey,
      });
      assert.deepEqual(
        await refusal(client.commit(probe, 'put', { args: ['x', 'y'] })),
        malformed(subject()),
      );
    });

    it('refuses a strange key of another kind', async () => {
      const { a, channel, probe, organisations } = subject();
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const client = subject().impostor(0, {
        certificate: organisations[0]!.clients.operator!.certificate,
        privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      });
      const answer = await refusal(client.commit(probe, 'put', { args: ['x', 'y'] }));
      assert.deepEqual(answer.details, [
        `${a.mspId} error validating proposal: access denied: channel [${channel}] creator org [${a.mspId}]`,
      ]);
    });

    it('refuses the higher of the two forms of a signature', async () => {
      const { a, channel, probe } = subject();
      const proposal = a.proposal(probe, 'get', { args: ['x'] });
      const low = await a.sign(proposal.getDigest());
      const high = a.gateway.newSignedProposal(proposal.getBytes(), otherForm(low));
      const words = `error validating proposal: access denied: channel [${channel}] creator org [${a.mspId}]`;
      assert.deepEqual((await refusal(high.evaluate())).details, [`${a.mspId} ${words}`]);
      const good = a.gateway.newSignedProposal(proposal.getBytes(), low);
      assert.equal(Buffer.from(await good.evaluate()).toString(), '');
    });

    it('refuses a certificate whose time is over', async (t) => {
      const { a, channel, isFabric2, probe, oddIdentities } = subject();
      if (!oddIdentities) return t.skip('not run: the network offers no expired certificate');
      const client = subject().impostor(0, oddIdentities.expired);
      const unknown =
        `error validating proposal: access denied: channel [${channel}] ` +
        'creator org unknown, creator is malformed';
      assert.deepEqual(await refusal(client.commit(probe, 'put', { args: ['x', 'y'] })), {
        error: 'EndorseError',
        code: 10,
        message: FIRST_ENDORSER,
        details: [`${a.mspId} ${isFabric2 ? unknown : 'proposal client identity expired'}`],
      });
    });

    it('refuses a certificate that belongs to no role', async (t) => {
      const { a, channel, probe, oddIdentities } = subject();
      if (!oddIdentities) return t.skip('not run: the network offers no certificate without a role');
      const client = subject().impostor(0, oddIdentities.noRole);
      assert.deepEqual(await refusal(client.commit(probe, 'put', { args: ['x', 'y'] })), {
        error: 'EndorseError',
        code: 10,
        message: FIRST_ENDORSER,
        details: [
          `${a.mspId} error validating proposal: access denied: ` +
            `channel [${channel}] creator org [${a.mspId}]`,
        ],
      });
    });

    it('refuses a proposal whose clock is an hour away', async (t) => {
      if (subject().isFabric2) return t.skip(NO_CLOCK);
      const { a, probe } = subject();
      for (const seconds of [3600, -3600]) {
        const proposal = a.proposal(probe, 'put', { args: [subject().key(), 'v'] });
        const skewed = forgeProposal(proposal, a, ({ channelHeader }) => {
          const time = channelHeader.getTimestamp()!;
          time.setSeconds(time.getSeconds() + seconds);
        });
        const answer = await refusal(skewed.endorse());
        assert.equal(answer.message, FIRST_ENDORSER);
        assert.equal(answer.details.length, 1);
        assert.match(answer.details[0]!, /request unauthorized due to incorrect timestamp/);
      }
    });

    it('answers an evaluation whose clock is an hour away as if no peer were there', async (t) => {
      if (subject().isFabric2) return t.skip(NO_CLOCK);
      const { a, probe, mspIds } = subject();
      const skewed = forgeProposal(a.proposal(probe, 'get', { args: ['x'] }), a, ({ channelHeader }) => {
        const time = channelHeader.getTimestamp()!;
        time.setSeconds(time.getSeconds() - 3600);
      });
      const answer = await refusal(skewed.evaluate());
      assert.equal(answer.code, 14);
      assert.equal(answer.details.length, mspIds.length);
    });

    it('refuses a proposal whose header is not whole', async () => {
      const { a, probe } = subject();
      const ask = async (change: (parts: ProposalParts) => void) =>
        (await refusal(forgeProposal(a.proposal(probe, 'get', { args: ['x'] }), a, change).endorse()))
          .details;
      const say = (words: string) => [`${a.mspId} error validating proposal: ${words}`];
      assert.deepEqual(
        await ask(({ signatureHeader }) => signatureHeader.setNonce('')),
        say('nonce is empty'),
      );
      assert.deepEqual(await ask(({ channelHeader }) => channelHeader.setEpoch(3)), say('epoch is non-zero'));
    });

    it('accepts a proposal whose clock is five minutes away', async () => {
      const { a, probe } = subject();
      const proposal = a.proposal(probe, 'put', { args: [subject().key(), 'v'] });
      const skewed = forgeProposal(proposal, a, ({ channelHeader }) => {
        const time = channelHeader.getTimestamp()!;
        time.setSeconds(time.getSeconds() - 300);
      });
      assert.equal((await a.send(await skewed.endorse())).code, 'VALID');
    });
  });
}

function malformed({ a, channel }: Subject) {
  return {
    error: 'EndorseError',
    code: 10,
    message: FIRST_ENDORSER,
    details: [
      `${a.mspId} error validating proposal: access denied: channel [${channel}] creator org unknown, ` +
        'creator is malformed',
    ],
  };
}
