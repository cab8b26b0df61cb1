// Pausing, resuming and amending a running study: by the hospitals together, never by one.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { isZeroRdp, timesRdp } from '@consilium/domain';
import { aggregate, datasetArgument, updateArgument } from '@consilium/domain/testing/examples';
import { refusalOf } from '../testing/memory-consortium.ts';
import { as, DATASETS, MEMBERS, ownerOf, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';

const HOUR = 3_600_000;
const auditor = as('auditor', 'AlphaMSP');
const stateOf = async (study: StudyOnLedger) =>
  (await study.evaluate(auditor, 'study:get', { studyId: STUDY })).state;
const claims = (mspId: string, training = '5', heldOut = '5') =>
  DATASETS.filter((datasetId) => ownerOf(datasetId) === mspId).map((datasetId) => ({
    datasetId,
    claimedEpsilon: { training, heldOut },
  }));

async function carry(study: StudyOnLedger, motion: number, voters: readonly string[] = MEMBERS.slice(0, 3)) {
  for (const mspId of voters) await study.vote(mspId, true, motion);
}

test('three of four pause a study: every step of its rounds is refused, and nothing is given up', async () => {
  const study = await StudyOnLedger.running();
  await study.open(1);
  const motion = await study.move('BetaMSP', { kind: 'pause' });
  assert.equal(motion.motion, 1);
  await study.vote('AlphaMSP', true);
  await study.vote('BetaMSP', true);
  assert.equal(await stateOf(study), 'running', 'two are not enough');
  assert.equal((await study.vote('GammaMSP', true)).state, 'carried');
  assert.equal(await stateOf(study), 'paused');

  study.now += 10 * HOUR;
  for (const attempt of [
    () => study.update('alpha', 1),
    () => study.close(1),
    () => study.verdict('AlphaMSP', 1),
    () => study.open(2),
    () => study.submit(as('researcher', 'AlphaMSP'), 'model:publish', { studyId: STUDY }),
    () => study.settle('alpha'),
  ]) {
    assert.equal((await refusalOf(attempt())).code, 'STUDY_STATE');
  }
  assert.equal((await refusalOf(study.abortRound(1))).code, 'ROUND_INCOMPLETE');
});

test('a pause costs the round in flight no time', async () => {
  const study = await StudyOnLedger.running();
  const { deadline } = await study.open(1);
  await study.move('AlphaMSP', { kind: 'pause' });
  await carry(study, 1);
  const { pausedAt } = await study.evaluate(auditor, 'study:get', { studyId: STUDY });
  study.now += 10 * HOUR;
  await study.move('AlphaMSP', { kind: 'resume' });
  await carry(study, 2);
  assert.equal(await stateOf(study), 'running');
  const after = await study.evaluate(auditor, 'round:get', { studyId: STUDY, round: 1 });
  const pausedMs = study.now - Date.parse(pausedAt);
  assert.equal(Date.parse(after.deadline) - Date.parse(deadline), pausedMs);
  for (const datasetId of DATASETS) await study.update(datasetId, 1);
  assert.equal((await study.close(1)).state, 'validating');
});

test('one hospital neither pauses nor resumes, whoever it is, and two refusals of four end the motion', async () => {
  const study = await StudyOnLedger.running();
  await study.move('AlphaMSP', { kind: 'pause' });
  await study.vote('AlphaMSP', true);
  await study.vote('BetaMSP', false);
  const rejected = await study.vote('GammaMSP', false);
  assert.equal(rejected.state, 'rejected');
  assert.equal(await stateOf(study), 'running');
  assert.equal((await refusalOf(study.vote('DeltaMSP', true))).code, 'MOTION_STATE');
  assert.equal((await refusalOf(study.move('AlphaMSP', { kind: 'resume' }))).code, 'STUDY_STATE');
  assert.equal((await study.move('AlphaMSP', { kind: 'pause' })).motion, 2, 'it may be moved again');
});

test('an outsider has no say', async () => {
  const study = await StudyOnLedger.running();
  await study.submit(as('steward', 'DeltaMSP'), 'study:withdraw', {
    studyId: STUDY,
    datasetId: 'delta',
    reason: 'asked to',
  });
  assert.equal((await refusalOf(study.move('DeltaMSP', { kind: 'pause' }))).code, 'NOT_A_PARTICIPANT');
  await study.move('AlphaMSP', { kind: 'pause' });
  assert.equal((await refusalOf(study.vote('DeltaMSP', true))).code, 'NOT_A_PARTICIPANT');
});

test('more rounds need everyone, and each reserves their cost', async () => {
  const study = await StudyOnLedger.running({ rounds: 1 });
  await study.wholeRound(1);
  const before = await study.budget('alpha', 'training');
  assert.ok(isZeroRdp(before.reserved), 'all that was planned is spent');
  await study.move('AlphaMSP', { kind: 'amend', amendment: { rounds: 3 } });
  const missing = await refusalOf(study.vote('AlphaMSP', true));
  assert.match(missing.message, /INVALID_ARGUMENT: claims must say what 2 rounds cost alpha/);
  const cheap = await refusalOf(study.vote('AlphaMSP', true, 1, { claims: claims('AlphaMSP', '0.01') }));
  assert.equal(cheap.code, 'PRIVACY_COST_UNDERCLAIMED');
  for (const mspId of MEMBERS.slice(0, 3)) {
    const motion = await study.vote(mspId, true, 1, { claims: claims(mspId) });
    assert.equal(motion.state, 'open');
  }
  assert.equal((await refusalOf(study.open(2))).code, 'ROUND_NUMBER', 'three of four are not everyone');
  assert.equal((await study.vote('DeltaMSP', true, 1, { claims: claims('DeltaMSP') })).state, 'carried');

  const amended = await study.evaluate(auditor, 'study:get', { studyId: STUDY });
  assert.deepEqual([amended.rounds, amended.version], [3, 2]);
  const consent = await study.evaluate(auditor, 'study:getConsent', { studyId: STUDY, datasetId: 'alpha' });
  assert.equal(consent.rounds, 3);
  const after = await study.budget('alpha', 'training');
  assert.deepEqual(after.reserved, timesRdp(consent.costPerRound.training, 2));
  for (const round of [2, 3]) await study.wholeRound(round);
  await study.submit(as('researcher', 'AlphaMSP'), 'model:publish', { studyId: STUDY });
  for (const datasetId of DATASETS) {
    await study.settle(datasetId);
    const account = await study.budget(datasetId, 'training');
    assert.ok(isZeroRdp(account.reserved));
    assert.deepEqual(account.spent, timesRdp(consent.costPerRound.training, 3));
  }
});

test('what one hospital cannot afford is not amended, and what others reserved for it comes back', async () => {
  const study = await StudyOnLedger.prepared('2');
  await study.propose({ rounds: 1 });
  for (const datasetId of DATASETS) await study.consent(datasetId);
  await study.submit(as('researcher', 'AlphaMSP'), 'study:start', { studyId: STUDY });
  await study.move('AlphaMSP', { kind: 'amend', amendment: { rounds: 2 } });
  await study.vote('AlphaMSP', true, 1, { claims: claims('AlphaMSP') });
  await study.submit(as('steward', 'BetaMSP'), 'study:withdraw', {
    studyId: STUDY,
    datasetId: 'beta',
    reason: 'not for longer',
  });
  const many = { kind: 'amend', amendment: { rounds: 900 } } as const;
  assert.equal((await study.vote('GammaMSP', false)).state, 'rejected', 'one refusal ends an amendment');
  await study.move('AlphaMSP', many);
  const refused = await refusalOf(
    study.vote('AlphaMSP', true, 2, { claims: claims('AlphaMSP', '900', '900') }),
  );
  assert.equal(refused.code, 'BUDGET_EXCEEDED');
  await study.submit(as('researcher', 'AlphaMSP'), 'study:abort', { studyId: STUDY, reason: 'enough' });
  await study.settle('alpha');
  const { leftEpsilon, reserved } = await study.budget('alpha', 'training');
  assert.equal(leftEpsilon, '2');
  assert.ok(isZeroRdp(reserved));
});

test('a deadline and a minimum are amended without cost, and hold from then on', async () => {
  const study = await StudyOnLedger.running();
  const amendment = { roundDeadlineSeconds: 1200, validationMinimum: '0.7' };
  await study.move('AlphaMSP', { kind: 'amend', amendment });
  await carry(study, 1, MEMBERS);
  const { validation, roundDeadlineSeconds } = await study.evaluate(auditor, 'study:get', { studyId: STUDY });
  assert.deepEqual([validation.minimum, roundDeadlineSeconds], ['0.7', 1200]);
  const round = await study.open(1);
  assert.equal(Date.parse(round.deadline) - Date.parse(round.openedAt), 1_200_000);
});

test('a dataset joins a running study by amendment and its own consent, between two rounds', async () => {
  const study = await StudyOnLedger.prepared();
  const joining = ['alpha', 'beta', 'gamma'];
  await study.propose({ datasets: joining, quorum: { updates: 2, validators: 2 }, rounds: 2 });
  for (const datasetId of joining) await study.consent(datasetId);
  await study.submit(as('researcher', 'AlphaMSP'), 'study:start', { studyId: STUDY });
  assert.equal((await refusalOf(study.consent('delta'))).code, 'DATASET_NOT_WANTED');
  const weak = { addDatasets: ['delta'] };
  const refused = await refusalOf(study.move('AlphaMSP', { kind: 'amend', amendment: weak }));
  assert.match(refused.message, /more than half of the 4 hospitals/, 'two of four would be no majority');
  const amendment = { addDatasets: ['delta'], quorum: { updates: 2, validators: 3 } };
  await study.move('AlphaMSP', { kind: 'amend', amendment });
  await carry(study, 1, ['AlphaMSP', 'BetaMSP', 'GammaMSP']);
  assert.equal((await study.open(1)).participants.length, 3, 'it was asked and has not consented yet');
  await study.consent('delta');
  study.now += HOUR;
  await study.abortRound(1);
  const second = await study.open(2);
  assert.deepEqual(second.validators, [...MEMBERS].sort());
  assert.equal(second.quorum.validators, 3);
});

test('an amendment changes something, only upwards, and only what amendments may', async () => {
  const study = await StudyOnLedger.running();
  for (const [amendment, says] of [
    [{}, /must change something/],
    [{ rounds: 2 }, /rounds must be more than the 2 of now/],
    [{ quorum: { updates: 3, validators: 2 } }, /more than half/],
    [{ addDatasets: ['alpha'] }, /alpha twice/],
    [{ training: { noiseMultiplier: '0.1' } }, /amendment.training is not a known field/],
  ] as const) {
    const attempt = study.move('AlphaMSP', { kind: 'amend', amendment: amendment as object });
    const refusal = await refusalOf(attempt);
    assert.equal(refusal.code, 'INVALID_ARGUMENT');
    assert.match(refusal.detail, says);
  }
  const pause = study.move('AlphaMSP', { kind: 'pause', amendment: { rounds: 9 } });
  assert.match((await refusalOf(pause)).detail, /only for it/);
});

test('motions that one voter moves and refuses, however many, invalidate no step of a round', async () => {
  const study = await StudyOnLedger.running();
  await study.open(1);
  const argument = updateArgument({ studyId: STUDY, round: 1, datasetId: 'alpha' });
  const sent = await study.endorse(as('trainer', 'AlphaMSP'), 'round:recordUpdate', argument);
  for (let number = 1; number <= 12; number++) {
    const amendment = { validationMinimum: `0.0${number}` };
    const moved = await study.move('DeltaMSP', { kind: 'amend', amendment });
    assert.equal(moved.motion, number);
    const another = study.move('DeltaMSP', { kind: 'amend', amendment });
    assert.equal((await refusalOf(another)).code, 'MOTION_STATE');
    assert.equal((await study.vote('DeltaMSP', false, number)).state, 'rejected');
  }
  assert.equal(study.commit('round:recordUpdate', JSON.stringify(argument), sent), 'VALID');
  await study.move('DeltaMSP', { kind: 'pause' });
  await carry(study, 13);
  assert.equal((await study.move('DeltaMSP', { kind: 'resume' })).motion, 14);
});

test('where two stewards must consent, two must vote, and they vote alike', async () => {
  const study = await StudyOnLedger.prepared();
  await study.submit(as('steward', 'DeltaMSP'), 'dataset:register', {
    ...datasetArgument('guarded'),
    consentPolicy: { stewards: 2 },
  });
  const datasets = ['alpha', 'beta', 'guarded'];
  await study.propose({ datasets, quorum: { updates: 2, validators: 2 } });
  for (const datasetId of ['alpha', 'beta']) await study.consent(datasetId);
  const [first, second] = ['ann', 'ben'].map((person) => ({ ...as('steward', 'DeltaMSP'), person }));
  await study.submit(first!, 'study:approveConsent', { studyId: STUDY, datasetId: 'guarded' });
  const consent = await study.consent('guarded', STUDY, second);
  assert.deepEqual(consent.stewards, ['ann', 'ben']);
  await study.submit(as('researcher', 'AlphaMSP'), 'study:start', { studyId: STUDY });

  await study.move('AlphaMSP', { kind: 'amend', amendment: { roundDeadlineSeconds: 60 } });
  await study.vote('AlphaMSP', true);
  await study.vote('BetaMSP', true);
  assert.equal((await study.vote('DeltaMSP', true, 1, { person: 'ann' })).state, 'open');
  const twice = study.vote('DeltaMSP', true, 1, { person: 'ann' });
  assert.equal((await refusalOf(twice)).code, 'VOTE_EXISTS');
  assert.equal((await study.vote('DeltaMSP', true, 1, { person: 'ben' })).state, 'carried');
});

test('approvals of the text before an amendment count for nothing after it', async () => {
  const study = await StudyOnLedger.prepared();
  await study.submit(as('steward', 'DeltaMSP'), 'dataset:register', {
    ...datasetArgument('guarded'),
    consentPolicy: { stewards: 2 },
  });
  const datasets = ['alpha', 'beta', 'guarded'];
  await study.propose({ datasets, quorum: { updates: 2, validators: 2 } });
  for (const datasetId of ['alpha', 'beta']) await study.consent(datasetId);
  await study.submit(as('researcher', 'AlphaMSP'), 'study:start', { studyId: STUDY });
  const [ann, ben] = ['ann', 'ben'].map((person) => ({ ...as('steward', 'DeltaMSP'), person }));
  const asked = { studyId: STUDY, datasetId: 'guarded' };
  await study.submit(ann!, 'study:approveConsent', asked);
  await study.move('AlphaMSP', { kind: 'amend', amendment: { validationMinimum: '0.1' } });
  await carry(study, 1, ['AlphaMSP', 'BetaMSP']);
  assert.equal((await refusalOf(study.consent('guarded', STUDY, ben))).code, 'CONSENT_INCOMPLETE');
  await study.submit(ann!, 'study:approveConsent', asked);
  assert.equal((await study.consent('guarded', STUDY, ben)).studyVersion, 2);
});

test('the same person with another certificate is one steward, not two', async () => {
  const study = await StudyOnLedger.prepared();
  await study.submit(as('steward', 'DeltaMSP'), 'dataset:register', {
    ...datasetArgument('guarded'),
    consentPolicy: { stewards: 2 },
  });
  const quorum = { updates: 1, validators: 1 };
  await study.propose({ datasets: ['guarded'], quorum });
  const ann = { ...as('steward', 'DeltaMSP'), person: 'ann', certificate: 'her first' };
  await study.submit(ann, 'study:approveConsent', { studyId: STUDY, datasetId: 'guarded' });
  const again = study.consent('guarded', STUDY, { ...ann, certificate: 'her second' });
  assert.equal((await refusalOf(again)).code, 'CONSENT_INCOMPLETE');
});

test('the leader has its time; then any participant takes over, stage by stage', async () => {
  const study = await StudyOnLedger.running({ leaderSeconds: 600 });
  assert.equal((await refusalOf(study.open(1, 'BetaMSP'))).code, 'NOT_THE_LEADER');
  study.now += 600_000;
  await study.open(1, 'BetaMSP');
  for (const datasetId of DATASETS) await study.update(datasetId, 1);
  assert.equal((await refusalOf(study.close(1, 'GammaMSP'))).code, 'NOT_THE_LEADER');
  await study.close(1, 'AlphaMSP');
  for (const mspId of MEMBERS) await study.verdict(mspId, 1);
  assert.equal((await refusalOf(study.tally(1, 'GammaMSP'))).code, 'NOT_THE_LEADER');
  study.now += 600_000;
  await study.tally(1, 'GammaMSP');
  for (const mspId of MEMBERS) await study.attest(mspId, 1);
  assert.equal((await refusalOf(study.finalize(1, 'DeltaMSP'))).code, 'NOT_THE_LEADER');
  study.now += 600_000;
  await study.finalize(1, 'DeltaMSP');
  assert.equal((await refusalOf(study.open(2, 'AlphaMSP'))).code, 'NOT_THE_LEADER', 'the turn is Beta’s');
  assert.equal((await study.open(2, 'BetaMSP')).base.parametersSha256, aggregate('model 1').parametersSha256);
});

test('a hospital that missed a round, and one that dropped out of it, catch up in the next', async () => {
  const study = await StudyOnLedger.running({ quorum: { updates: 2, validators: 3 } });
  await study.open(1);
  for (const datasetId of ['alpha', 'beta', 'gamma']) await study.update(datasetId, 1);
  study.now += HOUR;
  await study.close(1);
  assert.equal((await refusalOf(study.update('delta', 1))).code, 'ROUND_CLOSED', 'too late for this one');
  const datasets = ['alpha', 'beta', 'gamma'];
  for (const mspId of ['AlphaMSP', 'BetaMSP', 'DeltaMSP']) await study.verdict(mspId, 1, { datasets });
  study.now += HOUR;
  await study.tally(1, 'BetaMSP');
  for (const mspId of ['AlphaMSP', 'BetaMSP', 'DeltaMSP']) await study.attest(mspId, 1);
  await study.finalize(1, 'BetaMSP');
  const next = await study.open(2, 'DeltaMSP');
  assert.equal(next.participants.length, 4);
  assert.deepEqual(next.base, aggregate('model 1'), 'from the base that the others made without it');
  for (const datasetId of DATASETS) await study.update(datasetId, 2);
  assert.deepEqual((await study.close(2)).updates, DATASETS);
});

test('a hospital that leaves instead of voting holds nobody up: a vote given again is counted again', async () => {
  const study = await StudyOnLedger.running();
  await study.move('AlphaMSP', { kind: 'pause' });
  for (const mspId of MEMBERS.slice(0, 3)) await study.vote(mspId, true);
  await study.move('AlphaMSP', { kind: 'amend', amendment: { validationMinimum: '0' } });
  for (const mspId of MEMBERS.slice(0, 3)) await study.vote(mspId, true, 2);
  assert.equal((await refusalOf(study.vote('AlphaMSP', true, 2))).code, 'VOTE_EXISTS', 'Delta is waited for');
  const leave = { studyId: STUDY, datasetId: 'delta', reason: 'leaving' };
  await study.submit(as('steward', 'DeltaMSP'), 'study:withdraw', leave);
  assert.equal((await refusalOf(study.vote('AlphaMSP', false, 2))).code, 'VOTE_EXISTS');
  assert.equal((await study.vote('AlphaMSP', true, 2)).state, 'carried');
  await study.move('AlphaMSP', { kind: 'resume' });
  for (const mspId of MEMBERS.slice(0, 3)) await study.vote(mspId, true, 3);
  const { state, version } = await study.evaluate(as('auditor', 'AlphaMSP'), 'study:get', { studyId: STUDY });
  assert.deepEqual([state, version], ['running', 2]);
});
