// Revisions: a dataset that grows goes on under the accounts of its patients, and new ones get accounts of their own.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { isZeroRdp, lineageProblems, timesRdp } from '@consilium/domain';
import {
  cid,
  datasetArgument,
  patientsArgument,
  revisionArgument,
  sha256,
  studyArgument,
  updateArgument,
} from '@consilium/domain/testing/examples';
import { refusalOf } from '../testing/memory-consortium.ts';
import { as, StudyOnLedger } from '../testing/study-on-ledger.ts';

const steward = as('steward', 'AlphaMSP');
const auditor = as('auditor', 'BetaMSP');
const LOW = { low: 250, high: 349 };
const MORE = { low: 100, high: 149 };

/** Alpha's dataset `grown` in this many revisions, each with a block of patients more. */
async function grown(revisions: number): Promise<StudyOnLedger> {
  const study = await StudyOnLedger.prepared();
  await study.submit(steward, 'dataset:register', patientsArgument('grown'));
  for (let block = 2; block <= revisions; block++) {
    await study.submit(steward, 'dataset:revise', revisionArgument('grown', block));
  }
  return study;
}
/** A study of it alone, by Alpha. */
const propose = (study: StudyOnLedger, studyId: string, change: object = {}) =>
  study.submit(
    as('researcher', 'AlphaMSP'),
    'study:propose',
    studyArgument({ studyId, datasets: ['grown'], quorum: { updates: 1, validators: 1 }, ...change }),
  );
const quote = (study: StudyOnLedger, studyId: string, blocks?: number[]) =>
  study.evaluate(steward, 'privacy:quote', { studyId, datasetId: 'grown', ...(blocks && { blocks }) });
async function give(study: StudyOnLedger, studyId: string, blocks?: number[]) {
  const { claimedEpsilon } = await quote(study, studyId, blocks);
  const argument = { studyId, datasetId: 'grown', claimedEpsilon, ...(blocks && { blocks }) };
  return study.submit(steward, 'study:consent', argument);
}
const account = (study: StudyOnLedger, block: number, pool: 'training' | 'held-out' = 'training') =>
  study.evaluate(auditor, 'privacy:getBudget', { datasetId: 'grown', pool, block });

test('a revision keeps the accounts of its patients and opens new ones for those never seen before', async () => {
  const study = await grown(1);
  const revision = await study.submit(steward, 'dataset:revise', revisionArgument('grown', 2));
  assert.equal(revision.revision, 2);
  assert.deepEqual(revision.blocks, [
    { block: 1, recordCountBand: LOW },
    { block: 2, recordCountBand: MORE },
  ]);
  const dataset = await study.evaluate(auditor, 'dataset:get', { datasetId: 'grown' });
  assert.deepEqual(
    [dataset.revision, dataset.commitment, dataset.recordCountBand],
    [2, cid('grown with block 2'), { low: 350, high: 499 }],
  );
  const { items } = await study.evaluate(auditor, 'dataset:listRevisions', { datasetId: 'grown' });
  assert.deepEqual(
    items.map((row: { commitment: string }) => row.commitment),
    [cid('grown'), cid('grown with block 2')],
  );
  assert.ok(isZeroRdp((await account(study, 2)).spent));
  const missing = account(study, 3);
  assert.equal((await refusalOf(missing)).code, 'BLOCK_NOT_FOUND');
});

test('a grown file is no new budget for the same patients', async () => {
  const study = await grown(1);
  await propose(study, 'first');
  await give(study, 'first');
  const before = await account(study, 1);
  await study.submit(steward, 'dataset:revise', revisionArgument('grown', 2));
  assert.deepEqual(await account(study, 1), before);
  const again = { ...patientsArgument('again'), commitment: cid('grown with block 2') };
  assert.equal((await refusalOf(study.submit(steward, 'dataset:register', again))).code, 'COMMITMENT_EXISTS');
});

