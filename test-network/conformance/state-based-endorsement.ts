/** Keys that carry their own endorsement policy. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { refusal } from './outcome.ts';
import { allOf, encodePolicy, outOf, peerOf, type Rule } from './signature-policies.ts';
import type { Subject } from './subject.ts';

const REFUSED = 'ENDORSEMENT_POLICY_FAILURE';

export function stateBasedEndorsement(subject: () => Subject): void {
  describe('state-based endorsement', { concurrency: 8 }, () => {
    it('asks of a guarded key what its policy says, whatever the chaincode policy', async () => {
      const { put, mspIds } = await guarded(subject(), allOf(subject().mspIds.map(peerOf)));
      const [A, B] = mspIds;
      assert.equal(await put(A!, B!), REFUSED);
      assert.equal(await put(...mspIds), 'VALID');
    });

    it('lets the gateway find the organisations of a guarded key', async () => {
      const { a, b, probe, key } = await guarded(subject(), allOf(subject().mspIds.map(peerOf)));
      assert.equal((await a.commit(probe, 'put', { args: [key, 'x'] })).code, 'VALID');
      assert.equal((await b.commit(probe, 'put', { args: [key, 'y'] })).code, 'VALID');
    });

    it('replaces the chaincode policy, so a weaker key policy is enough', async () => {
      const { put, mspIds } = await guarded(subject(), peerOf(subject().mspIds[0]!));
      const [A, B, C] = mspIds as [string, string, string];
      assert.equal(await put(A), 'VALID');
      assert.equal(await put(B, C), REFUSED);
      assert.equal(await put(A, B), 'VALID');
    });

    it('does not guard the first write of a key', async () => {
      const { a, probe, mspIds } = subject();
      const policy = encodePolicy(allOf(mspIds.map(peerOf)));
      const call = { args: [subject().key(), 'v', policy], at: mspIds.slice(0, subject().majority) };
      assert.equal((await a.commit(probe, 'putWithPolicy', call)).code, 'VALID');
    });

    it('guards deletion, and forgets the policy with the key', async () => {
      const { a, probe, key, put, mspIds } = await guarded(subject(), allOf(subject().mspIds.map(peerOf)));
      const some = mspIds.slice(0, subject().majority);
      assert.equal((await a.commit(probe, 'delete', { args: [key], at: some })).code, REFUSED);
      assert.equal((await a.commit(probe, 'delete', { args: [key], at: mspIds })).code, 'VALID');
      assert.equal(await a.evaluate(probe, 'getPolicy', { args: [key] }), '');
      assert.equal(await put(...some), 'VALID');
    });

    it('guards the change of the policy itself, by the policy before the change', async () => {
      const { a, probe, key, put, mspIds } = await guarded(subject(), allOf(subject().mspIds.map(peerOf)));
      const [A, B] = mspIds as [string, string];
      const weaker = encodePolicy(peerOf(A));
      assert.equal((await a.commit(probe, 'setPolicy', { args: [key, weaker], at: [A, B] })).code, REFUSED);
      assert.equal((await a.commit(probe, 'setPolicy', { args: [key, weaker], at: mspIds })).code, 'VALID');
      assert.equal(await put(A), 'VALID');
    });

    it('leaves a key that shares nothing but the prefix unguarded', async () => {
      const { a, probe, key, mspIds } = await guarded(subject(), allOf(subject().mspIds.map(peerOf)));
      const call = { args: [`${key}x`, 'v'], at: mspIds.slice(0, subject().majority) };
      assert.equal((await a.commit(probe, 'put', call)).code, 'VALID');
    });

    it('asks for every key of a transaction what that key asks', async () => {
      const { a, probe, key, mspIds } = await guarded(subject(), peerOf(subject().mspIds[0]!));
      const [A] = mspIds as [string];
      const enough = mspIds.slice(0, subject().majority);
      const both = JSON.stringify({ [key]: 'x', [`${key}free`]: 'y' });
      assert.equal((await a.commit(probe, 'putAll', { args: [both], at: [A] })).code, REFUSED);
      assert.equal((await a.commit(probe, 'putAll', { args: [both], at: enough })).code, 'VALID');
    });

    it('does not guard reading', async () => {
      const { a, probe, key, mspIds } = await guarded(subject(), allOf(subject().mspIds.map(peerOf)));
      const args = [key, `${key}~`, `${key}count`];
      const call = { args, at: mspIds.slice(0, subject().majority) };
      assert.equal((await a.commit(probe, 'countInto', call)).code, 'VALID');
    });

    it('honours N of M', async () => {
      const [A, B, C] = subject().mspIds as [string, string, string];
      const { put } = await guarded(subject(), outOf(2, [A, B, C].map(peerOf)));
      assert.equal(await put(A), REFUSED);
      assert.equal(await put(B, C), 'VALID');
      assert.equal(await put(A, C), 'VALID');
    });

    it('honours nested rules: the owner, and two of all', async () => {
      const [A, B, C] = subject().mspIds as [string, string, string];
      const { put } = await guarded(subject(), allOf([peerOf(C), outOf(2, [A, B, C].map(peerOf))]));
      assert.equal(await put(A, B), REFUSED);
      assert.equal(await put(A, B, C), 'VALID');
    });

    it('lets the signature of one peer count once for a policy that asks for it twice', async () => {
      const [A, B] = subject().mspIds as [string, string];
      const { put } = await guarded(subject(), outOf(2, [peerOf(A), peerOf(A)]));
      assert.equal(await put(A), REFUSED);
      assert.equal(await put(A, B), REFUSED);
    });

    it('takes a peer for a member', async () => {
      const [A, B] = subject().mspIds as [string, string];
      const { put } = await guarded(subject(), allOf([A, B].map((mspId) => ({ mspId, role: 'MEMBER' }))));
      assert.equal(await put(A), REFUSED);
      assert.equal(await put(A, B), 'VALID');
    });

    it('never takes a peer for a client or an administrator', async () => {
      for (const role of ['CLIENT', 'ADMIN'] as const) {
        const { put, mspIds } = await guarded(subject(), { mspId: subject().mspIds[0]!, role });
        assert.equal(await put(...mspIds), REFUSED);
      }
    });

    it('satisfies a rule of none without asking anyone in particular', async () => {
      const { put, mspIds } = await guarded(subject(), outOf(0, []));
      assert.equal(await put(mspIds[1]!), 'VALID');
    });

    it('cannot endorse a write to a key whose policy is no policy', async () => {
      const { a, probe, mspIds } = subject();
      const key = subject().key();
      const rubbish = Buffer.from('rubbish').toString('base64');
      await a.must(probe, 'putWithPolicy', { args: [key, 'v', rubbish] });
      const answer = await refusal(a.commit(probe, 'put', { args: [key, 'x'], at: mspIds }));
      assert.equal(answer.error, 'EndorseError');
      assert.equal(answer.details.length, mspIds.length);
      for (const detail of answer.details) {
        assert.match(detail, /^\S+ error in simulation: error unmarshalling SignaturePolicyEnvelope: /);
      }
    });

    it('tells a client that no peers can satisfy a key, where the gateway chooses', async () => {
      const [A, B] = subject().mspIds as [string, string];
      const none = 'no peer combination can satisfy the endorsement policy';
      const impossible = 'state based endorsement policy cannot be satisfied';
      const cases: [Rule, string][] = [
        [peerOf('NobodyMSP'), none],
        [{ mspId: A, role: 'CLIENT' }, none],
        [{ mspId: A, role: 'ADMIN' }, none],
        [outOf(2, [peerOf(A), peerOf(A)]), none],
        [outOf(3, [peerOf(A), peerOf(B)]), impossible],
        [outOf(0, []), impossible],
      ];
      for (const [rule, words] of cases) {
        const { a, probe, key } = await guarded(subject(), rule);
        const answer = await refusal(a.commit(probe, 'put', { args: [key, 'v'] }));
        assert.equal(answer.error, 'EndorseError');
        const prefix =
          '9 FAILED_PRECONDITION: no combination of peers can be derived which satisfy the endorsement';
        assert.equal(answer.message, `${prefix} policy: ${words}`);
      }
    });

    it('asks for all keys of a transaction together', async () => {
      const [A, , C] = subject().mspIds as [string, string, string];
      const { a, probe, key } = await guarded(subject(), peerOf(A));
      const other = await guarded(subject(), peerOf(C));
      const both = JSON.stringify({ [key]: 'x', [other.key]: 'y' });
      assert.equal((await a.commit(probe, 'putAll', { args: [both] })).code, 'VALID');
      assert.equal((await a.commit(probe, 'putAll', { args: [both], at: [A] })).code, REFUSED);
    });

    it('keeps the policy a key was given, and gives it to readers', async () => {
      const policy = encodePolicy(allOf(subject().mspIds.map(peerOf)));
      const { a, probe, key } = await guarded(subject(), allOf(subject().mspIds.map(peerOf)));
      assert.equal(await a.evaluate(probe, 'getPolicy', { args: [key] }), policy);
      await a.must(probe, 'put', { args: [key, 'x'] });
      assert.equal(await a.evaluate(probe, 'getPolicy', { args: [key] }), policy);
    });

    it('keeps the value when only the policy changes', async () => {
      const { a, probe, key } = await guarded(subject(), peerOf(subject().mspIds[0]!));
      await a.must(probe, 'setPolicy', {
        args: [key, encodePolicy(peerOf(subject().mspIds[1]!))],
        at: subject().mspIds,
      });
      assert.equal(await a.evaluate(probe, 'get', { args: [key] }), 'guarded');
    });

    it('ignores a policy for a key that does not exist', async () => {
      const { a, probe, mspIds, majority } = subject();
      const key = subject().key();
      const policy = encodePolicy(allOf(mspIds.map(peerOf)));
      assert.equal((await a.commit(probe, 'setPolicy', { args: [key, policy] })).code, 'VALID');
      assert.equal(await a.evaluate(probe, 'getPolicy', { args: [key] }), '');
      const call = { args: [key, 'v'], at: mspIds.slice(0, majority) };
      assert.equal((await a.commit(probe, 'put', call)).code, 'VALID');
    });

    it('makes a write invalid that was endorsed before the policy changed', async () => {
      const { a, probe, key, mspIds } = await guarded(subject(), outOf(1, subject().mspIds.map(peerOf)));
      const early = await a.endorse(probe, 'put', { args: [key, 'early'], at: [mspIds[0]!] });
      const strict = encodePolicy(allOf(mspIds.map(peerOf)));
      await a.must(probe, 'setPolicy', { args: [key, strict], at: [mspIds[0]!] });
      assert.equal((await a.send(early)).code, REFUSED);
    });

    it('refuses a write in the same block as a change of its key policy, whoever endorsed it', async () => {
      const { a, probe, key, mspIds } = await guarded(subject(), allOf(subject().mspIds.map(peerOf)));
      const policy = encodePolicy(outOf(1, mspIds.map(peerOf)));
      for (let attempt = 0; attempt < 5; attempt += 1) {
        const change = await a.endorse(probe, 'setPolicy', { args: [key, policy], at: mspIds });
        const write = await a.endorse(probe, 'put', { args: [key, 'x'], at: mspIds });
        const changing = await change.submit();
        const written = await a.send(write);
        const changed = await changing.getStatus();
        assert.equal(changed.successful, true);
        if (changed.blockNumber !== written.blockNumber) continue;
        assert.equal(written.code, REFUSED);
        return;
      }
      assert.fail('five attempts never put the two transactions into one block');
    });
  });
}

/** A fresh key with the value "guarded" and the rule as its policy, and a way to write to it. */
async function guarded(subject: Subject, rule: Rule) {
  const { a, probe, mspIds } = subject;
  const key = subject.key();
  await a.must(probe, 'putWithPolicy', { args: [key, 'guarded', encodePolicy(rule)] });
  const put = async (...at: string[]) => (await a.commit(probe, 'put', { args: [key, 'v'], at })).code;
  return { a, b: subject.b, probe, key, mspIds, put };
}
