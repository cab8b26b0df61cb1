// After a withdrawal: who erases what, until when, and what becomes of the model.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { ERASURE_DAYS, lineageProblems } from '@consilium/domain';
import { sha256, updateArgument } from '@consilium/domain/testing/examples';
import { refusalOf } from '../testing/memory-consortium.ts';
import { as, DATASETS, MEMBERS, ownerOf, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';

const auditor = as('auditor', 'BetaMSP');
const DAY_MS = 24 * 3_600_000;
const artefactOf = (datasetId: string, round: number, of = datasetId) => ({
  round,
  sha256: updateArgument({ studyId: STUDY, datasetId: of, round }).artefact.sha256,
  unpinned: true,
  keysDestroyed: false,
});
const erase = (study: StudyOnLedger, mspId: string, artefacts: object[]) =>
  study.submit(as('trainer', mspId), 'study:attestErasure', {
    studyId: STUDY,
    datasetId: 'alpha',
    artefacts: artefacts as never,
  });
const withdraw = (study: StudyOnLedger, datasetId = 'alpha') =>
  study.submit(as('steward', ownerOf(datasetId)), 'study:withdraw', {
    studyId: STUDY,
    datasetId,
    reason: 'a patient asked',
  });
const list = (study: StudyOnLedger) =>
  study.evaluate(auditor, 'study:listErasures', { studyId: STUDY, pageSize: 200 });
async function published(afterWithdrawal?: 'kept' | 'retired'): Promise<StudyOnLedger> {
  const study = await StudyOnLedger.running({ rounds: 1, ...(afterWithdrawal && { afterWithdrawal }) });
  await study.wholeRound(1);
  await study.submit(as('researcher', 'AlphaMSP'), 'model:publish', { studyId: STUDY });
  return study;
}

test('after a withdrawal every hospital of its rounds owes an erasure, and is listed once it is late', async () => {
  const study = await StudyOnLedger.running();
  await study.trained(1);
  assert.deepEqual((await list(study)).items, []);
  await withdraw(study);
  const [before] = (await list(study)).items;
  assert.deepEqual([before.owed, before.overdue, before.done], [[...MEMBERS].sort(), [], []]);
  assert.equal(Date.parse(before.dueAt) - Date.parse(before.withdrawnAt), ERASURE_DAYS * DAY_MS);
  await erase(study, 'BetaMSP', [artefactOf('alpha', 1)]);
  study.now += ERASURE_DAYS * DAY_MS - 60_000;
  assert.deepEqual((await list(study)).items[0].overdue, [], 'not a minute early');
  study.now += 60_000;
  const [after] = (await list(study)).items;
  assert.deepEqual(after.overdue, ['AlphaMSP', 'DeltaMSP', 'GammaMSP']);
  assert.deepEqual(
    after.done.map(({ mspId }: { mspId: string }) => mspId),
    ['BetaMSP'],
  );
});

test('an erasure names every update with the hash that the ledger has, and none of others', async () => {
  const study = await StudyOnLedger.running();
  await study.wholeRound(1);
  await study.trained(2);
  await withdraw(study);
  const [one, two] = [artefactOf('alpha', 1), artefactOf('alpha', 2)];
  const refused = async (artefacts: object[]) => {
    const refusal = await refusalOf(erase(study, 'GammaMSP', artefacts));
    assert.equal(refusal.code, 'INVALID_ARGUMENT');
    return refusal.detail;
  };
  assert.match(await refused([one]), /artefacts must have round 2/);
  assert.match(await refused([one, two, two]), /artefacts has round 2 twice/);
  assert.match(
    await refused([one, artefactOf('alpha', 2, 'beta')]),
    /another artefact of round 2 than the ledger/,
  );
  assert.match(
    await refused([one, two, artefactOf('alpha', 3)]),
    /another artefact of round 3 than the ledger/,
  );
  const erasure = await erase(study, 'GammaMSP', [one, two]);
  assert.equal(erasure.artefacts[1].keysDestroyed, false, 'who could not destroy a key says so');
});

test('an erasure waits for a round that needs the update, and not for one that goes on without it', async () => {
  const study = await StudyOnLedger.running();
  await study.tallied(1);
  await withdraw(study);
  const early = await refusalOf(erase(study, 'BetaMSP', [artefactOf('alpha', 1)]));
  assert.equal(early.code, 'ERASURE_EARLY');
  for (const mspId of MEMBERS) await study.attest(mspId, 1);
  await study.finalize(1);
  await erase(study, 'BetaMSP', [artefactOf('alpha', 1)]);
  const other = await StudyOnLedger.running();
  await other.trained(1);
  await withdraw(other);
  await erase(other, 'BetaMSP', [artefactOf('alpha', 1)]);
});

test("an erasure reads no other hospital's consents where its rounds have ended, however many there were", async () => {
  const study = await StudyOnLedger.running();
  await study.wholeRound(1);
  await withdraw(study);
  const argument = { studyId: STUDY, datasetId: 'alpha', artefacts: [artefactOf('alpha', 1)] };
  const { endorsements } = await study.endorse(as('trainer', 'BetaMSP'), 'study:attestErasure', argument);
  const consents = endorsements[0]!.results.reads
    .map(([key]) => key.split('\u0000').filter((part) => part !== ''))
    .filter(([noun]) => noun === 'consent');
  assert.deepEqual(consents, [['consent', STUDY, 'alpha']]);
});

test('a hospital that could read nothing owes nothing', async () => {
  const study = await StudyOnLedger.running();
  await study.open(1);
  await withdraw(study);
  const [listed] = (await list(study)).items;
  assert.deepEqual(listed.owed, []);
  const refusal = await refusalOf(erase(study, 'BetaMSP', [artefactOf('alpha', 1)]));
  assert.equal(refusal.code, 'ERASURE_NOT_OWED');
});

for (const [said, retires] of [
  [undefined, false],
  ['kept', false],
  ['retired', true],
] as const) {
  test(`a model of a study that says ${said ?? 'nothing'} is ${retires ? 'retired' : 'kept'} and marked`, async () => {
    const study = await published(said);
    const get = () => study.evaluate(auditor, 'model:get', { studyId: STUDY });
    const before = await get();
    assert.deepEqual([before.withdrawn, before.retiredAt], [undefined, undefined]);
    assert.equal((await refusalOf(withdraw(study))).code, 'STUDY_STATE', 'what is reserved is settled first');
    await study.settle('alpha');
    const account = await study.budget('alpha', 'training');
    const withdrawn = await withdraw(study);
    assert.deepEqual([withdrawn.state, withdrawn.reason], ['settled', 'a patient asked']);
    assert.deepEqual(await study.budget('alpha', 'training'), account, 'nothing is given back');
    const { withdrawnAt } = withdrawn;
    const after = await get();
    assert.deepEqual(after.withdrawn, [{ datasetId: 'alpha', withdrawnAt }]);
    assert.equal(after.retiredAt, retires ? withdrawnAt : undefined);
    const lineage = await study.evaluate(auditor, 'model:getLineage', { studyId: STUDY });
    assert.deepEqual(lineage.withdrawn, after.withdrawn);
    assert.deepEqual(lineageProblems(lineage, { sha256, trusted: before.lineageSha256 }), []);
    assert.equal((await refusalOf(withdraw(study))).code, 'CONSENT_STATE', 'once is enough');
    for (const mspId of MEMBERS) await erase(study, mspId, [artefactOf('alpha', 1)]);
    const [listed] = (await list(study)).items;
    assert.deepEqual([listed.owed, listed.done.length], [[], MEMBERS.length]);
  });
}

test('a withdrawn dataset that is not in the model marks nothing', async () => {
  const study = await StudyOnLedger.running({ rounds: 1, afterWithdrawal: 'retired' });
  await study.trained(1);
  await withdraw(study, 'delta');
  const datasets = DATASETS.filter((datasetId) => datasetId !== 'delta');
  for (const mspId of MEMBERS.filter((one) => one !== 'DeltaMSP')) {
    await study.verdict(mspId, 1);
  }
  await study.tally(1);
  for (const mspId of MEMBERS.filter((one) => one !== 'DeltaMSP')) await study.attest(mspId, 1);
  await study.finalize(1);
  await study.submit(as('researcher', 'AlphaMSP'), 'model:publish', { studyId: STUDY });
  const model = await study.evaluate(auditor, 'model:get', { studyId: STUDY });
  assert.deepEqual([model.datasets, model.withdrawn, model.retiredAt], [datasets, undefined, undefined]);
});
