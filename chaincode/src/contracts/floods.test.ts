// What a member can pile up within its rights, and that it costs the others a bounded part of their time.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { canonicalJson, OPEN_STUDIES_MAX } from '@consilium/domain';
import { studyArgument } from '@consilium/domain/testing/examples';
import { refusalOf } from '../testing/memory-consortium.ts';
import {
  as,
  DATASETS,
  MEMBERS,
  proposeAnother as propose,
  STUDY,
  StudyOnLedger,
} from '../testing/study-on-ledger.ts';

const researcher = (mspId: string) => as('researcher', mspId);
const auditor = as('auditor', 'BetaMSP');
const quorum = { updates: 3, validators: 3 };

test('lists of studies and datasets tell what a list needs, and no document', async () => {
  const ledger = await StudyOnLedger.running();
  const { items: studies } = await ledger.evaluate(auditor, 'study:list', {});
  const { items: datasets } = await ledger.evaluate(auditor, 'dataset:list', {});
  assert.deepEqual(Object.keys(studies[0]).sort(), [
    'datasets',
    'proposedAt',
    'purpose',
    'requester',
    'rounds',
    'startedAt',
    'state',
    'studyId',
    'title',
    'version',
  ]);
  assert.deepEqual(Object.keys(datasets[0]).sort(), [
    'datasetId',
    'owner',
    'privacyBudget',
    'purposes',
    'recordCountBand',
    'registeredAt',
    'title',
  ]);
  assert.equal((await ledger.evaluate(auditor, 'study:get', { studyId: STUDY })).question.length > 0, true);
});

test('a member has so many proposals open and not one more, whatever the others have', async () => {
  const ledger = await StudyOnLedger.prepared();
  for (let i = 0; i < OPEN_STUDIES_MAX.proposed; i++) await propose(ledger, `flood-${i}`);
  const refusal = await refusalOf(propose(ledger, 'one-more'));
  assert.equal(refusal.code, 'TOO_MANY_STUDIES');
  assert.match(
    refusal.detail,
    /16 proposed studies at a time: .*study:retire \(flood-0, flood-1, flood-10, …\)/,
  );
  await propose(ledger, 'of-another', 'BetaMSP');
  await ledger.submit(researcher('AlphaMSP'), 'study:retire', { studyId: 'flood-3', reason: 'not needed' });
  await propose(ledger, 'one-more');
  assert.equal((await refusalOf(propose(ledger, 'again'))).code, 'TOO_MANY_STUDIES');
  await ledger.submit(researcher('AlphaMSP'), 'study:abort', { studyId: 'flood-4', reason: 'not needed' });
  await propose(ledger, 'again');
});

test('a study that starts makes room for a proposal and takes it among the running, until it ends', async () => {
  const ledger = await StudyOnLedger.running({ rounds: 1 });
  const open = () =>
    [...ledger.world.rows.keys()]
      .filter((key) => key.startsWith('\u0000open-study\u0000'))
      .map((key) => key.split('\u0000').slice(2, 5).join(' '));
  assert.deepEqual(open(), [`AlphaMSP running ${STUDY}`]);
  const { policy } = ledger.world.rows.get(
    `\u0000open-study\u0000AlphaMSP\u0000running\u0000${STUDY}\u0000`,
  )!;
  for (let i = 1; i < OPEN_STUDIES_MAX.running; i++) {
    const value = Buffer.from(
      canonicalJson({ schema: 1, requester: 'AlphaMSP', stage: 'running', studyId: `other-${i}` }),
    );
    const key = `\u0000open-study\u0000AlphaMSP\u0000running\u0000other-${i}\u0000`;
    ledger.world.rows.set(key, { value, version: 1, policy });
  }
  await propose(ledger, 'next');
  for (const datasetId of DATASETS) await ledger.consent(datasetId, 'next');
  const start = () => ledger.submit(researcher('AlphaMSP'), 'study:start', { studyId: 'next' });
  const refusal = await refusalOf(start());
  assert.equal(refusal.code, 'TOO_MANY_STUDIES');
  assert.match(refusal.detail, /64 running studies at a time: end some with study:abort/);
  await ledger.move('BetaMSP', { kind: 'pause' });
  for (const mspId of MEMBERS.slice(0, 3)) await ledger.vote(mspId, true);
  assert.equal((await refusalOf(start())).code, 'TOO_MANY_STUDIES', 'a paused study is as open');
  await ledger.submit(researcher('AlphaMSP'), 'study:abort', { studyId: STUDY, reason: 'it is enough' });
  assert.equal((await start()).state, 'running');
});

test('a completed study is no more among the open ones', async () => {
  const ledger = await StudyOnLedger.running({ rounds: 1 });
  await ledger.wholeRound(1);
  await ledger.submit(researcher('AlphaMSP'), 'model:publish', { studyId: STUDY });
  assert.deepEqual(
    [...ledger.world.rows.keys()].filter((key) => key.includes('open-study')),
    [],
  );
});

