/** Endorsement policies of chaincodes: how many organisations, which, and what the gateway does by itself. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { refusal } from './outcome.ts';
import type { Subject } from './subject.ts';

export function policies(subject: () => Subject): void {
  describe('chaincode policies', { concurrency: 8 }, () => {
    it('refuses fewer endorsements than a majority of organisations', async () => {
      const { a, b, probe, mspIds, majority } = subject();
      const key = subject().key();
      const call = { args: [key, 'v'], at: mspIds.slice(0, majority - 1) };
      assert.equal((await a.commit(probe, 'put', call)).code, 'ENDORSEMENT_POLICY_FAILURE');
      for (const client of [a, b]) assert.equal(await client.evaluate(probe, 'get', { args: [key] }), '');
    });

    it('accepts a majority, and all', async () => {
      const { a, probe, mspIds, majority } = subject();
      for (const at of [mspIds.slice(0, majority), mspIds.slice(-majority), mspIds]) {
        const committed = await a.commit(probe, 'put', { args: [subject().key(), 'v'], at });
        assert.equal(committed.code, 'VALID');
      }
    });

    it('accepts endorsements of others than the submitting organisation', async () => {
      const { a, probe, mspIds, majority } = subject();
      const call = { args: [subject().key(), 'v'], at: mspIds.slice(1, 1 + majority) };
      assert.equal((await a.commit(probe, 'put', call)).code, 'VALID');
    });

    it('lets the gateway choose enough organisations by itself', async () => {
      const { a, b, c, probe } = subject();
      for (const client of [a, b, c]) {
        assert.equal((await client.commit(probe, 'put', { args: [subject().key(), 'v'] })).code, 'VALID');
      }
    });

    it('accepts any one organisation where the policy says so', async () => {
      const { a, probeAny, mspIds } = subject();
      for (const mspId of mspIds) {
        const call = { args: [subject().key(), 'v'], at: [mspId] };
        assert.equal((await a.commit(probeAny, 'put', call)).code, 'VALID');
      }
    });

    it('honours nested rules', async () => {
      const { a, probeNested, mspIds } = subject();
      const [A, B, C] = mspIds as [string, string, string];
      const codeAt = async (...at: string[]) =>
        (await a.commit(probeNested, 'put', { args: [subject().key(), 'v'], at })).code;
      assert.equal(await codeAt(A), 'VALID');
      assert.equal(await codeAt(B), 'ENDORSEMENT_POLICY_FAILURE');
      assert.equal(await codeAt(C), 'ENDORSEMENT_POLICY_FAILURE');
      assert.equal(await codeAt(B, C), 'VALID');
      assert.equal(await codeAt(A, B), 'VALID');
    });

    it('finds, for nested rules, the organisations that can endorse', async () => {
      const { a, b, c, probeNested } = subject();
      for (const client of [a, b, c]) {
        const committed = await client.commit(probeNested, 'put', { args: [subject().key(), 'v'] });
        assert.equal(committed.code, 'VALID');
      }
    });

    it('finds another combination when one organisation refuses', async () => {
      const { b, probeNested, mspIds } = subject();
      const refusing = await b.commit(probeNested, 'putUnlessAt', {
        args: [mspIds[2]!, subject().key(), 'v'],
      });
      assert.equal(refusing.code, 'VALID');
    });

    it('tells why when no combination is left', async () => {
      const { b, probe, mspIds } = subject();
      const [A, B, C] = mspIds as [string, string, string];
      const answer = await refusal(
        b.commit(probe, 'putUnlessAt', { args: [A, subject().key(), 'v'], at: [A, B, C] }),
      );
      assert.deepEqual(answer, {
        error: 'EndorseError',
        code: 10,
        message:
          '10 ABORTED: failed to collect enough transaction endorsements, see attached details for more info',
        details: [`${A} chaincode response 500, PROBE_REFUSED: not at ${A}`],
      });
    });

    it('runs an evaluation on the peer of the organisation asked for', async () => {
      const { a, probe, mspIds } = subject();
      assert.equal(await a.evaluate(probe, 'peer'), a.mspId);
      for (const mspId of mspIds) assert.equal(await a.evaluate(probe, 'peer', { at: [mspId] }), mspId);
    });
  });
}
