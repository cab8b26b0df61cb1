// What the form takes out of a file: every part of a sound study, nothing that is none, whatever the file's writer
// wants.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProposeStudy } from '@consilium/domain';
import { studyArgument } from '@consilium/domain/testing/examples';
import { EMPTY_DRAFT, studyOf } from './draft.ts';
import { planIn, planOfText, withPlan } from './read-plan.ts';

const WHOLE: ProposeStudy = {
  ...studyArgument({ studyId: 'heart', datasets: ['oslo', 'bergen'] }),
  averaging: { decay: '0.9' },
  leaderSeconds: 30,
  notBefore: { updateSeconds: 60, verdictSeconds: 0 },
  startWithinSeconds: 7200,
  weightRatioMax: 4,
  afterWithdrawal: 'retired',
};
const study: ProposeStudy = {
  ...WHOLE,
  training: {
    ...WHOLE.training,
    optimizer: { kind: 'sgd', momentum: '0.9' },
    schedule: { kind: 'cosine', warmUpSteps: 2, finalFraction: '0.1' },
    clipping: { kind: 'per-layer', bounds: 'uniform' },
    weightDecay: '0.01',
  },
  aggregation: {
    rule: 'trimmed-mean',
    faulty: 1,
    maxUpdateNormL2: '10',
    serverOptimizer: { kind: 'fedavgm', learningRate: '1', momentum: '0.5' },
  },
};

const proposed = (value: unknown) => {
  const plan = planIn(value);
  assert.ok(plan !== undefined);
  const draft = withPlan(EMPTY_DRAFT, plan);
  return { plan, study: studyOf(draft, { model: draft.model.given, unit: 'patient' }) };
};

test('a study’s text goes through the form unchanged, also what has no field in it', () => {
  assert.deepEqual(proposed(study), { plan: proposed(study).plan, study });
  assert.deepEqual(proposed(study).plan.notTaken, []);
  assert.deepEqual(proposed(JSON.parse(JSON.stringify(WHOLE))).study, WHOLE);
});

test('of a row of the ledger its text is taken, and not how the study fared', () => {
  const row = {
    ...study,
    schema: 1,
    requester: 'OsloMSP',
    state: 'completed',
    proposedAt: '2026-03-01T08:00:00.000Z',
    weights: [],
    version: 2,
    quorumNow: {},
    transactionId: 'x',
    blockNumber: 3,
    duoLabels: { 'DUO:0000006': 'x' },
  };
  assert.deepEqual(proposed(row).plan.notTaken, []);
  assert.deepEqual(proposed(row).study, study);
});

test('a file with a study beside the kind of its model asks the trainer for that model', () => {
  const { studyId: _, model: __, datasets: ___, ...text } = WHOLE;
  const hidden = [32, 16];
  const file = {
    study: text,
    model: { kind: 'multilayer-perceptron', hidden, activation: 'tanh' },
    budget: {},
  };
  const { plan } = proposed(file);
  assert.deepEqual(plan.notTaken, ['budget']);
  assert.equal(plan.datasets, undefined);
  assert.deepEqual(plan.model, {
    way: 'build',
    kind: 'multilayer-perceptron',
    hidden: '32, 16',
    activation: 'tanh',
    localIntercept: false,
  });
});

test('what no study has, or has no such value, is named and not taken', () => {
  const odd = JSON.stringify({
    ...study,
    title: ['a'],
    datasets: 'oslo',
    model: { graph: 'x' },
    averaging: { decay: '2' },
    leaderSeconds: 'soon',
    apiKey: 'secret',
    training: { ...study.training, clipping: { kind: 'none' }, constructor: 1, noise: '0' },
    validation: 'none',
    __proto__x: 1,
  }).replace('__proto__x', '__proto__');
  const plan = planOfText(odd)!;
  const names = [
    'title',
    'datasets',
    'model',
    'averaging',
    'leaderSeconds',
    'apiKey',
    'validation',
    '__proto__',
  ];
  const parts = ['training.clipping', 'training.constructor', 'training.noise'];
  assert.deepEqual(plan.notTaken.toSorted(), [...names, ...parts].toSorted());
  assert.deepEqual(
    Object.keys(plan.rest).filter((name) => /clip|constr|proto|leader|averag/.test(name)),
    [],
  );
  assert.equal(Object.getPrototypeOf(plan.rest), Object.prototype);
  assert.deepEqual(withPlan(EMPTY_DRAFT, plan).datasets, []);
});

test('a text that is no object is no plan, however deep it is, and few names of much nonsense are kept', () => {
  for (const text of ['', 'null', '7', '"study"', '[]', '{', '['.repeat(100_000)]) {
    assert.equal(planOfText(text), undefined, text.slice(0, 20));
  }
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  const deep = `{"training": ${nested(40_000)}, "clipping": ${nested(9)}}`;
  assert.deepEqual(planOfText(deep)?.notTaken, ['training', 'clipping']);
  const many = Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`${at} ${'x'.repeat(500)}`, at]));
  const { notTaken } = planIn(many)!;
  assert.ok(notTaken.length <= 12 && notTaken.every((name) => name.length <= 60));
});
