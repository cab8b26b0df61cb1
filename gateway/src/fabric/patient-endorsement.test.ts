import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DomainError } from '@consilium/domain';
import { LedgerError } from './ledger.ts';
import type { StepFailure } from './ledger-failures.ts';
import { endorsePatiently } from './patient-endorsement.ts';
import { PeerHeights } from './peer-heights.ts';

const OWN = 'NorthMSP';
const NOT_FOUND = 'chaincode response 500, STUDY_NOT_FOUND: no study x';
const DIFFERS = 'ProposalResponsePayloads do not match';
const TIME_MS = 30_000;

const refusal = (message: string, ...mspIds: readonly string[]) => ({
  failure: {
    ownMspId: OWN,
    step: 'endorse',
    transactionId: 'tx',
    answer: { code: 10, message: 'aborted', details: mspIds.map((mspId) => ({ mspId, message })) },
    late: false,
    cause: undefined,
  } satisfies StepFailure,
});
const timeUp = {
  failure: { ...refusal('').failure, answer: { code: 4, message: 'deadline', details: [] }, late: true },
};
const endorsed = { endorsed: 'endorsed' };

interface World {
  /** Blocks of each organisation's peer at this time; undefined where it does not say. */
  readonly heights: (mspId: string, nowMs: number) => number | undefined;
  readonly answers: (nowMs: number) => { endorsed: string } | { failure: StepFailure };
}

/** Asks in a time of its own, in which only waiting takes any. */
async function ask({ heights, answers }: World) {
  let nowMs = 0;
  let asked = 0;
  let looked = 0;
  const outcome: unknown = await endorsePatiently({
    ask: async () => {
      asked += 1;
      return answers(nowMs);
    },
    heights: new PeerHeights(OWN, async (mspId) => {
      if (mspId === OWN) looked += 1;
      return heights(mspId, nowMs);
    }),
    deadline: TIME_MS,
    log: { info: () => {} },
    pause: async (ms) => {
      nowMs += ms;
    },
    now: () => nowMs,
  }).catch((error: unknown) => error);
  return { outcome, asked, looked, nowMs };
}

const refused = ({ outcome }: { outcome: unknown }) => {
  assert.ok(outcome instanceof DomainError || outcome instanceof LedgerError, String(outcome));
  return outcome;
};

test('a peer that is behind is waited for until it has the blocks, however many come in the meantime', async () => {
  const caughtUpMs = 12_000;
  const done = await ask({
    // The own peer gets a block every 100 ms, and the other stays one behind it.
    heights: (mspId, now) => Math.floor(now / 100) + (mspId === OWN ? 40 : now < caughtUpMs ? -200 : 39),
    answers: (now) => (now < caughtUpMs ? refusal(NOT_FOUND, 'SouthMSP') : endorsed),
  });
  assert.equal(done.outcome, 'endorsed');
  assert.ok(done.nowMs < caughtUpMs + 1_600, String(done.nowMs));
});

test('a refusal by old rows that stays is answered ENDORSERS_BEHIND, with the heights', async () => {
  const done = await ask({
    heights: (mspId) => (mspId === 'SouthMSP' ? 40 : 45),
    answers: () => refusal(NOT_FOUND, 'SouthMSP', 'WestMSP'),
  });
  const error = refused(done) as LedgerError;
  assert.equal(error.code, 'ENDORSERS_BEHIND');
  assert.deepEqual(error.refusals, [
    { mspId: 'SouthMSP', message: 'has 40 of 45 blocks' },
    { mspId: 'WestMSP', message: NOT_FOUND },
  ]);
  assert.ok(done.nowMs > TIME_MS - 1_600 && done.nowMs < TIME_MS, String(done.nowMs));
});

