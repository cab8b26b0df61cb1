// A round that was given up may have started from what nobody could open: its opener is not believed twice.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { StudyState } from '../study/ledger-state.ts';
import type { TrainerContext } from '../study/trainer-context.ts';
import { ARTEFACT, aConsent, aDossier, aStudy, SHA_A } from '../testing/study-rows.ts';
import { openRound } from './open.ts';

const AGAIN = { ...ARTEFACT, cid: `${ARTEFACT.cid.slice(0, -1)}a` };
const BASE = { artefact: ARTEFACT, parametersSha256: SHA_A };

async function openedWith(state: Pick<StudyState, 'latest'>, { isHeld }: { readonly isHeld: boolean }) {
  const submitted: unknown[] = [];
  const context = {
    mspId: 'A',
    ledger: {
      listMembers: async () => [],
      submit: async (_: string, argument: unknown) => {
        submitted.push(argument);
        return { transactionId: '' };
      },
    },
    journal: {
      aggregate: () => (isHeld ? new Uint8Array(8) : undefined),
      prepareSubmission: (_: unknown, body: string) => ({ body, idempotencyKey: 'key' }),
      concludeSubmission: () => undefined,
    },
    // A header can claim whatever it likes.
    exchange: { missingReaders: async () => [], seal: async () => AGAIN },
    models: { of: async () => ({ initial: { shared: new Float64Array(2) } }) },
    log: { info: () => undefined },
    afterStep: () => undefined,
  } as unknown as TrainerContext;
  const consents = ['A', 'B', 'C'].map((mspId) => aConsent(mspId));
  await openRound(context, { state: { study: aStudy(), consents, ...state }, round: 3 });
  return submitted;
}

it('a base is sealed again after a round that was given up, by whoever has the parameters', async () => {
  const latest = aDossier({ round: 2, state: 'aborted', base: BASE });
  assert.deepEqual(await openedWith({ latest }, { isHeld: true }), [
    { studyId: 'study', round: 3, base: AGAIN },
  ]);
  assert.deepEqual(await openedWith({ latest }, { isHeld: false }), [{ studyId: 'study', round: 3 }]);
});

it('a base is left as it is after a round that was finalised by the same members', async () => {
  const latest = aDossier({ round: 2, state: 'finalized', aggregate: BASE });
  assert.deepEqual(await openedWith({ latest }, { isHeld: true }), [{ studyId: 'study', round: 3 }]);
});
