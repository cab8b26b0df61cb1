import assert from 'node:assert/strict';
import { test } from 'node:test';
import { learningRateAt, type Schedule, scheduleProblems } from './learning-rate.ts';
import { planSentence } from './plan-problem.ts';

const studySteps = 12;
const rates = (schedule?: Schedule) =>
  Array.from({ length: studySteps }, (_, i) =>
    learningRateAt({ learningRate: 2, studySteps, ...(schedule && { schedule }) }, i + 1),
  );
const near = (actual: readonly number[], expected: readonly number[]) =>
  actual.forEach((rate, i) => {
    assert.ok(Math.abs(rate - expected[i]!) < 1e-12, `step ${i + 1}: ${rate}, not ${expected[i]}`);
  });

test('without a schedule, and with a constant one, the rate is the same in every step', () => {
  assert.deepEqual(rates(), new Array(12).fill(2));
  assert.deepEqual(rates({ kind: 'constant' }), rates());
});

test('warming up is linear, whatever follows, and ends at the full rate', () => {
  for (const kind of ['constant', 'cosine', 'linear'] as const) {
    near(rates({ kind, warmUpSteps: 4 }).slice(0, 5), [0.5, 1, 1.5, 2, 2]);
  }
});

test('cosine and linear fall over the steps after warming up and never reach 0', () => {
  near(rates({ kind: 'linear', warmUpSteps: 2 }).slice(2), [2, 1.8, 1.6, 1.4, 1.2, 1, 0.8, 0.6, 0.4, 0.2]);
  near(
    rates({ kind: 'cosine', warmUpSteps: 4, finalFraction: 0.5 }).slice(4),
    [0, 1, 2, 3, 4, 5, 6, 7].map((past) => 1 + (1 + Math.cos((Math.PI * past) / 8)) / 2),
  );
  assert.ok(rates({ kind: 'cosine' }).every((rate) => rate > 0));
});

test('step multiplies by its factor after each everySteps steps', () => {
  near(rates({ kind: 'step', everySteps: 5, factor: 0.1 }), [
    ...new Array<number>(5).fill(2),
    ...new Array<number>(5).fill(0.2),
    ...new Array<number>(2).fill(0.02),
  ]);
});

test('a schedule that means nothing is refused by field', () => {
  const problems = (schedule: Schedule) =>
    scheduleProblems({ schedule, studySteps }).map(planSentence).join('; ');
  assert.equal(problems({ kind: 'step', everySteps: 3, factor: 0.5, warmUpSteps: 11 }), '');
  assert.match(problems({ kind: 'cosine', warmUpSteps: 12 }), /warmUpSteps must be .* the study's 12 steps/);
  assert.match(problems({ kind: 'linear', finalFraction: 2 }), /finalFraction must be from 0 to 1/);
  assert.match(problems({ kind: 'step' }), /everySteps must be a positive integer.*factor must be/);
  assert.match(
    problems({ kind: 'constant', finalFraction: 0.1, factor: 0.5 }),
    /finalFraction is for.*factor is for/,
  );
});
