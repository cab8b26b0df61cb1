// Withdrawing from a round under way: until its verdicts are counted the update is out of it, and its hospital judges
// nothing in it; from then on the round says who had withdrawn, and is recomputed by the others as it is.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { lineageProblems } from '@consilium/domain';
import { datasetArgument, sha256, updateArgument } from '@consilium/domain/testing/examples';
import { refusalOf } from '../testing/memory-consortium.ts';
import { as, DATASETS, MEMBERS, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';

const withdraw = (study: StudyOnLedger, datasetId: string, mspId: string) =>
  study.submit(as('steward', mspId), 'study:withdraw', {
    studyId: STUDY,
    datasetId,
    reason: 'patients asked',
  });
const THREE = ['alpha', 'beta', 'gamma'];
const JUDGES = ['AlphaMSP', 'BetaMSP', 'GammaMSP'];

/** From updates that all arrived to the end of the round, by the three who stay. */
async function finish(study: StudyOnLedger, datasets: readonly string[]): Promise<void> {
  for (const mspId of JUDGES) await study.verdict(mspId, 1, { datasets: [...datasets] });
  await study.tally(1);
  for (const mspId of JUDGES) await study.attest(mspId, 1);
  await study.finalize(1);
}

test('an update withdrawn before the round is closed is not among those that are judged, though it arrived', async () => {
  const study = await StudyOnLedger.running({ rounds: 1 });
  await study.open(1);
  for (const datasetId of DATASETS) await study.update(datasetId, 1);
  await withdraw(study, 'delta', 'DeltaMSP');
  const closed = await study.close(1);
  assert.deepEqual([closed.updates, closed.withdrawn], [THREE, ['delta']]);
  const judging = await refusalOf(study.verdict('DeltaMSP', 1, { datasets: THREE, own: [] }));
  assert.equal(judging.code, 'CONSENT_STATE');
  assert.match(judging.detail, /every consent of DeltaMSP in round 1 is withdrawn: it judges nothing in it/);
  await finish(study, THREE);
  const round = await study.evaluate(as('auditor', 'AlphaMSP'), 'round:get', { studyId: STUDY, round: 1 });
  assert.deepEqual([round.included, round.excluded, round.withdrawn], [THREE, [], ['delta']]);
  await study.submit(as('researcher', 'AlphaMSP'), 'model:publish', { studyId: STUDY });
  const lineage = await study.evaluate(as('auditor', 'BetaMSP'), 'model:getLineage', { studyId: STUDY });
  assert.deepEqual(lineageProblems(lineage, { sha256 }), []);
  const asked = { studyId: STUDY, round: 1, datasetId: 'delta' };
  const receipt = await study.evaluate(as('auditor', 'DeltaMSP'), 'round:getReceipt', asked);
  assert.deepEqual([receipt.outcome, receipt.cause, receipt.silent], ['excluded', 'withdrawn', []]);
});

test('an update withdrawn while it is judged is not included, whoever accepted it, and its verdict does not count', async () => {
  const study = await StudyOnLedger.running({ rounds: 1 });
  await study.trained(1);
  await study.verdict('DeltaMSP', 1);
  await withdraw(study, 'delta', 'DeltaMSP');
  for (const mspId of JUDGES) await study.verdict(mspId, 1);
  const tallied = await study.tally(1);
  assert.deepEqual([tallied.updates, tallied.included, tallied.withdrawn], [DATASETS, THREE, ['delta']]);
  assert.equal((await refusalOf(study.attest('DeltaMSP', 1))).code, 'CONSENT_STATE');
  for (const mspId of JUDGES.slice(0, 2)) await study.attest(mspId, 1);
  assert.equal(
    (await refusalOf(study.finalize(1))).code,
    'QUORUM_NOT_REACHED',
    'two of the three that judge',
  );
  await study.attest('GammaMSP', 1);
  await study.finalize(1);
  await study.submit(as('researcher', 'AlphaMSP'), 'model:publish', { studyId: STUDY });
  const lineage = await study.evaluate(as('auditor', 'BetaMSP'), 'model:getLineage', { studyId: STUDY });
  assert.deepEqual(lineageProblems(lineage, { sha256 }), []);
  const forged = structuredClone(lineage);
  delete forged.rounds[0].round.withdrawn;
  assert.ok(lineageProblems(forged, { sha256 }).length > 0, 'a round that does not say so is another');
});

test('once the verdicts are counted the round stays as it was counted', async () => {
  const study = await StudyOnLedger.running();
  await study.tallied(1);
  await withdraw(study, 'delta', 'DeltaMSP');
  for (const mspId of MEMBERS) await study.attest(mspId, 1);
  const round = await study.finalize(1);
  assert.deepEqual([round.included, round.withdrawn], [DATASETS, undefined]);
});

test('a hospital with another dataset in the round goes on judging', async () => {
  const study = await StudyOnLedger.prepared();
  await study.submit(as('steward', 'DeltaMSP'), 'dataset:register', datasetArgument('delta-2'));
  const datasets = [...DATASETS, 'delta-2'].sort();
  await study.propose({ datasets, quorum: { updates: 3, validators: 3 } });
  for (const datasetId of DATASETS) await study.consent(datasetId);
  await study.consent('delta-2', STUDY, as('steward', 'DeltaMSP'));
  await study.submit(as('researcher', 'AlphaMSP'), 'study:start', { studyId: STUDY });
  await study.open(1);
  for (const datasetId of DATASETS) await study.update(datasetId, 1);
  const second = updateArgument({ studyId: STUDY, round: 1, datasetId: 'delta-2' });
  await study.submit(as('trainer', 'DeltaMSP'), 'round:recordUpdate', second);
  await withdraw(study, 'delta', 'DeltaMSP');
  const left = ['alpha', 'beta', 'delta-2', 'gamma'];
  assert.deepEqual((await study.close(1)).updates, left);
  await study.verdict('DeltaMSP', 1, { datasets: left, own: ['delta-2'] });
  await finish(study, left);
});

test('a leader that withdrew is waited for by nobody', async () => {
  const study = await StudyOnLedger.running({ leaderSeconds: 600 });
  const { leader } = await study.open(1);
  assert.equal(leader, 'AlphaMSP');
  for (const datasetId of DATASETS) await study.update(datasetId, 1);
  assert.equal((await refusalOf(study.close(1, 'BetaMSP'))).code, 'NOT_THE_LEADER');
  await withdraw(study, 'alpha', 'AlphaMSP');
  assert.equal((await study.close(1, 'BetaMSP')).state, 'validating');
});

test('a round whose quorum is lost by withdrawals is given up at once, in every stage before the tally', async () => {
  for (const stage of ['training', 'validating'] as const) {
    const study = await StudyOnLedger.running();
    if (stage === 'training') await study.open(1);
    else await study.trained(1);
    assert.equal((await refusalOf(study.abortRound(1))).code, 'ROUND_INCOMPLETE');
    await withdraw(study, 'delta', 'DeltaMSP');
    assert.equal((await refusalOf(study.abortRound(1))).code, 'ROUND_INCOMPLETE', 'three can still succeed');
    await withdraw(study, 'gamma', 'GammaMSP');
    assert.equal((await study.abortRound(1)).state, 'aborted', stage);
  }
});
