// Populations: whose accounts datasets have in common, and the blocks of patients that these accounts are of.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { isZeroRdp, ROW_SCHEMA, timesRdp } from '@consilium/domain';
import {
  cid,
  datasetArgument,
  memberArgument,
  newBlock,
  patientsArgument,
  populationArgument,
  studyArgument,
  updateArgument,
} from '@consilium/domain/testing/examples';
import { MemoryConsortium, refusalOf, satisfies } from '../testing/memory-consortium.ts';
import { as, StudyOnLedger } from '../testing/study-on-ledger.ts';

const steward = as('steward', 'AlphaMSP');
const auditor = as('auditor', 'BetaMSP');
const rowKey = (noun: string, ...parts: string[]): string =>
  `\u0000${[noun, ...parts].map((part) => `${part}\u0000`).join('')}`;

async function peopled(): Promise<StudyOnLedger> {
  const study = await StudyOnLedger.prepared();
  await study.submit(steward, 'population:register', populationArgument('all'));
  await study.submit(steward, 'dataset:register', patientsArgument('clinic', 'all'));
  return study;
}

test('a dataset without a population brings its own, with one block of everyone in it', async () => {
  const study = await StudyOnLedger.prepared();
  const { populationId, ...dataset } = await study.evaluate(auditor, 'dataset:get', { datasetId: 'alpha' });
  assert.equal(populationId, undefined, 'clients of before find the dataset as they know it');
  assert.deepEqual(dataset.privacyBudget, datasetArgument('alpha').privacyBudget);
  const population = await study.evaluate(auditor, 'population:get', { populationId: 'alpha' });
  assert.deepEqual([population.blocks, population.datasets, population.owner], [1, ['alpha'], 'AlphaMSP']);
  const { items } = await study.evaluate(auditor, 'population:listBlocks', { populationId: 'alpha' });
  assert.deepEqual(
    items.map(({ block, state, recordCountBand }: Record<string, unknown>) => [
      block,
      state,
      recordCountBand,
    ]),
    [[1, 'open', { low: 250, high: 349 }]],
  );
  const revisions = await study.evaluate(auditor, 'dataset:listRevisions', { datasetId: 'alpha' });
  assert.deepEqual(revisions.items[0].blocks, [{ block: 1, recordCountBand: { low: 250, high: 349 } }]);
});

test('two dictionaries over the same people charge the same accounts', async () => {
  const study = await peopled();
  const { newBlock: _, ...other } = patientsArgument('imaging', 'all');
  const blocks = [{ block: 1, recordCountBand: { low: 250, high: 349 } }];
  await study.submit(steward, 'dataset:register', { ...other, blocks });
  const population = await study.evaluate(auditor, 'population:get', { populationId: 'all' });
  assert.deepEqual([population.blocks, population.datasets], [1, ['clinic', 'imaging']]);
  for (const datasetId of ['clinic', 'imaging']) {
    const studyId = `on-${datasetId}`;
    const quorum = { updates: 1, validators: 1 };
    await study.submit(
      as('researcher', 'AlphaMSP'),
      'study:propose',
      studyArgument({ studyId, datasets: [datasetId], quorum }),
    );
    await study.consent(datasetId, studyId, steward);
  }
  const [clinic, imaging] = [
    await study.budget('clinic', 'training'),
    await study.budget('imaging', 'training'),
  ];
  assert.deepEqual(clinic, imaging);
  const { costPerRound } = await study.evaluate(auditor, 'study:getConsent', {
    studyId: 'on-clinic',
    datasetId: 'clinic',
  });
  assert.equal(
    BigInt(clinic.reserved[0]),
    4n * BigInt(costPerRound.training[0]),
    'two studies of two rounds',
  );
});

test('rows of a population, its blocks and revisions change with the owner and a majority only', async () => {
  const study = await peopled();
  for (const key of [
    rowKey('population', 'all'),
    rowKey('block', 'all', '00001'),
    rowKey('revision', 'clinic', '00001'),
    rowKey('budget', 'all', 'training'),
    rowKey('population', 'alpha'),
    rowKey('block', 'alpha', '00001'),
  ]) {
    const policy = study.world.rows.get(key)?.policy;
    assert.ok(policy !== undefined, key);
    assert.ok(satisfies(policy, ['AlphaMSP', 'BetaMSP', 'GammaMSP']));
    assert.ok(!satisfies(policy, ['BetaMSP', 'GammaMSP', 'DeltaMSP']), 'not without the owner');
    assert.ok(!satisfies(policy, ['AlphaMSP']), 'nor by the owner alone');
  }
});

