import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { canonicalJson, epsilonOf, isZeroRdp } from '@consilium/domain';
import {
  aggregate,
  datasetArgument,
  scoreEvent,
  trainingEvent,
  verdictArgument,
} from '@consilium/domain/testing/examples';
import { refusalOf } from '../testing/memory-consortium.ts';
import { as, DATASETS, MEMBERS, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';

const HOUR = 3_600_000;
const auditor = as('auditor', 'AlphaMSP');
const withdraw = (study: StudyOnLedger, datasetId: string, mspId: string) =>
  study.submit(as('steward', mspId), 'study:withdraw', { studyId: STUDY, datasetId, reason: 'asked to' });

test('few hospitals of a large consortium finalise their study: the others sign, and validators that differ do not', async () => {
  const datasets = ['alpha', 'beta', 'gamma'];
  const judges = MEMBERS.slice(0, 3);
  const study = await StudyOnLedger.proposed({ datasets, quorum: { updates: 2, validators: 2 } });
  for (const datasetId of datasets) await study.consent(datasetId);
  await study.submit(as('researcher', 'AlphaMSP'), 'study:start', { studyId: STUDY });
  await study.open(1);
  for (const datasetId of datasets) await study.update(datasetId, 1);
  await study.close(1);
  for (const mspId of judges) await study.verdict(mspId, 1, { datasets });
  await study.tally(1);
  for (const mspId of judges) await study.attest(mspId, 1, mspId === 'GammaMSP' ? 'another' : 'model 1');
  const argument = { studyId: STUDY, round: 1, aggregate: aggregate('model 1') };
  const endorsed = await study.endorse(as('trainer', 'AlphaMSP'), 'round:finalize', argument);
  assert.deepEqual(
    endorsed.endorsements.map(({ mspId }) => mspId),
    ['AlphaMSP', 'BetaMSP', 'DeltaMSP'],
    'Delta takes no part and signs with the majority',
  );
  assert.deepEqual(
    endorsed.refusals.map(({ mspId }) => mspId),
    ['GammaMSP'],
  );
  assert.equal((await study.finalize(1)).state, 'finalized');
});

test('a round closes without a straggler once the deadline has passed and the quorum is there', async () => {
  const study = await StudyOnLedger.running();
  await study.open(1);
  for (const datasetId of ['alpha', 'beta', 'gamma']) await study.update(datasetId, 1);
  assert.equal((await refusalOf(study.close(1))).code, 'ROUND_INCOMPLETE');
  study.now += HOUR;
  const closed = await study.close(1);
  assert.deepEqual(closed.updates, ['alpha', 'beta', 'gamma']);
  assert.ok(Date.parse(closed.deadline) > study.now, 'validating has a deadline of its own');

  const datasets = ['alpha', 'beta', 'gamma'];
  for (const mspId of MEMBERS) await study.verdict(mspId, 1, { datasets });
  await study.tally(1);
  for (const mspId of MEMBERS) await study.attest(mspId, 1);
  await study.finalize(1);
  assert.equal((await study.open(2)).participants.length, 4, 'the straggler may come back');
});

test('a round that too few contributed to can be given up, and the next starts from the same base', async () => {
  const study = await StudyOnLedger.running();
  await study.wholeRound(1);
  await study.open(2);
  await study.update('alpha', 2);
  assert.equal((await refusalOf(study.abortRound(2))).code, 'ROUND_INCOMPLETE');
  study.now += HOUR;
  assert.equal((await refusalOf(study.close(2))).code, 'ROUND_INCOMPLETE');
  assert.equal((await study.abortRound(2)).state, 'aborted');
  const model = await study.submit(as('trainer', 'AlphaMSP'), 'model:publish', { studyId: STUDY });
  assert.deepEqual(model.rounds, [1], 'an aborted round counts among those planned, and adds nothing');
});

test('a next round after an aborted one starts from the last finalised aggregate', async () => {
  const study = await StudyOnLedger.running({ rounds: 4 });
  await study.wholeRound(1);
  await study.open(2);
  study.now += HOUR;
  await study.abortRound(2);
  assert.deepEqual((await study.open(3)).base, aggregate('model 1'));
  study.now += HOUR;
  await study.abortRound(3);
  assert.deepEqual((await study.open(4)).base, aggregate('model 1'));
});

test('a base sealed again, for members that joined since, is the same parameters in another artefact', async () => {
  const study = await StudyOnLedger.running({ rounds: 3 });
  const open = (round: number, base: object) =>
    study.submit(as('trainer', 'AlphaMSP'), 'round:open', JSON.stringify({ studyId: STUDY, round, base }));
  const { artefact } = aggregate('sealed again');
  const early = await refusalOf(open(1, artefact));
  assert.deepEqual([early.code, early.detail.slice(0, 21)], ['INVALID_ARGUMENT', 'base must be left out']);
  await study.wholeRound(1);
  const first = aggregate('model 1');
  const opened = await open(2, artefact);
  assert.deepEqual(opened.base, { ...first, artefact });
  assert.notDeepEqual(artefact, first.artefact);
  study.now += HOUR;
  await study.abortRound(2);
  assert.deepEqual((await study.open(3)).base, opened.base, 'an aborted round hands its base on as it was');
});

test('an update that most reject is excluded, with who rejected it and why', async () => {
  const study = await StudyOnLedger.running();
  await study.trained(1);
  for (const mspId of MEMBERS) {
    await study.verdict(mspId, 1, {
      decisions: DATASETS.map((datasetId) =>
        datasetId === 'delta' && mspId < 'D'
          ? { datasetId, decision: 'reject', reason: 'norm-exceeded' }
          : { datasetId, decision: 'accept' },
      ),
    });
  }
  const tallied = await study.tally(1);
  assert.deepEqual(tallied.included, ['alpha', 'beta', 'gamma']);
  assert.deepEqual(tallied.excluded, [
    {
      datasetId: 'delta',
      rejectedBy: [
        { mspId: 'AlphaMSP', reason: 'norm-exceeded' },
        { mspId: 'BetaMSP', reason: 'norm-exceeded' },
      ],
    },
  ]);
});

test('a silent validator is left out after the deadline, if the others are enough', async () => {
  const study = await StudyOnLedger.running();
  await study.trained(1);
  for (const mspId of MEMBERS.slice(0, 3)) await study.verdict(mspId, 1);
  assert.equal((await refusalOf(study.tally(1))).code, 'ROUND_INCOMPLETE');
  study.now += HOUR + 10_000;
  await study.tally(1);
  for (const mspId of MEMBERS.slice(0, 3)) await study.attest(mspId, 1);
  assert.equal((await study.finalize(1)).state, 'finalized');
});

test('verdicts that fail the candidate let the round be given up at once', async () => {
  const study = await StudyOnLedger.running();
  await study.trained(1);
  for (const mspId of MEMBERS) await study.verdict(mspId, 1, { accepted: false });
  assert.equal((await refusalOf(study.tally(1))).code, 'QUORUM_NOT_REACHED');
  assert.equal((await study.abortRound(1)).state, 'aborted');
});

test('attestations that disagree let the round be given up; an agreement does not', async () => {
  const study = await StudyOnLedger.running();
  await study.tallied(1);
  await study.attest('AlphaMSP', 1, 'one');
  await study.attest('BetaMSP', 1, 'one');
  await study.attest('GammaMSP', 1, 'two');
  assert.equal((await refusalOf(study.abortRound(1))).code, 'ROUND_INCOMPLETE');
  await study.attest('DeltaMSP', 1, 'two');
  assert.equal((await study.abortRound(1)).state, 'aborted');

  const agreed = await StudyOnLedger.running();
  await agreed.tallied(1);
  for (const mspId of MEMBERS) await agreed.attest(mspId, 1);
  agreed.now += 2 * HOUR;
  assert.equal((await refusalOf(agreed.abortRound(1))).code, 'ROUND_INCOMPLETE');
});

test('any participant may lead, the planned leader being silent', async () => {
  const study = await StudyOnLedger.running();
  const round = await study.open(1, 'DeltaMSP');
  assert.equal(round.leader, 'AlphaMSP');
  for (const datasetId of DATASETS) await study.update(datasetId, 1);
  assert.equal((await study.close(1, 'GammaMSP')).state, 'validating');
});

test('a dataset withdrawn in the middle of a round is not waited for, and later rounds leave it out', async () => {
  const study = await StudyOnLedger.running();
  await study.open(1);
  await withdraw(study, 'delta', 'DeltaMSP');
  for (const datasetId of ['alpha', 'beta', 'gamma']) await study.update(datasetId, 1);
  await study.close(1);
  const datasets = ['alpha', 'beta', 'gamma'];
  const judges = ['AlphaMSP', 'BetaMSP', 'GammaMSP'];
  for (const mspId of judges) await study.verdict(mspId, 1, { datasets });
  await study.tally(1);
  for (const mspId of judges) await study.attest(mspId, 1);
  await study.finalize(1);
  const second = await study.open(2);
  assert.deepEqual(
    second.participants.map(({ datasetId }: { datasetId: string }) => datasetId),
    datasets,
  );
  assert.deepEqual(second.validators, ['AlphaMSP', 'BetaMSP', 'GammaMSP']);
});

test('too many withdrawals stop a study before its next round', async () => {
  const study = await StudyOnLedger.running();
  await withdraw(study, 'delta', 'DeltaMSP');
  await withdraw(study, 'gamma', 'GammaMSP');
  assert.equal((await refusalOf(study.open(1))).code, 'QUORUM_NOT_REACHED');
});

test('settling returns what was never opened, and charges a release that may have happened unseen', async () => {
  const study = await StudyOnLedger.running({ rounds: 5 });
  await study.wholeRound(1);
  await study.open(2);
  await withdraw(study, 'alpha', 'AlphaMSP');
  await study.settle('alpha');

  const training = await study.budget('alpha', 'training');
  const heldOut = await study.budget('alpha', 'held-out');
  assert.ok(isZeroRdp(training.reserved) && isZeroRdp(heldOut.reserved));
  const epsilon = (event: ReturnType<typeof trainingEvent>, count: number) =>
    epsilonOf([{ event, count }], '0.00001');
  assert.equal(training.spentEpsilon, epsilon(trainingEvent(), 2), 'round 2 was open to it: charged');
  assert.equal(heldOut.spentEpsilon, epsilon(scoreEvent(), 1), 'round 2 never asked for a score');
  assert.equal(Number(training.leftEpsilon) > 0, true);

  const { items } = await study.evaluate(auditor, 'privacy:listEvents', { datasetId: 'alpha' });
  assert.deepEqual(
    items.map(({ round, cause }: { round: number; cause: string }) => [round, cause]),
    [
      [1, 'update'],
      [1, 'verdict'],
      [2, 'settlement'],
    ],
  );
});

test('a score that endorsers may have seen before the consent was withdrawn is charged, one that cannot be is not', async () => {
  const spent = async (when: 'training' | 'validating') => {
    const study = await StudyOnLedger.running();
    await study.open(1);
    if (when === 'training') await withdraw(study, 'delta', 'DeltaMSP');
    for (const datasetId of ['alpha', 'beta', 'gamma']) await study.update(datasetId, 1);
    if (when === 'validating') await study.update('delta', 1);
    await study.close(1);
    const datasets = when === 'training' ? ['alpha', 'beta', 'gamma'] : DATASETS;
    if (when === 'validating') {
      const scored = verdictArgument({ studyId: STUDY, datasets, own: ['delta'] });
      const endorsed = await study.endorse(as('trainer', 'DeltaMSP'), 'round:recordVerdict', scored);
      assert.equal(endorsed.endorsements.length, 4, 'all peers have seen the score');
      await withdraw(study, 'delta', 'DeltaMSP');
      const code = study.commit('round:recordVerdict', canonicalJson(scored), endorsed);
      assert.equal(code, 'MVCC_READ_CONFLICT');
    }
    const silent = study.verdict('DeltaMSP', 1, { datasets, own: [] });
    assert.equal((await refusalOf(silent)).code, 'CONSENT_STATE', 'it judges no more');
    await study.settle('delta');
    return (await study.budget('delta', 'held-out')).spentEpsilon;
  };
  assert.equal(await spent('training'), '0', 'there was no candidate while the consent stood');
  assert.equal(await spent('validating'), epsilonOf([{ event: scoreEvent(), count: 1 }], '0.00001'));
});

for (const [title, withdrawnMs, verdictMs] of [
  ['ahead', 240_000, 0],
  ['before the closing', -240_000, 0],
  ['as it is, and the verdict before it', 0, -240_000],
] as const) {
  test(`a score that endorsers have seen is charged although its owner dates the withdrawal ${title}`, async () => {
    const study = await StudyOnLedger.running();
    study.clockError = 0.01;
    await study.trained(1);
    const scored = verdictArgument({ studyId: STUDY, datasets: DATASETS, own: ['delta'] });
    await study.endorse(as('trainer', 'DeltaMSP'), 'round:recordVerdict', scored);
    const leaving = { studyId: STUDY, datasetId: 'delta', reason: 'asked to' };
    await study.submitDated(withdrawnMs, as('steward', 'DeltaMSP'), 'study:withdraw', leaving);
    const silent = verdictArgument({ studyId: STUDY, datasets: DATASETS, own: [] });
    const said = study.submitDated(verdictMs, as('trainer', 'DeltaMSP'), 'round:recordVerdict', silent);
    assert.equal((await refusalOf(said)).code, 'CONSENT_STATE');
    await study.settle('delta');
    const { spentEpsilon } = await study.budget('delta', 'held-out');
    assert.equal(spentEpsilon, epsilonOf([{ event: scoreEvent(), count: 1 }], '0.00001'));
  });
}

test('a verdict that rejects without a score before its consent is withdrawn costs no score', async () => {
  const study = await StudyOnLedger.running();
  await study.trained(1);
  const rejected = { ...verdictArgument({ studyId: STUDY, datasets: DATASETS, own: [] }), accepted: false };
  await study.submit(as('trainer', 'DeltaMSP'), 'round:recordVerdict', rejected);
  await withdraw(study, 'delta', 'DeltaMSP');
  await study.settle('delta');
  assert.equal((await study.budget('delta', 'held-out')).spentEpsilon, '0');
});

test('a study aborted before its first round gives everything back', async () => {
  const study = await StudyOnLedger.running();
  await study.submit(as('researcher', 'AlphaMSP'), 'study:abort', { studyId: STUDY, reason: 'a mistake' });
  for (const datasetId of DATASETS) {
    await study.settle(datasetId);
    const { leftEpsilon, spentEpsilon } = await study.budget(datasetId, 'training');
    assert.equal(spentEpsilon, '0');
    assert.equal(leftEpsilon, '8');
  }
});

test('a round in flight when its study is aborted can be given up', async () => {
  const study = await StudyOnLedger.running();
  await study.trained(1);
  await study.submit(as('researcher', 'AlphaMSP'), 'study:abort', { studyId: STUDY, reason: 'a mistake' });
  assert.equal((await refusalOf(study.verdict('AlphaMSP', 1))).code, 'STUDY_STATE');
  assert.equal((await study.abortRound(1)).state, 'aborted');
});

test('terms that expire between rounds leave the dataset out of the next', async () => {
  const study = await StudyOnLedger.prepared();
  await study.submit(as('steward', 'DeltaMSP'), 'dataset:register', {
    ...datasetArgument('brief'),
    terms: { purposes: ['DUO:0000042'], expiresAt: new Date(study.now + HOUR).toISOString() },
  });
  await study.propose({
    datasets: ['alpha', 'beta', 'gamma', 'brief'],
    quorum: { updates: 3, validators: 3 },
  });
  for (const datasetId of ['alpha', 'beta', 'gamma']) await study.consent(datasetId);
  const steward = as('steward', 'DeltaMSP');
  const asked = { studyId: STUDY, datasetId: 'brief' };
  const { claimedEpsilon } = await study.evaluate(steward, 'privacy:quote', asked);
  await study.submit(steward, 'study:consent', { ...asked, claimedEpsilon });
  await study.submit(as('researcher', 'AlphaMSP'), 'study:start', { studyId: STUDY });
  study.now += HOUR;
  const round = await study.open(1);
  assert.equal(round.participants.length, 3);
});

test('an abandoned quote promises nothing: what counts is the ledger when consent is given', async () => {
  const study = await StudyOnLedger.prepared('2');
  await study.propose({ studyId: 'one' });
  await study.propose({ studyId: 'two' });
  const before = await study.evaluate(auditor, 'privacy:quote', { studyId: 'two', datasetId: 'alpha' });
  assert.equal(before.fits, true);
  await study.consent('alpha', 'one');
  const afterwards = await study.evaluate(auditor, 'privacy:quote', { studyId: 'two', datasetId: 'alpha' });
  assert.equal(afterwards.fits, false);
  assert.ok(Number(afterwards.left.training) < Number(before.left.training));
});
