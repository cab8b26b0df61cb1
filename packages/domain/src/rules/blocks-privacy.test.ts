// The theorem behind blocks (decision 56), held against every patient: whatever studies come, on whatever blocks, the
// accounts bound what each patient loses by the budget of one. And mistakes in the rules or in the register of patients
// that break it are found.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareDecimals } from '../decimal.ts';
import { DomainError } from '../errors.ts';
import { POOLS } from '../privacy-event.ts';
import { LEDGER_RULES, type LedgerRules, lossOf, PopulationLife } from '../testing/population-life.ts';
import { bookOf } from './account-book.ts';
import { statementOf } from './budget-rules.ts';
import { blocksOf } from './revision-rules.ts';

const EPSILON = '4';

/** One study of a life: on which blocks (as bits), how it goes, and whether patients come before it. */
const plan = fc.record({
  admits: fc.boolean(),
  blocks: fc.integer({ min: 1, max: 7 }),
  noise: fc.integer({ min: 3, max: 12 }),
  sampled: fc.boolean(),
  rounds: fc.integer({ min: 1, max: 3 }),
  opened: fc.nat({ max: 3 }),
  recorded: fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
  settles: fc.boolean(),
});
type Plan = typeof plan extends fc.Arbitrary<infer P> ? P : never;

/** @throws AssertionError where a patient lost what no account bears */
function live(plans: readonly Plan[], change: { rules?: LedgerRules; inTwoBlocks?: boolean } = {}): void {
  const life = new PopulationLife({ patients: 20, epsilon: EPSILON, ...change });
  for (const { admits, blocks, noise, sampled, rounds, opened, recorded, settles } of plans) {
    if (admits && life.blocks.length < 3) life.admit(20);
    const wanted = life.blocks.map(({ block }) => block).filter((block) => blocks & (1 << (block - 1)));
    if (wanted.length === 0) continue;
    const { training } = life.propose();
    const study = life.propose({
      rounds,
      training: { ...training, noiseMultiplier: String(noise), samplingRate: sampled ? '0.5' : '1' },
    });
    try {
      const taken = life.consent(study, wanted);
      for (let i = 0; i < Math.min(opened, rounds); i++) {
        life.open(taken);
        life.train(taken, recorded[2 * i]);
        life.score(taken, recorded[2 * i + 1]);
      }
      if (settles) life.settle(taken);
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'BUDGET_EXCEEDED') throw error;
    }
    checkAccounts(life);
  }
  for (const taken of life.taken) if (taken.consent.state === 'granted') life.settle(taken);
  checkAccounts(life);
  for (const { block } of life.blocks) {
    for (const pool of POOLS) {
      const { reserved, spent, gaussian } = life.account(block, pool);
      assert.ok(
        reserved.every((cost) => cost === '0'),
        'all that was not spent went back',
      );
      const [patient] = life.patients.filter((one) => one.pool === pool && one.blocks.includes(block));
      const loss = lossOf(patient!.events);
      assert.deepEqual(spent, loss.renyi, `block ${block}, ${pool}: spent is what its patients lost`);
      if (gaussian !== undefined) assert.equal(gaussian.spent, loss.gaussian);
    }
  }
  const largest = life.largestEpsilon();
  assert.ok(compareDecimals(largest, EPSILON) <= 0, `a patient lost ε ${largest} of ${EPSILON}`);
}

/** At any time: within the budget, and what open consents hold is reserved in each of their blocks. */
function checkAccounts(life: PopulationLife): void {
  for (const { block } of life.blocks) {
    for (const pool of POOLS) {
      const account = life.account(block, pool);
      assert.ok(compareDecimals(statementOf(account).committedEpsilon, EPSILON) <= 0, 'never overdrawn');
      const held = life.taken.filter(
        ({ consent }) => consent.state === 'granted' && blocksOf(consent).includes(block),
      );
      const isHeld = held.some(({ consent, rounds }) => {
        const done = rounds.filter(({ update, verdict }) => (pool === 'training' ? update : verdict)).length;
        return done < consent.rounds;
      });
      assert.equal(
        account.reserved.some((cost) => cost !== '0'),
        isHeld,
        `block ${block}, ${pool}: reserved for whoever consented, and nobody else`,
      );
    }
  }
}

const plans = fc.array(plan, { minLength: 1, maxLength: 5 });

