// How parameters move: what a study may say of it, what is refused, and that none of it changes what is charged.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  type ProposeStudy,
  planDigest,
  plannedScoreEvent,
  plannedTrainingEvent,
  type Study,
  studyDigest,
  studyText,
} from '@consilium/domain';
import { costPerRound } from '@consilium/domain/rules';
import { sha256, studyArgument } from '@consilium/domain/testing/examples';
import { refusalOf } from '../testing/memory-consortium.ts';
import { as, DATASETS, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';

const proposal = studyArgument({ studyId: STUDY, datasets: DATASETS });
const withTraining = (change: object) =>
  ({ training: { ...proposal.training, ...change } }) as Partial<ProposeStudy>;
const withServer = (serverOptimizer: object) =>
  ({ aggregation: { ...proposal.aggregation, serverOptimizer } }) as Pick<ProposeStudy, 'aggregation'>;
const ADAM = { kind: 'adam', momentum: '0.9', secondMomentum: '0.999', floor: '0.0001' };
const SCAFFOLD = { driftCorrection: { kind: 'scaffold' } };
const ADAPTIVE = {
  kind: 'adaptive',
  targetQuantile: '0.5',
  rate: '0.2',
  countNoiseMultiplier: '12',
  minimumClipNormL2: '0.1',
  maximumClipNormL2: '10',
};

test('a study says how its parameters move, the ledger keeps its words, and the charge is as without them', async () => {
  const study = await StudyOnLedger.prepared();
  const plans = [
    { optimizer: { kind: 'sgd', momentum: '0.9' } },
    { optimizer: ADAM },
    { schedule: { kind: 'cosine', warmUpSteps: 5, finalFraction: '0.1' }, weightDecay: '0.01' },
    { schedule: { kind: 'step', warmUpSteps: 0, everySteps: 5, factor: '0.5' }, momentum: '0.5' },
    { clipping: { kind: 'per-layer', bounds: 'by-size', layers: [['fc1.*'], ['fc2.weight', 'fc2.bias']] } },
    { clipping: ADAPTIVE },
    { driftCorrection: { kind: 'fedprox', proximal: '0.1' } },
    { driftCorrection: { kind: 'fedprox', proximal: '5' }, optimizer: ADAM },
    { driftCorrection: { kind: 'scaffold' }, schedule: { kind: 'constant', warmUpSteps: 0 } },
  ].map(withTraining);
  for (const [i, plan] of plans.entries()) {
    const studyId = `plan-${i}`;
    await study.propose({ studyId, ...plan });
    const row = await study.evaluate(as('auditor', 'AlphaMSP'), 'study:get', { studyId });
    assert.deepEqual(row.training, plan.training);
    assert.deepEqual(
      plannedTrainingEvent(row),
      plannedTrainingEvent({ ...row, training: proposal.training }),
    );
  }
});

test('a study says which server optimiser moves its model, and pays what it pays without', async () => {
  const study = await StudyOnLedger.prepared();
  const adaptive = { learningRate: '0.1', momentum: '0.9', adaptivity: '0.001' };
  const plans = [
    { kind: 'fedavgm', learningRate: '1', momentum: '0.9' },
    { kind: 'fedadam', ...adaptive, secondMomentum: '0.99' },
    { kind: 'fedyogi', ...adaptive, secondMomentum: '0.99' },
    { kind: 'fedadagrad', ...adaptive, momentum: '0' },
  ].map(withServer);
  for (const [i, { aggregation }] of plans.entries()) {
    const studyId = `server-${i}`;
    await study.propose({ studyId, aggregation });
    const row = await study.evaluate(as('auditor', 'AlphaMSP'), 'study:get', { studyId });
    assert.deepEqual(row.aggregation, aggregation);
    assert.deepEqual(plannedTrainingEvent(row), plannedTrainingEvent({ ...row, ...proposal }));
  }
});

for (const [title, serverOptimizer, says] of [
  [
    'leaves a number to its reader',
    { kind: 'fedadam', learningRate: '0.1', momentum: '0.9', adaptivity: '0.001' },
    /serverOptimizer\.secondMomentum is missing/,
  ],
  [
    'never forgets',
    { kind: 'fedavgm', learningRate: '1', momentum: '0.99999' },
    /serverOptimizer\.momentum must be at most 0\.9999/,
  ],
  [
    'does not move',
    { kind: 'fedavgm', learningRate: '0.00001', momentum: '0.9' },
    /serverOptimizer\.learningRate must be at least 0\.0001/,
  ],
  [
    'divides by nothing',
    { kind: 'fedadagrad', learningRate: '1', momentum: '0.9', adaptivity: '0' },
    /serverOptimizer\.adaptivity must be at least/,
  ],
  [
    'nobody knows',
    { kind: 'fedlion', learningRate: '1', momentum: '0.9' },
    /serverOptimizer\.kind must be one of fedavgm, fedadam, fedyogi, fedadagrad/,
  ],
] as const) {
  test(`a study with a server optimiser that ${title} is refused`, async () => {
    const study = await StudyOnLedger.prepared();
    study.baseline();
    const { code, message } = await refusalOf(study.propose(withServer(serverOptimizer)));
    assert.equal(code, 'INVALID_ARGUMENT');
    assert.match(message, says);
    assert.equal(study.snapshot(), study.remembered);
  });
}

test('a study averages its models over the rounds, under its digests, and pays what it pays without', async () => {
  const study = await StudyOnLedger.prepared();
  const averaging = { decay: '0.9' };
  await study.propose({ studyId: 'averaged', rounds: 2, averaging });
  await study.propose({ studyId: 'plain', rounds: 2 });
  const [averaged, plain] = await Promise.all(
    ['averaged', 'plain'].map((studyId) =>
      study.evaluate(as('auditor', 'AlphaMSP'), 'study:get', { studyId }),
    ),
  );
  assert.deepEqual(averaged.averaging, averaging);
  assert.deepEqual(plannedTrainingEvent(averaged), plannedTrainingEvent(plain));
  assert.deepEqual(plannedScoreEvent(averaged), plannedScoreEvent(plain));
  assert.deepEqual(costPerRound(averaged), costPerRound(plain));
  assert.deepEqual(studyText({ ...averaged, studyId: 'plain' }), { ...studyText(plain), averaging });
  const digests = (row: Study) => [studyDigest(row, sha256), planDigest(row, sha256)];
  for (const decay of ['0.8', '0.90']) {
    const other = digests({ ...averaged, averaging: { decay } });
    digests(averaged).forEach((digest, i) => {
      assert.notEqual(other[i], digest);
    });
  }
});

test('a study of the version before, without averaging, keeps its text and digests', () => {
  assert.equal(Object.hasOwn(studyText(proposal), 'averaging'), false);
  // As the version before computed them.
  assert.equal(
    planDigest(proposal, sha256),
    'a532dbc9e0af8c012e512590ed25e0aee6bc519e7ecba8fe007e88b44be367d3',
  );
  assert.equal(
    studyDigest(proposal, sha256),
    '2d35be45453f8aa577d54c8f2806cb40224016deb1aa09e9d2a4b3af9f30b63a',
  );
});

for (const { title, change, says } of [
  {
    title: 'a single round',
    change: { rounds: 1, averaging: { decay: '0.9' } },
    says: /averaging: over one round there is nothing to average: take more rounds, or leave it out/,
  },
  {
    title: 'an average that never forgets',
    change: { averaging: { decay: '1' } },
    says: /averaging\.decay must be at most 0\.9999/,
  },
  { title: 'a decay below 0', change: { averaging: { decay: '-0.1' } }, says: /averaging\.decay/ },
  { title: 'a decay that is no decimal', change: { averaging: { decay: 0.9 } }, says: /averaging\.decay/ },
  { title: 'no decay', change: { averaging: {} }, says: /averaging\.decay is missing/ },
  { title: 'an average over steps', change: { averaging: { decay: '0.9', over: 'steps' } }, says: /over/ },
]) {
  test(`a study with ${title} to average over is refused, with the field and the remedy`, async () => {
    const study = await StudyOnLedger.prepared();
    study.baseline();
    const { code, message } = await refusalOf(study.propose(change as Partial<ProposeStudy>));
    assert.equal(code, 'INVALID_ARGUMENT');
    assert.match(message, says);
    assert.equal(study.snapshot(), study.remembered);
  });
}

test('a study whose rule bears false updates cannot have control variates, and the reason is said', async () => {
  const study = await StudyOnLedger.prepared();
  const aggregation = { rule: 'median', maxUpdateNormL2: '10' } as const;
  const refusal = await refusalOf(study.propose({ ...withTraining(SCAFFOLD), aggregation }));
  assert.equal(refusal.code, 'INVALID_ARGUMENT');
  assert.match(refusal.message, /aggregation\.rule must be fedavg beside scaffold/);
});

for (const { title, change, says } of [
  {
    title: 'momentum in two places',
    change: { momentum: '0.5', optimizer: { kind: 'sgd', momentum: '0.5' } },
    says: /training\.momentum is the optimizer's own field/,
  },
  { title: 'a momentum of 1', change: { momentum: '1' }, says: /training\.momentum must be below 1/ },
  {
    title: 'an Adam that leaves a number to its reader',
    change: { optimizer: { kind: 'adam', momentum: '0.9' } },
    says: /optimizer\.secondMomentum is missing/,
  },
  {
    title: 'a schedule that never ends warming up',
    change: { schedule: { kind: 'constant', warmUpSteps: 20 } },
    says: /schedule\.warmUpSteps must be below the study's 20 steps/,
  },
  {
    title: 'a decay that turns signs',
    change: { weightDecay: '2' },
    says: /weightDecay times learningRate must be below 1/,
  },
  {
    title: 'a count with too little noise',
    change: { clipping: { ...ADAPTIVE, countNoiseMultiplier: '11.9' } },
    says: /countNoiseMultiplier must be at least twice noiseMultiplier/,
  },
  {
    title: 'a range that leaves the clip norm out',
    change: { clipping: { ...ADAPTIVE, minimumClipNormL2: '1.1' } },
    says: /minimumClipNormL2 and maximumClipNormL2 must hold clipNormL2/,
  },
  {
    title: 'steps that jump over the model they are drawn to',
    change: { driftCorrection: { kind: 'fedprox', proximal: '2' } },
    says: /driftCorrection\.proximal times learningRate must be below 1/,
  },
  {
    title: 'a pull of nothing',
    change: { driftCorrection: { kind: 'fedprox', proximal: '0' } },
    says: /driftCorrection\.proximal must be greater than 0/,
  },
  {
    title: 'control variates of moments',
    change: { ...SCAFFOLD, optimizer: ADAM },
    says: /scaffold needs gradient descent without momentum/,
  },
  {
    title: 'control variates of momentum',
    change: { ...SCAFFOLD, momentum: '0.5' },
    says: /scaffold needs gradient descent without momentum/,
  },
  {
    title: 'control variates of many rates',
    change: { ...SCAFFOLD, schedule: { kind: 'constant', warmUpSteps: 1 } },
    says: /scaffold needs one learning rate in all rounds/,
  },
  {
    title: 'clipping that nobody knows',
    change: { clipping: { kind: 'automatic' } },
    says: /clipping\.kind must be one of per-layer, adaptive/,
  },
]) {
  test(`a study with ${title} is refused, with the field and the reason`, async () => {
    const study = await StudyOnLedger.prepared();
    study.baseline();
    const { code, message } = await refusalOf(study.propose(withTraining(change)));
    assert.equal(code, 'INVALID_ARGUMENT');
    assert.match(message, says);
    assert.equal(study.snapshot(), study.remembered);
  });
}
