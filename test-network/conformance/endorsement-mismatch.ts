/** Peers that do not say the same. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { refusal } from './outcome.ts';
import type { Subject } from './subject.ts';

const COLLECTING =
  '10 ABORTED: failed to collect enough transaction endorsements, see attached details for more info';

export function endorsementMismatch(subject: () => Subject): void {
  describe('endorsements that differ', { concurrency: 8 }, () => {
    for (const [what, method] of [
      ['writes', 'putPeer'],
      ['return values', 'returnPeer'],
      ['events', 'emitPeer'],
    ] as const) {
      it(`are refused by the gateway when their ${what} differ`, async () => {
        const { a, probe, mspIds, majority } = subject();
        const key = subject().key();
        const answer = await refusal(a.commit(probe, method, { args: [key] }));
        assert.equal(answer.error, 'EndorseError');
        assert.equal(answer.code, 10);
        assert.equal(answer.message, COLLECTING);
        const others = mspIds.filter((mspId) => mspId !== a.mspId);
        const words = others.map((mspId) => `${mspId} ProposalResponsePayloads do not match`);
        // The gateway asks as many others as the policy needs, and gives up when no combination is left.
        assert.ok(answer.details.length >= mspIds.length - majority + 1);
        for (const detail of answer.details) assert.ok(words.includes(detail), detail);
        assert.equal(await a.evaluate(probe, 'get', { args: [key] }), '');
      });
    }

    it('are refused also where the client chose the organisations', async () => {
      const { a, b, probe } = subject();
      const key = subject().key();
      const call = { args: [key], at: [a.mspId, b.mspId] };
      const answer = await refusal(a.commit(probe, 'putPeer', call));
      assert.equal(answer.message, COLLECTING);
      assert.equal(answer.details.length, 1);
      assert.match(answer.details[0]!, / ProposalResponsePayloads do not match$/);
      assert.equal(await a.evaluate(probe, 'get', { args: [key] }), '');
    });

    it('do not matter where one endorsement is enough', async () => {
      const { b, probeAny } = subject();
      const key = subject().key();
      const committed = await b.commit(probeAny, 'putPeer', { args: [key] });
      assert.equal(committed.code, 'VALID');
      assert.equal(await b.evaluate(probeAny, 'get', { args: [key] }), b.mspId);
    });
  });
}