test('whatever studies come on whatever blocks, no patient loses more than the budget, and accounts say what they lost', () => {
  fc.assert(
    fc.property(plans, (all) => live(all)),
    { numRuns: 25, seed: 56 },
  );
});

/** Two studies, the second after new patients came: the shortest life in which the mistakes below show. */
const often = (change: Partial<Plan>): Plan => ({
  admits: true,
  blocks: 3,
  noise: 6,
  sampled: false,
  rounds: 2,
  opened: 1,
  recorded: [true, true, true, true, true, true],
  settles: true,
  ...change,
});
const TWO = [often({ admits: false, blocks: 1 }), often({})];

test('the lives in which mistakes are found are without fault under the rules themselves', () => {
  live(TWO);
  live([often({ recorded: [false, false, true, true, true, true] })]);
  live(Array.from({ length: 12 }, () => often({ rounds: 1 })));
});

const onlyFirst = <A extends { readonly blocks?: unknown }>(consent: A): A => ({
  ...consent,
  blocks: (consent.blocks as unknown[]).slice(0, 1),
});

const MISTAKES: readonly (readonly [string, Partial<LedgerRules>])[] = [
  [
    'a consent that reserves in its first block alone',
    {
      grantConsent: (argument, context) => {
        const { consent } = LEDGER_RULES.grantConsent(argument, context);
        const first = { ...argument, blocks: argument.blocks!.slice(0, 1) };
        return { consent, book: LEDGER_RULES.grantConsent(first, context).book };
      },
    },
  ],
  [
    'an update that is charged to the first block alone',
    {
      recordUpdate: (argument, context) =>
        LEDGER_RULES.recordUpdate(argument, { ...context, consent: onlyFirst(context.consent) }),
    },
  ],
  [
    'a score that is charged to the first block alone',
    {
      recordVerdict: (argument, context) => {
        const own = [...context.own].map(
          ([datasetId, { consent, dataset }]) =>
            [datasetId, { consent: onlyFirst(consent), dataset }] as const,
        );
        return LEDGER_RULES.recordVerdict(argument, { ...context, own: new Map(own) });
      },
    },
  ],
  [
    'a settlement that gives back to the first block what the others reserved',
    {
      settleConsent: (consent, context) => {
        const settled = LEDGER_RULES.settleConsent(onlyFirst(consent), context);
        return { ...settled, consent: { ...settled.consent, blocks: consent.blocks! } };
      },
    },
  ],
  [
    'a settlement that gives back to another block',
    {
      settleConsent: (consent, context) => {
        const { book } = LEDGER_RULES.settleConsent(consent, context);
        const swapped = [...context.book.values()].map((account) => {
          const other = [...book.values()].find(
            ({ block, pool }) => block === 3 - account.block && pool === account.pool,
          );
          const { spent, reserved } = other ?? account;
          return { ...account, spent, reserved };
        });
        return { ...LEDGER_RULES.settleConsent(consent, context), book: bookOf(swapped) };
      },
    },
  ],
  [
    'a settlement that forgets what may have been released unseen',
    {
      settleConsent: (consent, context) => LEDGER_RULES.settleConsent(consent, { ...context, rounds: [] }),
    },
  ],
  [
    'a charge of which each block bears a part',
    {
      recordUpdate: (argument, context) => {
        const recorded = LEDGER_RULES.recordUpdate(argument, context);
        const halved = [...recorded.book.values()].map((account) => ({
          ...account,
          spent: account.spent.map((cost) => String(BigInt(cost) / 2n)),
        }));
        return { ...recorded, book: bookOf(halved) };
      },
    },
  ],
];

for (const [title, mistake] of MISTAKES) {
  test(`a mistake would be found: ${title}`, () => {
    const rules = { ...LEDGER_RULES, ...mistake };
    const unseen = often({ recorded: [false, false, true, true, true, true] });
    const found = [TWO, [often({ settles: false })], [unseen]].some((life) => {
      try {
        live(life, { rules });
        return false;
      } catch (error) {
        // The arithmetic refuses to spend or give back what was not reserved; the rest shows in what patients lost.
        assert.ok(error instanceof assert.AssertionError || error instanceof RangeError, String(error));
        return true;
      }
    });
    assert.ok(found);
  });
}

test('a register that has a patient in two blocks would be found: both accounts bear what is one loss', () => {
  const many = Array.from({ length: 12 }, () => often({ rounds: 1 }));
  assert.throws(() => live(many, { inTwoBlocks: true }), /a patient lost ε|spent is what its patients lost/);
});
