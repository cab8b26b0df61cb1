import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { epsilonAtOrder } from '../accounting/ledger-epsilon.ts';
import { costOfEvent, epsilonOf, timesCost } from '../accounting/privacy-cost.ts';
import { addRdp, isZeroRdp, LEDGER_ORDERS, zeroRdp } from '../accounting/rdp-vector.ts';
import type { Accounting, Budget } from '../budget.ts';
import { compareDecimals } from '../decimal.ts';
import { DomainError } from '../errors.ts';
import { scoreEvent, trainingEvent } from '../testing/examples.ts';
import { afterReserving, giveBack, openBudgets, reserve, spend, statementOf } from './budget-rules.ts';

const opened = (epsilon: string, accounting?: Accounting) => {
  const privacyBudget = { epsilon, delta: '0.00001', unit: 'patient' as const };
  const block = { populationId: 'alpha', block: 1, owner: 'AlphaMSP' };
  const [training, heldOut] = openBudgets({ privacyBudget, ...(accounting && { accounting }) }, block);
  return { training: training!, heldOut: heldOut! };
};
const account = (epsilon: string): Budget => opened(epsilon).training;
/** As accounts were opened before they said how they add up. */
const accountFromBefore = (epsilon: string): Budget => {
  const { accounting: _, ...before } = account(epsilon);
  return before;
};

test('however studies come and go, what is committed never exceeds the budget and every unit is somewhere', () => {
  const plan = fc.record({
    noise: fc.integer({ min: 2, max: 40 }),
    rounds: fc.integer({ min: 1, max: 20 }),
    used: fc.nat({ max: 20 }),
  });
  fc.assert(
    fc.property(fc.array(plan, { maxLength: 8 }), (plans) => {
      let budget = account('3');
      let everSpent = zeroRdp();
      for (const { noise, rounds, used } of plans) {
        const cost = costOfEvent(trainingEvent({ noiseMultiplier: String(noise) }));
        let reserved: Budget;
        try {
          reserved = reserve(budget, timesCost(cost, rounds));
        } catch (error) {
          assert.ok(error instanceof DomainError && error.code === 'BUDGET_EXCEEDED');
          continue;
        }
        budget = reserved;
        const spent = Math.min(used, rounds);
        for (let i = 0; i < spent; i++) budget = spend(budget, cost);
        everSpent = addRdp(everSpent, timesCost(cost, spent).renyi);
        budget = giveBack(budget, timesCost(cost, rounds - spent));
        assert.ok(compareDecimals(statementOf(budget).committedEpsilon, '3') <= 0);
      }
      assert.ok(isZeroRdp(budget.reserved));
      assert.deepEqual(budget.spent, everSpent);
    }),
    { numRuns: 60 },
  );
});

test('a study that exactly fits is let in, and one more step is not', () => {
  const cost = costOfEvent(scoreEvent());
  const kinds: readonly ((epsilon: string) => Budget)[] = [
    account,
    accountFromBefore,
    (epsilon) => opened(epsilon).heldOut,
    (epsilon) => opened(epsilon, { kind: 'gaussian' }).training,
  ];
  for (const open of kinds) {
    const exact = statementOf(reserve(open('999'), timesCost(cost, 5))).committedEpsilon;
    assert.equal(statementOf(reserve(open(exact), timesCost(cost, 5))).leftEpsilon, '0');
    assert.throws(() => reserve(open(exact), timesCost(cost, 6)), /BUDGET_EXCEEDED: .* has ε .* left of/);
  }
});

test('a refusal names what is left beside what is spent already', () => {
  const cost = costOfEvent(trainingEvent());
  const spent = spend(reserve(account('2'), cost), cost);
  const { leftEpsilon, spentEpsilon } = statementOf(spent);
  assert.ok(Math.abs(Number(leftEpsilon) + Number(spentEpsilon) - 2) < 1e-9);
  assert.throws(() => reserve(spent, timesCost(cost, 50)), new RegExp(`ε ${leftEpsilon} left of 2`));
});

test('composition is cheaper than adding ε, and committed says so', () => {
  const cost = costOfEvent(trainingEvent());
  const half = spend(reserve(account('9'), timesCost(cost, 2)), cost);
  const { spentEpsilon, reservedEpsilon, committedEpsilon } = statementOf(half);
  assert.ok(Number(committedEpsilon) < Number(spentEpsilon) + Number(reservedEpsilon));
});