test('a revision is refused by the field that is wrong', async () => {
  const study = await grown(2);
  const refused = async (change: object, block = 3) =>
    refusalOf(
      study.submit(steward, 'dataset:revise', { ...revisionArgument('grown', block), ...change } as never),
    );
  assert.match((await refused({ dictionary: {} })).detail, /dictionary is not a known field/);
  const same = await refused({ commitment: cid('grown with block 2') });
  assert.match(same.detail, /commitment must be of other rows than those of the present revision/);
  assert.equal((await refused({ commitment: cid('alpha') })).code, 'COMMITMENT_EXISTS');
  const skipped = { ...revisionArgument('grown', 3).newBlock, block: 4 };
  assert.equal((await refused({ newBlock: skipped })).code, 'BLOCK_NUMBER');
  const share = (block: number) => ({ block, recordCountBand: LOW });
  assert.equal((await refused({ blocks: [share(1), share(9)] })).code, 'BLOCK_NOT_FOUND');
  assert.match((await refused({ blocks: [share(1), share(1)] })).detail, /blocks has 1 twice/);
  const { newBlock, ...old } = revisionArgument('grown', 3);
  const twice = study.submit(steward, 'dataset:revise', {
    ...old,
    newBlock: { ...newBlock!, patientsSha256: revisionArgument('grown', 2).newBlock!.patientsSha256 },
  });
  assert.equal((await refusalOf(twice)).code, 'PATIENTS_COUNTED');
  const other = study.submit(as('steward', 'BetaMSP'), 'dataset:revise', revisionArgument('grown', 3));
  assert.equal((await refusalOf(other)).code, 'NOT_THE_OWNER');
  const anonymous = { ...revisionArgument('alpha', 2), newBlock: revisionArgument('grown', 2).newBlock! };
  const blind = await refusalOf(study.submit(steward, 'dataset:revise', anonymous));
  assert.match(blind.detail, /alpha has no patientId in its dictionary: nobody can tell which rows are new/);
});

test('a former revision of its own may come back; it is still charged to the same patients', async () => {
  const study = await grown(2);
  const back = { ...revisionArgument('grown', 2), commitment: cid('grown'), recordCountBand: LOW };
  const { newBlock: _, ...revision } = { ...back, blocks: [{ block: 1, recordCountBand: LOW }] };
  const third = await study.submit(steward, 'dataset:revise', { ...revision, removed: true });
  assert.deepEqual([third.revision, third.removed], [3, true]);
});

test('a consent gives the blocks that it names, and reserves the whole cost of each', async () => {
  const study = await grown(3);
  await propose(study, 'young');
  const consent = await give(study, 'young', [2, 3]);
  assert.deepEqual(
    [consent.revision, consent.blocks],
    [
      3,
      [
        { block: 2, recordCountBand: MORE },
        { block: 3, recordCountBand: MORE },
      ],
    ],
  );
  for (const block of [2, 3]) {
    for (const [pool, cost] of [
      ['training', consent.costPerRound.training],
      ['held-out', consent.costPerRound.heldOut],
    ] as const) {
      assert.deepEqual((await account(study, block, pool)).reserved, timesRdp(cost, consent.rounds));
    }
  }
  assert.ok(isZeroRdp((await account(study, 1)).reserved), 'others are not charged');
});

test('without names a consent gives every open block of the present revision', async () => {
  const study = await grown(3);
  await study.submit(steward, 'population:retireBlock', {
    populationId: 'grown',
    block: 1,
    reason: 'it is spent',
  });
  await propose(study, 'open');
  const consent = await give(study, 'open');
  assert.deepEqual(
    consent.blocks.map(({ block }: { block: number }) => block),
    [2, 3],
  );
  await propose(study, 'retired');
  const argument = {
    studyId: 'retired',
    datasetId: 'grown',
    claimedEpsilon: { training: '9', heldOut: '9' },
  };
  const refusal = await refusalOf(study.submit(steward, 'study:consent', { ...argument, blocks: [2, 1] }));
  assert.equal(refusal.code, 'BLOCK_RETIRED');
  const twice = await refusalOf(study.submit(steward, 'study:consent', { ...argument, blocks: [2, 2] }));
  assert.match(twice.message, /^INVALID_ARGUMENT: blocks has 2 twice/);
});

test('one block that cannot bear a study is named, with those that can', async () => {
  const study = await grown(1);
  for (const studyId of ['first', 'second', 'third', 'fourth', 'fifth', 'sixth']) {
    await propose(study, studyId, { rounds: 12 });
    if (!(await quote(study, studyId)).fits) break;
    await give(study, studyId);
  }
  for (const block of [2, 3]) {
    await study.submit(steward, 'dataset:revise', revisionArgument('grown', block));
  }
  await propose(study, 'next', { rounds: 12 });
  const whole = await quote(study, 'next');
  assert.deepEqual(
    [whole.fits, whole.blocks.map(({ fits }: { fits: boolean }) => fits), whole.revision],
    [false, [false, true, true], 3],
  );
  assert.deepEqual(whole.patients, {
    all: { low: 450, high: 647 },
    fitting: { low: 200, high: 298 },
    asked: { low: 450, high: 647 },
  });
  const argument = { studyId: 'next', datasetId: 'grown', claimedEpsilon: whole.claimedEpsilon };
  const refusal = await refusalOf(study.submit(steward, 'study:consent', argument));
  assert.equal(refusal.code, 'BUDGET_EXCEEDED');
  assert.match(refusal.detail, /the training account of grown has ε .*; blocks 2, 3 can bear it$/);
  assert.ok(isZeroRdp((await account(study, 2)).reserved), 'none of them is charged for it');
  const some = await quote(study, 'next', [2, 3]);
  assert.deepEqual([some.fits, some.patients.asked], [true, { low: 200, high: 298 }]);
  assert.deepEqual(
    some.blocks.map(({ asked }: { asked: boolean }) => asked),
    [false, true, true],
  );
  await give(study, 'next', [2, 3]);
});