test('proposals of two members do not conflict, and what one counts is no row that another writes', async () => {
  const ledger = await StudyOnLedger.prepared();
  const both = await Promise.all(
    ['AlphaMSP', 'BetaMSP'].map(async (mspId) => {
      const argument = studyArgument({ studyId: `of-${mspId.toLowerCase()}`, datasets: DATASETS, quorum });
      return { argument, endorsed: await ledger.endorse(researcher(mspId), 'study:propose', argument) };
    }),
  );
  const ranges = both.map(({ endorsed }) => endorsed.endorsements[0]!.results.ranges.join());
  assert.deepEqual(
    ranges.map((range) => range.split('\u0000').filter(Boolean)),
    [
      ['open-study', 'AlphaMSP', 'proposed'],
      ['open-study', 'BetaMSP', 'proposed'],
    ],
  );
  for (const { argument, endorsed } of both) {
    assert.equal(ledger.commit('study:propose', canonicalJson(argument), endorsed), 'VALID');
  }
});

test('an abandoned proposal is retired by its requester at once, by any member after its time, and by nobody else', async () => {
  const ledger = await StudyOnLedger.prepared();
  await propose(ledger, STUDY, 'AlphaMSP', { startWithinSeconds: 3600 });
  await propose(ledger, 'unsaid');
  const retire = (mspId: string, studyId: string) =>
    ledger.submit(as('steward', mspId), 'study:retire', { studyId, reason: 'nobody starts it' });
  const early = await refusalOf(retire('BetaMSP', STUDY));
  assert.equal(early.code, 'NOT_THE_REQUESTER');
  assert.match(early.detail, /proposed by AlphaMSP: others may retire it from 2026-03-01T09:00:/);
  ledger.now += 3600_000;
  const retired = await retire('BetaMSP', STUDY);
  assert.deepEqual([retired.state, retired.reason], ['aborted', 'nobody starts it']);
  assert.equal(ledger.events.at(-1)?.name, 'StudyRetired');
  assert.equal((await refusalOf(retire('BetaMSP', STUDY))).code, 'STUDY_STATE');
  assert.equal((await refusalOf(retire('BetaMSP', 'unsaid'))).code, 'NOT_THE_REQUESTER');
  assert.equal((await refusalOf(retire('OmegaMSP', 'unsaid'))).code, 'NOT_A_MEMBER');
  ledger.now += 30 * 86_400_000;
  assert.equal((await retire('GammaMSP', 'unsaid')).state, 'aborted');
});

test('a study that runs is not retired, by its requester or by others', async () => {
  const ledger = await StudyOnLedger.running({ startWithinSeconds: 3600 });
  ledger.now += 3600_000;
  for (const mspId of ['AlphaMSP', 'BetaMSP']) {
    const attempt = ledger.submit(as('steward', mspId), 'study:retire', { studyId: STUDY, reason: 'x' });
    assert.equal((await refusalOf(attempt)).code, 'STUDY_STATE');
  }
});

test('what was reserved for a retired proposal is returned when it is settled', async () => {
  const ledger = await StudyOnLedger.proposed({ startWithinSeconds: 3600 });
  const before = await ledger.budget('beta', 'training');
  await ledger.consent('beta');
  assert.notEqual((await ledger.budget('beta', 'training')).reservedEpsilon, before.reservedEpsilon);
  ledger.now += 3600_000;
  await ledger.submit(as('operator', 'GammaMSP'), 'study:retire', { studyId: STUDY, reason: 'abandoned' });
  assert.equal((await ledger.settle('beta')).state, 'settled');
  const after = await ledger.budget('beta', 'training');
  assert.deepEqual(
    [after.reservedEpsilon, after.committedEpsilon, after.spentEpsilon],
    [before.reservedEpsilon, before.committedEpsilon, before.spentEpsilon],
  );
});

test("a hospital's open consents are its own studies and no others, from its consent until it is settled", async () => {
  const ledger = await StudyOnLedger.proposed();
  for (let i = 0; i < 5; i++) await propose(ledger, `asks-for-all-${i}`, 'GammaMSP');
  const open = async (mspId: string) =>
    (await ledger.evaluate(auditor, 'study:listOpenConsents', { mspId })).items.map(
      ({ studyId, datasetId }: { studyId: string; datasetId: string }) => [studyId, datasetId],
    );
  assert.deepEqual(await open('BetaMSP'), [], 'to be asked is no work');
  await ledger.consent('beta');
  assert.deepEqual(await open('BetaMSP'), [[STUDY, 'beta']]);
  assert.deepEqual(await open('AlphaMSP'), []);
  await ledger.submit(as('steward', 'BetaMSP'), 'study:withdraw', {
    studyId: STUDY,
    datasetId: 'beta',
    reason: 'patients asked',
  });
  assert.deepEqual(await open('BetaMSP'), [[STUDY, 'beta']], 'it is still to be settled');
  await ledger.settle('beta');
  assert.deepEqual(await open('BetaMSP'), []);
  const unknown = ledger.evaluate(auditor, 'study:listOpenConsents', { mspId: 'NobodyMSP' });
  assert.equal((await refusalOf(unknown)).code, 'MEMBER_NOT_FOUND');
});
