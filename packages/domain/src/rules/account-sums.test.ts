import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { costOfEvent, timesCost } from '../accounting/privacy-cost.ts';
import type { Budget } from '../budget.ts';
import type { Consent } from '../consent.ts';
import { scoreEvent, trainingEvent } from '../testing/examples.ts';
import { accountFrom, type BehindAccount } from './account-sums.ts';
import { giveBack, openBudgets, reserve, spend } from './budget-rules.ts';
import { recordedCost } from './plan-cost.ts';

const privacyBudget = { epsilon: '100', delta: '0.00001', unit: 'patient' as const };
const opened = openBudgets({ privacyBudget }, { populationId: 'alpha', block: 1, owner: 'AlphaMSP' });
const plan = fc.record({
  noise: fc.integer({ min: 8, max: 40 }),
  rounds: fc.integer({ min: 1, max: 6 }),
  used: fc.nat({ max: 6 }),
  settled: fc.boolean(),
});
type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never;

const costOf = ({ noise }: Pick<Plan, 'noise'>) => ({
  training: costOfEvent(trainingEvent({ noiseMultiplier: String(noise) })),
  heldOut: costOfEvent(scoreEvent({ noiseMultiplier: String(noise) })),
});

/** An account that studies moved, and what they left on the ledger. */
function lived(account: Budget, plans: readonly Plan[]): { account: Budget } & BehindAccount {
  const consents: Consent[] = [];
  const charges: { studyId: string; datasetId: string }[] = [];
  let moved = account;
  for (const [i, { noise, rounds, used, settled }] of plans.entries()) {
    const all = costOf({ noise });
    const cost = account.pool === 'training' ? all.training : all.heldOut;
    const of = { studyId: `study-${i}`, datasetId: 'alpha' };
    const spent = Math.min(used, rounds);
    moved = reserve(moved, timesCost(cost, rounds));
    for (let n = 0; n < spent; n++) {
      moved = spend(moved, cost);
      charges.push(of);
    }
    if (settled) moved = giveBack(moved, timesCost(cost, rounds - spent));
    const state = settled ? 'settled' : 'granted';
    consents.push({ ...of, ...recordedCost(all), rounds, state } as unknown as Consent);
  }
  return { account: moved, consents, charges };
}

test('an account is what its consents and charges make it, and none of them can be left out or added', () => {
  fc.assert(
    fc.property(fc.array(plan, { minLength: 1, maxLength: 4 }), fc.nat({ max: 1 }), (plans, pool) => {
      const { account, consents, charges } = lived(opened[pool]!, plans);
      assert.deepEqual(accountFrom(account, { consents, charges }), account);
      if (charges.length > 0) {
        assert.notDeepEqual(accountFrom(account, { consents, charges: charges.slice(1) }), account);
      }
      assert.notDeepEqual(
        accountFrom(account, {
          consents,
          charges: [...charges, charges[0] ?? { studyId: 'study-0', datasetId: 'alpha' }],
        }),
        account,
      );
      const open = consents.findIndex(({ state }) => state !== 'settled');
      if (
        open >= 0 &&
        charges.filter(({ studyId }) => studyId === `study-${open}`).length < consents[open]!.rounds
      ) {
        assert.notDeepEqual(
          accountFrom(account, { consents: consents.toSpliced(open, 1), charges }),
          account,
        );
      }
    }),
    { numRuns: 60 },
  );
});

test('nothing is made of a charge without its consent, of more charges than rounds, or of other patients', () => {
  const { account, consents, charges } = lived(opened[0]!, [
    { noise: 10, rounds: 1, used: 1, settled: false },
  ]);
  assert.equal(accountFrom(account, { consents: [], charges }), undefined);
  assert.equal(accountFrom(account, { consents, charges: [...charges, ...charges] }), undefined);
  const ofOthers = consents.map((consent) => ({
    ...consent,
    blocks: [{ block: 2, recordCountBand: { low: 1, high: 2 } }],
  }));
  assert.equal(accountFrom(account, { consents: ofOthers, charges }), undefined);
});

test('what was reserved without a bound stays without one after it was returned', () => {
  const event = trainingEvent({ noiseMultiplier: '0.001', samplingRate: '1' });
  const cost = costOfEvent(event);
  const account = { ...opened[0]!, accounting: { kind: 'renyi' as const } };
  const consent = {
    ...{ studyId: 's', datasetId: 'alpha', rounds: 1, state: 'settled' },
    ...recordedCost({ training: cost, heldOut: cost }),
  } as unknown as Consent;
  const returned = giveBack({ ...account, reserved: cost.renyi }, cost);
  assert.deepEqual(accountFrom(returned, { consents: [consent], charges: [] }), returned);
});