test("a population's budget holds for its datasets, which may leave it out and cannot change it", async () => {
  const study = await peopled();
  const dataset = await study.evaluate(auditor, 'dataset:get', { datasetId: 'clinic' });
  assert.deepEqual(dataset.privacyBudget, populationArgument('all').privacyBudget);
  assert.deepEqual([dataset.populationId, dataset.schema], ['all', ROW_SCHEMA.dataset]);
  const argument = { ...patientsArgument('other', 'all'), newBlock: newBlock('all', 2) };
  const refused = async (change: object) =>
    refusalOf(study.submit(steward, 'dataset:register', { ...argument, ...change } as never));
  const { privacyBudget } = populationArgument('all', '9');
  assert.match((await refused({ privacyBudget })).detail, /^privacyBudget must be that of all, or left out/);
  const accounting = { kind: 'gaussian' };
  assert.match((await refused({ accounting })).detail, /^accounting must be that of all, or left out/);
  const anonymous = await refused({ dictionary: datasetArgument('other').dictionary });
  assert.match(anonymous.detail, /^dictionary.patientId must be a column: rows of one population/);
  const { newBlock: _, ...nobody } = argument;
  assert.match(
    (await refusalOf(study.submit(steward, 'dataset:register', nobody))).detail,
    /blocks must name a block, or newBlock must be there/,
  );
  const many = { low: 1000, high: 1249 };
  assert.match(
    (await refused({ recordCountBand: many })).detail,
    /recordCountBand is 1000-1249, and the blocks come to 100-149/,
  );
});

test('a dataset that names no population must say its own budget, and whose block it brings', async () => {
  const study = await StudyOnLedger.prepared();
  const refused = async (argument: object) =>
    (await refusalOf(study.submit(steward, 'dataset:register', argument as never))).detail;
  const { privacyBudget: _, ...poor } = datasetArgument('poor');
  assert.match(await refused(poor), /^privacyBudget must be there, unless populationId names a population/);
  const blocks = [{ block: 1, recordCountBand: { low: 250, high: 349 } }];
  assert.match(
    await refused({ ...datasetArgument('new'), blocks }),
    /^blocks is for datasets of a population/,
  );
  const other = { ...datasetArgument('new'), newBlock: newBlock('new', 1) };
  assert.match(await refused(other), /^newBlock.recordCountBand must be recordCountBand/);
});

test('nobody joins a population whose people cannot be told apart: the same ones would have a second account', async () => {
  const study = await StudyOnLedger.prepared();
  const second = { ...patientsArgument('imaging', 'alpha'), newBlock: newBlock('alpha', 2) };
  const refused = await refusalOf(study.submit(steward, 'dataset:register', second));
  assert.equal(refused.code, 'INVALID_ARGUMENT');
  assert.match(refused.detail, /populationId alpha has rows without a patientId/);
  const { newBlock: _, ...other } = second;
  const known = { ...other, blocks: [{ block: 1, recordCountBand: { low: 250, high: 349 } }] };
  assert.equal(
    (await refusalOf(study.submit(steward, 'dataset:register', known))).code,
    'INVALID_ARGUMENT',
    'they would be split into training and held-out patients in two ways',
  );
});

test('a dataset is never moved to another population: not by its id, its rows or a revision', async () => {
  const study = await peopled();
  await study.submit(steward, 'population:register', populationArgument('others'));
  const moved = { ...patientsArgument('moved', 'others'), commitment: cid('clinic') };
  assert.equal((await refusalOf(study.submit(steward, 'dataset:register', moved))).code, 'COMMITMENT_EXISTS');
  const again = patientsArgument('clinic', 'others');
  assert.equal((await refusalOf(study.submit(steward, 'dataset:register', again))).code, 'DATASET_EXISTS');
  const revision = {
    datasetId: 'clinic',
    populationId: 'others',
    commitment: cid('next'),
    recordCountBand: { low: 250, high: 349 },
    blocks: [{ block: 1, recordCountBand: { low: 250, high: 349 } }],
    removed: false,
  };
  const refusal = await refusalOf(study.submit(steward, 'dataset:revise', revision as never));
  assert.match(refusal.message, /^INVALID_ARGUMENT: populationId is not a known field/);
});

test('a population asks for stewards in all its datasets', async () => {
  const study = new MemoryConsortium(['AlphaMSP']);
  await study.submit(as('operator', 'AlphaMSP'), 'member:register', memberArgument('AlphaMSP'));
  const consentPolicy = { stewards: 2 };
  await study.submit(steward, 'population:register', { ...populationArgument('all'), consentPolicy });
  const argument = patientsArgument('clinic', 'all');
  const less = study.submit(steward, 'dataset:register', { ...argument, consentPolicy: { stewards: 1 } });
  assert.match((await refusalOf(less)).detail, /^consentPolicy.stewards must be at least the 2 of all/);
  const dataset = await study.submit(steward, 'dataset:register', argument);
  assert.deepEqual(dataset.consentPolicy, consentPolicy);
});

test('only the owner retires a block, and what it has reserved goes on to be spent and given back', async () => {
  const study = await StudyOnLedger.running();
  const retire = (mspId: string) =>
    study.submit(as('steward', mspId), 'population:retireBlock', {
      populationId: 'alpha',
      block: 1,
      reason: 'nearly spent',
    });
  assert.equal((await refusalOf(retire('BetaMSP'))).code, 'NOT_THE_OWNER');
  const retired = await retire('AlphaMSP');
  assert.deepEqual([retired.state, retired.reason], ['retired', 'nearly spent']);
  await study.wholeRound(1);
  await study.submit(as('researcher', 'AlphaMSP'), 'study:abort', { studyId: 'heart', reason: 'enough' });
  await study.settle('alpha');
  const account = await study.budget('alpha', 'training');
  assert.ok(!isZeroRdp(account.spent) && isZeroRdp(account.reserved));
  const { items } = await study.evaluate(auditor, 'audit:listActivities', { by: 'dataset', value: 'alpha' });
  assert.ok(
    items.some(({ transaction }: { transaction: string }) => transaction === 'population:retireBlock'),
  );
});

