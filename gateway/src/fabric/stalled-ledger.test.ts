import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StandingLedger } from './stalled-ledger.ts';

const height = (blocks: number) => async () => blocks;

test('a ledger is not said to stand while every commit comes', async () => {
  assert.equal(await new StandingLedger().problem(() => assert.fail('not asked')), undefined);
});

test('a ledger counts as stalled while a commit is missed and no block comes, and no longer once one does', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 0 });
  const ledger = new StandingLedger();
  t.mock.timers.tick(90_000);
  ledger.missed({ transactionId: 'first', orderedMs: 30_000 });
  ledger.missed({ transactionId: 'second', orderedMs: 31_000 });
  const problem = await ledger.problem(height(7));
  assert.match(
    problem ?? '',
    /transaction first 60 s ago, .* \(height 7\) → see .*channel-stops-committing\.md$/,
  );
  assert.match((await ledger.problem(height(7))) ?? '', /height 7/);
  assert.equal(await ledger.problem(height(8)), undefined);
  assert.equal(await ledger.problem(height(8)), undefined);
});

test('a ledger that answers for a later transaction does not stand', async () => {
  const ledger = new StandingLedger();
  ledger.missed({ transactionId: 'first', orderedMs: Date.now() });
  assert.notEqual(await ledger.problem(height(7)), undefined);
  ledger.settled();
  assert.equal(await ledger.problem(height(7)), undefined);
});
