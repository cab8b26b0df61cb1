import assert from 'node:assert/strict';
import { test } from 'node:test';
import { costOfEvent, timesCost } from '../accounting/privacy-cost.ts';
import { compareDecimals } from '../decimal.ts';
import { scoreEvent, trainingEvent } from '../testing/examples.ts';
import { forecastBudget } from './budget-forecast.ts';
import { afterReserving, openBudgets, reserve, spend } from './budget-rules.ts';

const DAY_MS = 24 * 3_600_000;
const day = (number: number) =>
  new Date(Date.parse('2026-01-01T00:00:00.000Z') + number * DAY_MS).toISOString();
const event = { training: trainingEvent(), 'held-out': scoreEvent() } as const;

/** An account after so many charges, one a day, the first on day 0. */
function charged(pool: 'training' | 'held-out', charges: number, kind?: 'gaussian') {
  const population = {
    privacyBudget: { epsilon: '8', delta: '0.00001', unit: 'patient' },
    ...(kind && { accounting: { kind } }),
  } as const;
  const opened = openBudgets(population, { populationId: 'p', block: 1, owner: 'AMSP' });
  let account = opened.find((one) => one.pool === pool)!;
  const cost = costOfEvent(kind === 'gaussian' ? trainingEvent({ samplingRate: '1' }) : event[pool]);
  const states = [account];
  for (let i = 0; i < charges; i++) {
    account = spend(reserve(account, cost), cost);
    states.push(account);
  }
  return { account, cost, first: states[1] && { ...states[1], at: day(0) } };
}

for (const [name, pool, kind] of [
  ['a Rényi account at its order', 'training', undefined],
  ['a Gaussian account', 'held-out', undefined],
  ['a Gaussian account of training', 'training', 'gaussian'],
] as const) {
  test(`${name} with a charge a day is gone on the day on which the next charge does not fit`, () => {
    const { account, cost, first } = charged(pool, 5, kind);
    const forecast = forecastBudget(account, first, day(4));
    assert.ok(forecast.goneAt !== undefined);
    let fitting = 0;
    while (afterReserving(account, timesCost(cost, fitting + 1)).fits) fitting += 1;
    assert.ok(fitting > 3);
    const goneOnDay = (Date.parse(forecast.goneAt) - Date.parse(day(4))) / DAY_MS;
    assert.ok(goneOnDay >= fitting - 0.01 && goneOnDay <= fitting + 1.01, `${goneOnDay} beside ${fitting}`);
  });
}

test('an account from before goes by the order that lasts longest, as it is held to the best of all orders', () => {
  const { account, cost, first } = charged('training', 5);
  const { accounting: _, ...from } = account;
  const forecast = forecastBudget(from, first, day(4));
  assert.ok(forecast.goneAt !== undefined);
  let fitting = 0;
  while (compareDecimals(afterReserving(from, timesCost(cost, fitting + 1)).committed, '8') <= 0)
    fitting += 1;
  const goneOnDay = (Date.parse(forecast.goneAt) - Date.parse(day(4))) / DAY_MS;
  assert.ok(goneOnDay >= fitting - 0.01 && goneOnDay <= fitting + 1.01, `${goneOnDay} beside ${fitting}`);
});

test('nothing is extrapolated from fewer than two charges, or from no time', () => {
  const none = charged('training', 0);
  assert.deepEqual(forecastBudget(none.account, none.first, day(9)), {
    goneAt: undefined,
    because: 'fewer than two charges',
  });
  const one = charged('training', 1);
  assert.deepEqual(forecastBudget(one.account, one.first, day(9)), {
    goneAt: undefined,
    because: 'fewer than two charges',
  });
  const two = charged('training', 2);
  assert.deepEqual(forecastBudget(two.account, two.first, day(0)), {
    goneAt: undefined,
    because: 'no time passed',
  });
});

test('a quiet time counts: the rate falls with it, and what is reserved is not spent', () => {
  const { account, cost, first } = charged('training', 3);
  const [soon, later] = [day(2), day(20)].map((at) => forecastBudget(account, first, at).goneAt!);
  assert.ok(Date.parse(later!) > Date.parse(soon!));
  assert.equal(forecastBudget(reserve(account, cost), first, day(2)).goneAt, soon);
  const away = forecastBudget(account, first, '9999-01-01T00:00:00.000Z');
  assert.deepEqual(away, { goneAt: undefined, because: 'far away' });
});

test('an account that is used up is gone now', () => {
  const { account, cost, first } = charged('training', 2);
  let full = account;
  while (afterReserving(full, cost).fits) full = spend(reserve(full, cost), cost);
  const { goneAt } = forecastBudget({ ...full, budget: { ...full.budget, epsilon: '2' } }, first, day(50));
  assert.equal(goneAt, day(50));
});
