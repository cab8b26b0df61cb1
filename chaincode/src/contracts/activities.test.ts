// Questions of auditors: what was done with a dataset, in a study, by a hospital, for a purpose, and when.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { type Activity, type Argument, canonicalJson } from '@consilium/domain';
import { studyArgument } from '@consilium/domain/testing/examples';
import { refusalOf } from '../testing/memory-consortium.ts';
import { as, DATASETS, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';

const auditor = as('auditor', 'DeltaMSP');
type Question = Argument<'audit:listActivities'>;
const ask = (study: StudyOnLedger, question: Question) =>
  study.evaluate(auditor, 'audit:listActivities', question);

/** Every page of an answer. */
async function all(study: StudyOnLedger, question: Question): Promise<Activity[]> {
  const items: Activity[] = [];
  for (let bookmark: string | undefined, first = true; first || bookmark !== undefined; first = false) {
    const page = await ask(study, { ...question, ...(bookmark !== undefined && { bookmark }) });
    assert.ok(page.items.length <= (question.pageSize ?? 50));
    items.push(...page.items);
    bookmark = page.bookmark;
  }
  return items;
}
const names = (activities: readonly Activity[]) => activities.map(({ transaction }) => transaction);

test('the index has every transaction that wrote, once, in the order of time, with its id', async () => {
  const study = await StudyOnLedger.running();
  await study.wholeRound(1);
  const everything = await all(study, { by: 'all', pageSize: 7 });
  assert.deepEqual(
    names(everything),
    study.committed.map(({ name }) => name),
  );
  assert.equal(new Set(everything.map(({ transactionId }) => transactionId)).size, everything.length);
  assert.deepEqual(
    everything.map(({ at }) => at),
    everything.map(({ at }) => at).toSorted(),
  );
});

test('a dataset is found in everything that concerned it, and in nothing else', async () => {
  const study = await StudyOnLedger.running();
  await study.wholeRound(1);
  assert.deepEqual(names(await all(study, { by: 'dataset', value: 'gamma' })), [
    'dataset:register',
    'study:propose',
    'study:consent',
    'round:open',
    'round:recordUpdate',
    'round:recordVerdict',
  ]);
  const mine = await all(study, { by: 'dataset', value: 'gamma', pageSize: 1 });
  assert.deepEqual(
    mine.filter(({ transaction }) => transaction === 'round:recordUpdate').map(({ mspId }) => mspId),
    ['GammaMSP'],
  );
});

test('a hospital is found in what it did itself', async () => {
  const study = await StudyOnLedger.running();
  await study.wholeRound(1);
  const done = await all(study, { by: 'hospital', value: 'BetaMSP', pageSize: 3 });
  assert.ok(done.every(({ mspId }) => mspId === 'BetaMSP'));
  assert.deepEqual(names(done), [
    'member:register',
    'dataset:register',
    'study:consent',
    'round:recordUpdate',
    'round:recordVerdict',
    'round:attest',
  ]);
});

test('a purpose leads to the studies that it was claimed for, and to the consents to them', async () => {
  const study = await StudyOnLedger.running();
  await study.propose({ studyId: 'ancestry', purpose: 'DUO:0000007', datasets: DATASETS.slice(0, 3) });
  const found = await all(study, { by: 'purpose', value: 'DUO:0000007' });
  assert.deepEqual(
    found.filter(({ transaction }) => transaction === 'study:propose').map(({ studyId }) => studyId),
    [STUDY, 'ancestry'],
  );
  assert.equal(names(found).filter((name) => name === 'study:consent').length, 4);
  assert.deepEqual(await all(study, { by: 'purpose', value: 'DUO:0000042' }), []);
});

test('a range of time includes its beginning and not its end, whatever the form of the times', async () => {
  const study = await StudyOnLedger.running();
  await study.wholeRound(1);
  const everything = await all(study, { by: 'study', value: STUDY });
  for (const [from, to] of [
    [0, everything.length - 1],
    [3, 9],
    [5, 6],
  ] as const) {
    const question: Question = {
      by: 'study',
      value: STUDY,
      from: everything[from]!.at.replace('.000Z', 'Z'),
      to: everything[to]!.at,
      pageSize: 2,
    };
    assert.deepEqual(await all(study, question), everything.slice(from, to));
  }
  const after = { by: 'study', value: STUDY, from: '2999-01-01T00:00:00Z' } as const;
  assert.deepEqual(await all(study, after), []);
  const later = await all(study, { by: 'study', value: STUDY, from: everything[4]!.at });
  assert.deepEqual(later, everything.slice(4));
});

test('names that begin alike are not mixed up', async () => {
  const study = await StudyOnLedger.prepared();
  for (const studyId of ['heart', 'heart-2', 'hear']) await study.propose({ studyId });
  const found = await all(study, { by: 'study', value: 'heart' });
  assert.deepEqual(
    found.map(({ studyId }) => studyId),
    ['heart'],
  );
});

test('what was written between two pages moves nothing', async () => {
  const study = await StudyOnLedger.running();
  const before = await all(study, { by: 'study', value: STUDY });
  const first = await ask(study, { by: 'study', value: STUDY, pageSize: 2 });
  await study.open(1);
  const rest = await ask(study, { by: 'study', value: STUDY, bookmark: first.bookmark });
  assert.deepEqual([...first.items, ...rest.items].slice(0, before.length), before);
});

test('a question that makes no sense is refused', async () => {
  const study = await StudyOnLedger.prepared();
  for (const question of [
    { by: 'study' },
    { by: 'all', value: 'heart' },
    { by: 'patient', value: 'x' },
    { by: 'all', bookmark: 'bm9uc2Vuc2U' },
    { by: 'all', from: '2026-02-31T25:00:00Z' },
    { by: 'all', to: '2026-02-30T00:00:00Z' },
    { by: 'all', from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' },
    { by: 'all', from: '2026-01-02T00:00:00Z', to: '2026-01-02T00:00:00.000Z' },
    { by: 'purpose', value: 'DUO:1' },
    { by: 'all', pageSize: 0 },
    { by: 'all', pageSize: 201 },
  ]) {
    const attempt = ask(study, question as Question);
    assert.equal((await refusalOf(attempt)).code, 'INVALID_ARGUMENT');
  }
});

test('a name that nothing has is answered otherwise than one that nothing was done to', async () => {
  const study = await StudyOnLedger.prepared();
  for (const [by, code] of [
    ['study', 'STUDY_NOT_FOUND'],
    ['dataset', 'DATASET_NOT_FOUND'],
    ['hospital', 'MEMBER_NOT_FOUND'],
  ] as const) {
    for (const value of ['nobody', 'alpha\u0000', '\u{10ffff}']) {
      assert.equal((await refusalOf(ask(study, { by, value }))).code, code);
    }
  }
});

test('rows from before the index are entered into it from their history, as often as one likes', async () => {
  const study = await StudyOnLedger.running();
  await study.wholeRound(1);
  const before = await all(study, { by: 'dataset', value: 'alpha' });
  for (const key of [...study.world.rows.keys()]) {
    if (key.startsWith('\u0000activity')) study.world.rows.delete(key);
  }
  assert.deepEqual(await all(study, { by: 'dataset', value: 'alpha' }), []);
  const operator = as('operator', 'BetaMSP');
  const index = async () => {
    await study.submit(operator, 'audit:indexStudy', { studyId: STUDY });
    return study.submit(operator, 'audit:indexStudy', { studyId: STUDY, round: 1 });
  };
  assert.equal((await index()).entries, 1 + 4 + 4 + 4);
  const found = await all(study, { by: 'dataset', value: 'alpha' });
  assert.deepEqual(
    found,
    before.filter(({ transaction }) => transaction !== 'dataset:register'),
    'with the ids and times of the transactions that wrote them',
  );
  await index();
  assert.deepEqual(await all(study, { by: 'dataset', value: 'alpha' }), found);
});

test('a transaction hides no other: not by an id that begins alike, at the same millisecond', async () => {
  const study = await StudyOnLedger.prepared();
  const researcher = as('researcher', 'DeltaMSP');
  for (const studyId of ['shown', 'hiding']) {
    const argument = studyArgument({ studyId, datasets: ['delta'] });
    const endorsed = await study.endorse(researcher, 'study:propose', argument);
    assert.equal(endorsed.proposal.txId.slice(0, 28), '0'.repeat(28));
    assert.equal(study.commit('study:propose', canonicalJson(argument), endorsed), 'VALID');
  }
  const found = await all(study, { by: 'dataset', value: 'delta', from: new Date(study.now).toISOString() });
  assert.deepEqual(found.map(({ studyId }) => studyId).slice(-2), ['shown', 'hiding']);
});

test('indexing what is indexed rewrites nothing: who took a step over from the leader stays its author', async () => {
  const study = await StudyOnLedger.running();
  await study.open(1, 'DeltaMSP');
  const before = await all(study, { by: 'all' });
  const { entries } = await study.submit(as('auditor', 'DeltaMSP'), 'audit:indexStudy', {
    studyId: STUDY,
    round: 1,
  });
  assert.equal(entries, 0);
  assert.deepEqual((await all(study, { by: 'all' })).slice(0, -1), before);
  assert.deepEqual(
    names(await all(study, { by: 'hospital', value: 'AlphaMSP' })).includes('round:open'),
    false,
  );
});

test("a cursor goes on with its own question only, and never before the question's time", async () => {
  const study = await StudyOnLedger.running();
  const { bookmark } = await ask(study, { by: 'study', value: STUDY, pageSize: 2 });
  const from = new Date(study.now).toISOString();
  for (const question of [
    { by: 'study', value: STUDY, from },
    { by: 'study', value: STUDY, to: from },
    { by: 'dataset', value: 'alpha' },
    { by: 'all' },
  ] as const) {
    const attempt = ask(study, { ...question, bookmark });
    assert.equal((await refusalOf(attempt)).code, 'INVALID_ARGUMENT');
  }
  const forged = Buffer.from(bookmark).toString('base64url');
  const attempt = ask(study, { by: 'study', value: STUDY, bookmark: forged });
  assert.equal((await refusalOf(attempt)).code, 'INVALID_ARGUMENT');
});

test('every noun can be read one by one and in lists', async () => {
  const study = await StudyOnLedger.running();
  await study.wholeRound(1);
  await study.move('AlphaMSP', { kind: 'pause' });
  const mspId = 'BetaMSP';
  const studyId = STUDY;
  const ref = { studyId, round: 1 };
  const counts = [
    (await study.evaluate(auditor, 'member:list', {})).items.length,
    (await study.evaluate(auditor, 'study:list', {})).items.length,
    (await study.evaluate(auditor, 'study:listConsents', { studyId })).items.length,
    (await study.evaluate(auditor, 'motion:list', { studyId })).items.length,
    (await study.evaluate(auditor, 'round:list', { studyId })).items.length,
    (await study.evaluate(auditor, 'model:list', {})).items.length,
  ];
  assert.deepEqual(counts, [4, 1, 4, 1, 1, 0]);
  assert.equal((await study.evaluate(auditor, 'member:get', { mspId })).mspId, mspId);
  assert.equal((await study.evaluate(auditor, 'dataset:get', { datasetId: 'beta' })).owner, mspId);
  assert.equal((await study.evaluate(auditor, 'motion:get', { studyId, motion: 1 })).motion.kind, 'pause');
  assert.equal((await study.evaluate(auditor, 'round:getVerdict', { ...ref, mspId })).accepted, true);
});
