import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planSentence } from './plan-problem.ts';
import { checkTrainingPlan, TrainingInputError, type TrainingPlan } from './training-plan.ts';

const plan: TrainingPlan = {
  clipNormL2: 1,
  noiseMultiplier: 1,
  samplingRate: 0.5,
  steps: 10,
  bandSize: 100,
  rowsPerUnit: 1,
  learningRate: 0.1,
};

const refusal = (changes: Partial<TrainingPlan>): TrainingInputError => {
  try {
    checkTrainingPlan({ ...plan, ...changes });
  } catch (error) {
    assert.ok(error instanceof TrainingInputError);
    return error;
  }
  return assert.fail('was not refused');
};

test('a plan is refused with every problem by its field', () => {
  const changes = { samplingRate: 2, optimizer: { kind: 'sgd', momentum: 1 }, momentum: 0.5 } as const;
  const { problems, message } = refusal(changes);
  assert.deepEqual(
    problems.map(({ field }) => field),
    ['samplingRate', 'optimizer.momentum', 'momentum'],
  );
  assert.equal(problems[2]!.remedy, 'leave it out beside optimizer');
  assert.equal(message, `training plan: ${problems.map(planSentence).join('; ')}`);
});

test('a reason follows the field after a colon', () => {
  const [problem] = refusal({ driftCorrection: { kind: 'scaffold' }, momentum: 0.5 }).problems;
  assert.match(planSentence(problem!), /^driftCorrection: scaffold needs gradient descent/);
});

test('a refusal that is no plan’s field lists no problems', () => {
  assert.deepEqual(new TrainingInputError('every row must have 3 features').problems, []);
});