test('populations and blocks are read one by one and in lists, and their past is on the ledger', async () => {
  const study = await peopled();
  const { items } = await study.evaluate(auditor, 'population:list', { pageSize: 2 });
  assert.equal(items.length, 2);
  const empty = await study.submit(steward, 'population:register', populationArgument('empty'));
  assert.deepEqual([empty.blocks, empty.datasets], [0, []]);
  const none = await study.evaluate(auditor, 'population:listBlocks', { populationId: 'empty' });
  assert.deepEqual(none.items, []);
  const unknown = study.evaluate(auditor, 'population:listBlocks', { populationId: 'unknown' });
  assert.equal((await refusalOf(unknown)).code, 'POPULATION_NOT_FOUND');
  const past = await study.evaluate(auditor, 'audit:getHistory', { noun: 'population', key: ['all'] });
  assert.equal(past.items.length, 2, 'registered, and then with a dataset');
  const block = await study.evaluate(auditor, 'audit:getHistory', { noun: 'block', key: ['all', '1'] });
  assert.equal(block.items[0].row.patientsSha256, newBlock('all', 1).patientsSha256);
  const account = { noun: 'budget' as const, key: ['all', 'training', '1'] };
  assert.equal((await study.evaluate(auditor, 'audit:getHistory', account)).items.length, 1);
});

test('two datasets of one population in one study cost its patients twice, also where both are scored in one verdict', async () => {
  const study = await peopled();
  const { newBlock: _, ...other } = patientsArgument('imaging', 'all');
  const blocks = [{ block: 1, recordCountBand: { low: 250, high: 349 } }];
  await study.submit(steward, 'dataset:register', { ...other, blocks });
  const datasets = ['clinic', 'imaging'];
  const quorum = { updates: 2, validators: 1 };
  await study.submit(
    as('researcher', 'AlphaMSP'),
    'study:propose',
    studyArgument({ studyId: 'heart', datasets, quorum }),
  );
  for (const datasetId of datasets) await study.consent(datasetId, 'heart', steward);
  await study.submit(as('researcher', 'AlphaMSP'), 'study:start', { studyId: 'heart' });
  await study.open(1);
  for (const datasetId of datasets) {
    const update = updateArgument({ studyId: 'heart', datasetId });
    await study.submit(as('trainer', 'AlphaMSP'), 'round:recordUpdate', update);
  }
  await study.close(1);
  await study.verdict('AlphaMSP', 1, { datasets, own: datasets });
  const { costPerRound, rounds } = await study.evaluate(auditor, 'study:getConsent', {
    studyId: 'heart',
    datasetId: 'clinic',
  });
  for (const [pool, cost] of [
    ['training', costPerRound.training],
    ['held-out', costPerRound.heldOut],
  ] as const) {
    const account = await study.budget('imaging', pool);
    assert.deepEqual(account.spent, timesRdp(cost, 2), pool);
    assert.deepEqual(account.reserved, timesRdp(cost, 2 * (rounds - 1)), pool);
  }
  const amendment = { rounds: rounds + 1 };
  await study.submit(steward, 'motion:move', {
    studyId: 'heart',
    kind: 'amend',
    amendment,
    reason: 'it improves',
  });
  const claims = datasets.map((datasetId) => ({
    datasetId,
    claimedEpsilon: { training: '9', heldOut: '9' },
  }));
  await study.submit(steward, 'motion:vote', { studyId: 'heart', motion: 1, accept: true, claims });
  const more = await study.budget('clinic', 'training');
  assert.deepEqual(more.reserved, timesRdp(costPerRound.training, 2 * rounds), 'one round more of each');
  await study.submit(as('researcher', 'AlphaMSP'), 'study:abort', { studyId: 'heart', reason: 'enough' });
  for (const datasetId of datasets)
    await study.submit(steward, 'study:settle', { studyId: 'heart', datasetId });
  assert.ok(isZeroRdp((await study.budget('clinic', 'training')).reserved));
});

test('more rounds reserve nothing in a retired block', async () => {
  const study = await StudyOnLedger.running();
  await study.submit(steward, 'population:retireBlock', { populationId: 'alpha', block: 1, reason: 'spent' });
  await study.move('AlphaMSP', { kind: 'amend', amendment: { rounds: 3 } });
  const claims = [{ datasetId: 'alpha', claimedEpsilon: { training: '9', heldOut: '9' } }];
  const refusal = await refusalOf(study.vote('AlphaMSP', true, 1, { claims }));
  assert.equal(refusal.code, 'BLOCK_RETIRED');
  await study.vote('AlphaMSP', false);
});
