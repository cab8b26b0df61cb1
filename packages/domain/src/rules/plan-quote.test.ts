// What a plan is quoted before it is proposed, held against what a steward is quoted after it, and against the ledger.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { DomainError } from '../errors.ts';
import { PopulationLife } from '../testing/population-life.ts';
import { accountIn } from './account-book.ts';
import { quotePlan, ROUNDS_COUNTED } from './plan-quote.ts';

interface Planned {
  readonly noise: number;
  readonly sampled: boolean;
  readonly rounds: number;
}
const PLAN = fc.record({
  noise: fc.integer({ min: 3, max: 9 }),
  sampled: fc.boolean(),
  rounds: fc.integer({ min: 1, max: 4 }),
});

const propose = (life: PopulationLife, { noise, sampled, rounds }: Planned) => {
  const { training } = life.propose();
  return life.propose({
    rounds,
    training: { ...training, noiseMultiplier: String(noise), samplingRate: sampled ? '0.5' : '1' },
  });
};

const accountsOf = (life: PopulationLife, blocks: readonly number[]) =>
  blocks.map((block) => {
    const of = { populationId: life.population.populationId, block };
    return {
      training: accountIn(life.book, { ...of, pool: 'training' }),
      heldOut: accountIn(life.book, { ...of, pool: 'held-out' }),
    };
  });

/** Two blocks of patients, of which studies before have used what the numbers say. */
function lived(before: Planned, given: readonly number[]): PopulationLife {
  const life = new PopulationLife({ patients: 20, epsilon: '4' });
  life.admit(20);
  for (const block of given) {
    try {
      life.consent(propose(life, before), [block]);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
    }
  }
  return life;
}

test('a plan is quoted before it is proposed as its steward is quoted after, whatever was reserved before', () => {
  const given = fc.array(fc.constantFrom(1, 2), { maxLength: 3 });
  fc.assert(
    fc.property(PLAN, PLAN, given, (before, asked, blocks) => {
      const life = lived(before, blocks);
      const study = propose(life, asked);
      const quoted = quotePlan(study, accountsOf(life, [1, 2]));
      const quote = life.quote(study, [1, 2]);
      assert.deepEqual(quoted.perRound, quote.claimedEpsilonPerRound);
      assert.deepEqual(quoted.whole, quote.claimedEpsilon);
      assert.deepEqual(quoted.left, quote.left);
      assert.deepEqual(quoted.committedAfter, quote.committedAfter);
      assert.equal(quoted.fitting, quote.blocks.filter(({ fits }) => fits).length);
      assert.equal(quoted.roundsThatFit >= asked.rounds, quote.fits);
    }),
    { numRuns: 25 },
  );
});

test('the ledger takes a study of as many rounds as fit, and none of one more', () => {
  fc.assert(
    fc.property(PLAN, PLAN, fc.array(fc.constantFrom(1, 2), { maxLength: 2 }), (before, asked, blocks) => {
      const { roundsThatFit: most } = quotePlan(
        propose(lived(before, blocks), asked),
        accountsOf(lived(before, blocks), [1, 2]),
      );
      const take = (rounds: number) => {
        const life = lived(before, blocks);
        return life.consent(propose(life, { ...asked, rounds }), [1, 2]);
      };
      if (most > 0) take(most);
      assert.ok(most < ROUNDS_COUNTED);
      assert.throws(() => take(most + 1), { code: 'BUDGET_EXCEEDED' });
    }),
    { numRuns: 15 },
  );
});

test('no more rounds are counted than a study can have, and none of no block', () => {
  const life = new PopulationLife({ patients: 20, epsilon: '4' });
  const { training, validation } = life.propose();
  const cheap = life.propose({
    training: { ...training, noiseMultiplier: '1000000', samplingRate: '1' },
    validation: { ...validation, noiseMultiplier: '1000000' },
  });
  assert.equal(quotePlan(cheap, accountsOf(life, [1])).roundsThatFit, ROUNDS_COUNTED);
  assert.throws(() => quotePlan(cheap, []), RangeError);
});