test('where the time is up while a peer is behind, that is the answer', async () => {
  const done = await ask({
    heights: (mspId) => (mspId === OWN ? 45 : 40),
    answers: (now) => (now < 5_000 ? refusal(NOT_FOUND, 'SouthMSP') : timeUp),
  });
  const error = refused(done) as LedgerError;
  assert.equal(error.code, 'ENDORSERS_BEHIND');
  assert.deepEqual(error.refusals, [{ mspId: 'SouthMSP', message: 'has 40 of 45 blocks' }]);
});

for (const [what, heights] of [
  ['that have all blocks', () => 45],
  ['that do not say how many blocks they have', (mspId: string) => (mspId === OWN ? 45 : undefined)],
  ['whose height cannot be compared', (mspId: string) => (mspId === OWN ? undefined : 40)],
  ['that have more blocks', (mspId: string) => (mspId === OWN ? 45 : 46)],
] as const) {
  test(`a refusal by peers ${what} is final after 1.55 s, and they are looked at once`, async () => {
    const done = await ask({ heights, answers: () => refusal(NOT_FOUND, 'SouthMSP') });
    const { asked, looked, nowMs } = done;
    assert.equal(refused(done).code, 'STUDY_NOT_FOUND');
    assert.deepEqual({ asked, looked, nowMs }, { asked: 6, looked: 1, nowMs: 1_550 });
  });
}

test('a refusal counts only from a peer that had the blocks before it was asked', async () => {
  // It gets them between its refusal and the look.
  const done = await ask({
    heights: () => 45,
    answers: (now) => (now < 1_550 ? refusal(NOT_FOUND, 'SouthMSP') : endorsed),
  });
  assert.equal(done.outcome, 'endorsed');
});

test('a refusal that the own peer shares, or that no block explains, is final at once', async () => {
  for (const answer of [
    refusal(NOT_FOUND, OWN),
    refusal(NOT_FOUND, 'SouthMSP', OWN),
    refusal('chaincode response 500, ROLE_REQUIRED: this needs steward', 'SouthMSP'),
  ]) {
    const done = await ask({ heights: () => 45, answers: () => answer });
    assert.ok(refused(done) instanceof DomainError);
    assert.deepEqual([done.asked, done.looked, done.nowMs], [1, 0, 0]);
  }
});

test('where answers differ, the own peer may be the one that is behind', async () => {
  const heights = (mspId: string, now: number) => (mspId === OWN ? (now < 4_000 ? 40 : 46) : 45);
  const done = await ask({
    heights,
    answers: (now) => (now < 4_000 ? refusal(DIFFERS, 'SouthMSP') : endorsed),
  });
  assert.equal(done.outcome, 'endorsed');
  const stays = await ask({
    heights: (mspId) => (mspId === OWN ? 40 : 45),
    answers: () => refusal(DIFFERS, 'SouthMSP'),
  });
  const error = refused(stays) as LedgerError;
  assert.deepEqual(
    [error.code, error.refusals[0]],
    ['ENDORSERS_BEHIND', { mspId: OWN, message: 'has 40 of 45 blocks' }],
  );
  const same = await ask({ heights: () => 45, answers: () => refusal(DIFFERS, 'SouthMSP') });
  assert.deepEqual([refused(same).code, same.asked], ['ENDORSEMENT_FAILED', 6]);
});

test('who is behind hides no refusal of the own peer, and no true one of others, once it has caught up', async () => {
  const heights = (mspId: string, now: number) => (mspId === OWN || now > 5_000 ? 45 : 40);
  const own = await ask({
    heights,
    answers: (now) => refusal(NOT_FOUND, now < 3_000 ? 'SouthMSP' : OWN),
  });
  assert.equal(refused(own).code, 'STUDY_NOT_FOUND');
  assert.ok(own.nowMs < 5_000, String(own.nowMs));
  const others = await ask({ heights, answers: () => refusal(NOT_FOUND, 'SouthMSP') });
  assert.equal(refused(others).code, 'STUDY_NOT_FOUND');
  assert.ok(others.nowMs < 5_000 + 2 * 1_600, String(others.nowMs));
});