test('a study goes on with the revision that it was consented to, to a model whose lineage holds', async () => {
  const study = await grown(2);
  await propose(study, 'heart');
  const text = await study.evaluate(auditor, 'study:get', { studyId: 'heart' });
  assert.deepEqual(text.weights, [{ datasetId: 'grown', weight: 424, revision: 2 }]);
  await study.submit(steward, 'dataset:revise', revisionArgument('grown', 3));
  const consent = await give(study, 'heart', [1, 2]);
  assert.equal(consent.revision, 3);
  await study.submit(as('researcher', 'AlphaMSP'), 'study:start', { studyId: 'heart' });
  const round = async (number: number) => {
    await study.open(number);
    await study.submit(as('trainer', 'AlphaMSP'), 'round:recordUpdate', {
      ...updateArgument({
        studyId: 'heart',
        datasetId: 'grown',
        round: number,
      }),
    });
    await study.close(number);
    await study.verdict('AlphaMSP', number, { datasets: ['grown'], own: ['grown'] });
    await study.tally(number);
    await study.attest('AlphaMSP', number);
    await study.finalize(number);
  };
  await round(1);
  const { blocks: _, ...fourth } = revisionArgument('grown', 4);
  await study.submit(steward, 'dataset:revise', {
    ...fourth,
    blocks: revisionArgument('grown', 3).blocks!,
    recordCountBand: { low: 500, high: 749 },
  });
  await round(2);
  await study.submit(as('researcher', 'AlphaMSP'), 'model:publish', { studyId: 'heart' });
  const lineage = () => study.evaluate(auditor, 'model:getLineage', { studyId: 'heart' });
  const published = await lineage();
  assert.deepEqual(lineageProblems(published, { sha256, trusted: published.model.lineageSha256 }), []);
  assert.equal(published.datasets[0].revision, 3, 'what was consented to');
  await study.submit(steward, 'dataset:revise', {
    datasetId: 'grown',
    commitment: cid('grown by nobody'),
    recordCountBand: LOW,
    blocks: [{ block: 1, recordCountBand: LOW }],
    removed: true,
  });
  assert.deepEqual(await lineage(), published, 'later revisions change nothing of it');
});

test('an approval is of the blocks and the revision that its steward read', async () => {
  const study = await StudyOnLedger.prepared();
  const consentPolicy = { stewards: 2 };
  await study.submit(steward, 'dataset:register', { ...patientsArgument('grown'), consentPolicy });
  await study.submit(steward, 'dataset:revise', revisionArgument('grown', 2));
  await propose(study, 'heart');
  const other = { ...steward, person: 'other' };
  const asked = { studyId: 'heart', datasetId: 'grown', blocks: [2] };
  const approval = await study.submit(other, 'study:approveConsent', asked);
  assert.deepEqual(approval.blocks, [{ block: 2, recordCountBand: MORE }]);
  const again = study.submit(other, 'study:approveConsent', asked);
  assert.equal((await refusalOf(again)).code, 'APPROVAL_EXISTS');
  assert.equal((await refusalOf(give(study, 'heart', [1, 2]))).code, 'CONSENT_INCOMPLETE');
  await study.submit(steward, 'dataset:revise', revisionArgument('grown', 3));
  assert.equal((await refusalOf(give(study, 'heart', [2]))).code, 'CONSENT_INCOMPLETE');
  await study.submit(other, 'study:approveConsent', asked);
  assert.equal((await give(study, 'heart', [2])).stewards.length, 2);
});

test('datasets that were registered with nothing but rows go on as they were', async () => {
  const study = await StudyOnLedger.running();
  await study.wholeRound(1);
  const consent = await study.evaluate(auditor, 'study:getConsent', { studyId: 'heart', datasetId: 'alpha' });
  assert.deepEqual(consent.blocks, [{ block: 1, recordCountBand: datasetArgument('alpha').recordCountBand }]);
  const { items } = await study.evaluate(auditor, 'privacy:listEvents', { datasetId: 'alpha' });
  assert.deepEqual(
    items.map(({ blocks }: { blocks: number[] }) => blocks),
    [[1], [1]],
  );
});
