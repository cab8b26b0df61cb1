// A quote is held against what happens: its counts are tried by giving consents until the ledger refuses.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { MORE_STUDIES_MAX } from '../answers.ts';
import { DomainError } from '../errors.ts';
import { PopulationLife } from '../testing/population-life.ts';

interface Plan {
  readonly noise: number;
  readonly sampled: boolean;
  readonly rounds: number;
}

const propose = (life: PopulationLife, { noise, sampled, rounds }: Plan) => {
  const { training } = life.propose();
  return life.propose({
    rounds,
    training: { ...training, noiseMultiplier: String(noise), samplingRate: sampled ? '0.5' : '1' },
  });
};

/** How many consents to studies of one plan the ledger takes, one after the other. */
function countTaken(life: PopulationLife, plan: Plan, blocks: readonly number[]): number {
  for (let count = 0; ; count += 1) {
    try {
      life.consent(propose(life, plan), blocks);
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'BUDGET_EXCEEDED') throw error;
      return count;
    }
  }
}

test('as many more studies fit as a quote says, whatever was reserved of which block before', () => {
  const plan = fc.record({
    noise: fc.integer({ min: 3, max: 9 }),
    sampled: fc.boolean(),
    rounds: fc.integer({ min: 1, max: 3 }),
  });
  fc.assert(
    fc.property(plan, plan, fc.integer({ min: 0, max: 3 }), (before, asked, given) => {
      const life = new PopulationLife({ patients: 20, epsilon: '4' });
      life.admit(20);
      for (let i = 0; i < given; i += 1) {
        try {
          life.consent(propose(life, before), [(i % 2) + 1]);
        } catch {
          // What does not fit is not reserved.
        }
      }
      const blocks = [1, 2];
      const quote = life.quote(propose(life, asked), blocks);
      const taken = countTaken(life, asked, blocks);
      assert.equal(quote.fits, taken > 0);
      assert.equal(quote.moreStudies, Math.max(0, taken - 1));
    }),
    { numRuns: 25 },
  );
});

test('of a plan that costs next to nothing, no more than the most are counted', () => {
  const life = new PopulationLife({ patients: 20, epsilon: '4' });
  const { training, validation } = life.propose();
  const study = life.propose({
    rounds: 1,
    training: { ...training, noiseMultiplier: '100000', samplingRate: '1' },
    validation: { ...validation, noiseMultiplier: '100000' },
  });
  assert.equal(life.quote(study).moreStudies, MORE_STUDIES_MAX);
});

test('nothing fits after a study that does not fit itself', () => {
  const life = new PopulationLife({ patients: 20, epsilon: '4' });
  const study = propose(life, { noise: 1, sampled: false, rounds: 20 });
  const { fits, moreStudies } = life.quote(study);
  assert.deepEqual({ fits, moreStudies }, { fits: false, moreStudies: 0 });
});
