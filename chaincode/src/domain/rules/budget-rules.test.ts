import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { scoreEvent, trainingEvent } from '../../testing/examples.ts';
import { rdpOfEvent } from '../accounting/ledger-rdp.ts';
import { addRdp, isZeroRdp, timesRdp, zeroRdp } from '../accounting/rdp-vector.ts';
import type { Budget } from '../budget.ts';
import { compareDecimals } from '../decimal.ts';
import { DomainError } from '../errors.ts';
import { giveBack, reserve, spend, statementOf } from './budget-rules.ts';

const account = (epsilon: string): Budget => ({
  schema: 1,
  datasetId: 'alpha',
  owner: 'AlphaMSP',
  pool: 'training',
  budget: { epsilon, delta: '0.00001', unit: 'patient' },
  spent: zeroRdp(),
  reserved: zeroRdp(),
});

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
        const cost = rdpOfEvent(trainingEvent({ noiseMultiplier: String(noise) }));
        let reserved: Budget;
        try {
          reserved = reserve(budget, timesRdp(cost, rounds));
        } catch (error) {
          assert.ok(error instanceof DomainError && error.code === 'BUDGET_EXCEEDED');
          continue;
        }
        budget = reserved;
        const spent = Math.min(used, rounds);
        for (let i = 0; i < spent; i++) budget = spend(budget, cost);
        everSpent = addRdp(everSpent, timesRdp(cost, spent));
        budget = giveBack(budget, timesRdp(cost, rounds - spent));
        assert.ok(compareDecimals(statementOf(budget).committedEpsilon, '3') <= 0);
      }
      assert.ok(isZeroRdp(budget.reserved));
      assert.deepEqual(budget.spent, everSpent);
    }),
    { numRuns: 60 },
  );
});

test('a study that exactly fits is let in, and one more step is not', () => {
  const cost = rdpOfEvent(scoreEvent());
  const exact = statementOf(reserve(account('999'), timesRdp(cost, 5))).committedEpsilon;
  assert.equal(statementOf(reserve(account(exact), timesRdp(cost, 5))).leftEpsilon, '0');
  assert.throws(() => reserve(account(exact), timesRdp(cost, 6)), /BUDGET_EXCEEDED: .* has ε .* left of/);
});

test('a refusal names what is left beside what is spent already', () => {
  const cost = rdpOfEvent(trainingEvent());
  const spent = spend(reserve(account('2'), cost), cost);
  const { leftEpsilon, spentEpsilon } = statementOf(spent);
  assert.ok(Math.abs(Number(leftEpsilon) + Number(spentEpsilon) - 2) < 1e-9);
  assert.throws(() => reserve(spent, timesRdp(cost, 50)), new RegExp(`ε ${leftEpsilon} left of 2`));
});

test('composition is cheaper than adding ε, and committed says so', () => {
  const cost = rdpOfEvent(trainingEvent());
  const half = spend(reserve(account('9'), timesRdp(cost, 2)), cost);
  const { spentEpsilon, reservedEpsilon, committedEpsilon } = statementOf(half);
  assert.ok(Number(committedEpsilon) < Number(spentEpsilon) + Number(reservedEpsilon));
});

test('returning or spending what was never reserved is a mistake, not a refusal', () => {
  const cost = rdpOfEvent(trainingEvent());
  assert.throws(() => spend(account('9'), cost), RangeError);
  assert.throws(() => giveBack(account('9'), cost), RangeError);
});