test('returning or spending what was never reserved is a mistake, not a refusal', () => {
  const cost = costOfEvent(trainingEvent());
  assert.throws(() => spend(account('9'), cost), RangeError);
  assert.throws(() => giveBack(account('9'), cost), RangeError);
});

test('scores are added up in closed form, training by Rényi costs unless its owner says otherwise', () => {
  const { training, heldOut } = opened('4');
  assert.deepEqual(heldOut.accounting, { kind: 'gaussian' });
  assert.deepEqual(training.accounting, { kind: 'renyi', order: 6 });
  assert.equal(training.gaussian, undefined);
  const score = costOfEvent(scoreEvent());
  const six = reserve(heldOut, timesCost(score, 6));
  assert.equal(statementOf(six).committedEpsilon, epsilonOf([{ event: scoreEvent(), count: 6 }], '0.00001'));
  assert.equal(statementOf(six).committedEpsilon, '0.906252');
  assert.equal(
    statementOf(reserve(accountFromBefore('4'), timesCost(score, 6))).committedEpsilon,
    '0.990051',
  );
  assert.equal(statementOf(giveBack(six, timesCost(score, 6))).committedEpsilon, '0');
});

test('an account for releases without sampling takes no others', () => {
  const { training } = opened('4', { kind: 'gaussian' });
  assert.throws(
    () => reserve(training, costOfEvent(trainingEvent({ samplingRate: '0.5' }))),
    /BUDGET_EXCEEDED: .* which takes releases without sampling only/,
  );
  const full = costOfEvent(trainingEvent({ samplingRate: '1' }));
  assert.ok(Number(statementOf(reserve(training, full)).committedEpsilon) > 0);
});

test('an order that was fixed decides, also where another order would let a plan in', () => {
  const cost = costOfEvent(trainingEvent({ noiseMultiplier: '1', samplingRate: '0.01', steps: 100 }));
  const { training } = opened('3', { kind: 'renyi', order: 64 });
  assert.ok(afterReserving(accountFromBefore('3'), cost).fits);
  const refused = afterReserving(training, cost);
  assert.ok(!refused.fits && Number(refused.committed) > 3, 'and the quote says by how much');
  assert.throws(() => reserve(training, cost), /at order 64, which was fixed when the account opened/);
});

test('whatever comes in whatever order, what is held never exceeds the budget at the one order', () => {
  const plans = fc.array(
    fc.record({
      noise: fc.integer({ min: 1, max: 30 }),
      percent: fc.integer({ min: 1, max: 100 }),
      steps: fc.integer({ min: 1, max: 300 }),
      kept: fc.boolean(),
    }),
    { maxLength: 10 },
  );
  fc.assert(
    fc.property(plans, fc.constantFrom('0.5', '3', '10'), (list, epsilon) => {
      let budget = account(epsilon);
      const place = LEDGER_ORDERS.indexOf(budget.accounting!.order!);
      let held = 0n;
      for (const { noise, percent, steps, kept } of list) {
        const samplingRate = String(percent / 100);
        const cost = costOfEvent(trainingEvent({ noiseMultiplier: String(noise), samplingRate, steps }));
        if (!afterReserving(budget, cost).fits) continue;
        budget = reserve(budget, cost);
        budget = kept ? spend(budget, cost) : giveBack(budget, cost);
        if (kept) held += BigInt(cost.renyi[place]!);
        assert.equal(BigInt(budget.spent[place]!), held);
        assert.ok(
          compareDecimals(epsilonAtOrder(budget.spent, '0.00001', LEDGER_ORDERS[place]!), epsilon) <= 0,
        );
      }
    }),
    { numRuns: 40 },
  );
});

test('an account from before goes on without what it never had, and a new one takes no cost without it', () => {
  const cost = costOfEvent(scoreEvent());
  const recordedBefore = { renyi: cost.renyi, gaussian: undefined };
  const old = spend(reserve(accountFromBefore('4'), cost), recordedBefore);
  assert.equal(old.gaussian, undefined);
  assert.ok(isZeroRdp(old.reserved));
  assert.throws(() => reserve(opened('4').heldOut, recordedBefore), RangeError);
});
