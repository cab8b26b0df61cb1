// What the console's tests look at is as its own rules allow.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playConsoleWorld } from './console-world.ts';
import { ContractLedger } from './contract-ledger.ts';
import { openGateway } from './gateway-fixture.ts';

test('a gateway over the contracts in memory answers as over a ledger, and says what happens on it', async () => {
  const ledger = new ContractLedger(await playConsoleWorld(), 'AlphaMSP');
  const gateway = await openGateway({ ledger, history: ledger.history });
  const { items } = (await gateway.as('auditor', { url: '/v1/studies' })).json();
  const states = Object.fromEntries(
    items.map((study: Record<string, string>) => [study.studyId, study.state]),
  );
  assert.deepEqual(states, {
    heart: 'completed',
    kidney: 'proposed',
    liver: 'aborted',
    lung: 'paused',
    sepsis: 'running',
    stroke: 'proposed',
  });
  const budget = (
    await gateway.as('auditor', { url: '/v1/datasets/nordlund-cardiology/budgets/training' })
  ).json();
  assert.ok(Number(budget.spentEpsilon) > 0 && Number(budget.reservedEpsilon) > 0, JSON.stringify(budget));
  const stop = new AbortController();
  const events = ledger.events({ signal: stop.signal });
  const next = events.next();
  const declined = await gateway.as('steward', {
    method: 'POST',
    url: '/v1/studies/stroke/consents/nordlund-emergency/decline',
    payload: { code: 'other', reason: 'not this year' },
  });
  assert.equal(declined.statusCode, 200, declined.body);
  assert.equal((await next).value?.name, 'StudyDeclined');
  stop.abort();
  const again = await gateway.as('steward', {
    method: 'POST',
    url: '/v1/studies/heart/consents/nordlund-cardiology/withdraw',
    payload: {},
  });
  assert.ok(again.statusCode >= 400);
  const asked = (await gateway.as('auditor', { url: '/v1/questions/budgets' })).json();
  assert.ok(asked.accounts.length > 0);
  await gateway.close();
});
