// Declining a study on record, and what that does to approvals and quorums.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { datasetArgument, studyArgument } from '@consilium/domain/testing/examples';
import { type Answer, refusalOf } from '../testing/memory-consortium.ts';
import { as, MEMBERS, ownerOf, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';

const decline = (
  study: StudyOnLedger,
  datasetId: string,
  change: { mspId?: string; reason?: string; studyId?: string; code?: string; person?: string } = {},
): Promise<Answer> => {
  const { mspId = ownerOf(datasetId), reason = 'the ethics board said no', person } = change;
  const caller = { ...as('steward', mspId), ...(person !== undefined && { person }) };
  const argument = { studyId: change.studyId ?? STUDY, datasetId, code: 'ethics', reason } as const;
  return study.submit(caller, 'study:decline', argument);
};
const quorumOf = async (study: StudyOnLedger): Promise<Answer> =>
  (await study.evaluate(as('auditor', 'AlphaMSP'), 'study:get', { studyId: STUDY })).quorumNow;

test('a steward declines a study with a code and a reason, which everyone can read', async () => {
  const study = await StudyOnLedger.proposed();
  const row = await decline(study, 'delta');
  assert.deepEqual(
    [row.owner, row.code, row.reason, row.studyVersion, row.number],
    ['DeltaMSP', 'ethics', 'the ethics board said no', 1, 1],
  );
  const { items } = await study.evaluate(as('auditor', 'BetaMSP'), 'study:listDeclines', { studyId: STUDY });
  assert.deepEqual(items, [row]);
  const reserved = (await study.budget('delta', 'training')).reservedEpsilon;
  assert.equal(reserved, '0', 'nothing is reserved');
});

test('a proposal that too few can still consent to is named once enough have declined', async () => {
  const study = await StudyOnLedger.proposed();
  await decline(study, 'delta');
  assert.equal((await quorumOf(study)).canBeMet, true, 'three are needed and three can');
  await decline(study, 'gamma');
  const quorum = await quorumOf(study);
  assert.deepEqual([quorum.canBeMet, quorum.most], [false, { updates: 2, validators: 2 }]);
  const short = await study.evaluate(as('auditor', 'BetaMSP'), 'study:listShort', {});
  assert.equal(short.items.length, 1);
  await study.consent('gamma');
  assert.equal((await quorumOf(study)).canBeMet, true, 'it changed its mind');
});

test('nobody declines for another, what is not asked for, what is consented to, or in a text without bounds', async () => {
  const study = await StudyOnLedger.proposed();
  assert.equal((await refusalOf(decline(study, 'delta', { mspId: 'AlphaMSP' }))).code, 'NOT_THE_OWNER');
  assert.equal(
    (await refusalOf(decline(study, 'delta', { reason: 'x'.repeat(501) }))).code,
    'INVALID_ARGUMENT',
  );
  assert.equal((await refusalOf(decline(study, 'delta', { reason: '' }))).code, 'INVALID_ARGUMENT');
  assert.equal((await refusalOf(decline(study, 'delta', { studyId: 'none' }))).code, 'STUDY_NOT_FOUND');
  await study.submit(as('steward', 'DeltaMSP'), 'dataset:register', datasetArgument('delta-2'));
  const other = decline(study, 'delta-2', { mspId: 'DeltaMSP' });
  assert.equal((await refusalOf(other)).code, 'DATASET_NOT_WANTED');
  await study.consent('delta');
  const late = await refusalOf(decline(study, 'delta'));
  assert.equal(late.code, 'CONSENT_EXISTS');
  assert.match(late.detail, /withdraw it instead/);
  const ended = { studyId: STUDY, reason: 'no longer asked' };
  await study.submit(as('researcher', 'AlphaMSP'), 'study:retire', ended);
  assert.equal((await refusalOf(decline(study, 'gamma'))).code, 'STUDY_STATE');
});

/** A study that asks for one dataset, whose consent takes two stewards. */
async function askedOfTwoStewards() {
  const study = await StudyOnLedger.prepared();
  const guarded = { ...datasetArgument('guarded'), consentPolicy: { stewards: 2 } };
  await study.submit(as('steward', 'AlphaMSP'), 'dataset:register', guarded);
  const quorum = { updates: 1, validators: 1 };
  const proposal = studyArgument({ studyId: STUDY, datasets: ['guarded'], quorum });
  await study.submit(as('researcher', 'AlphaMSP'), 'study:propose', proposal);
  const asked = { studyId: STUDY, datasetId: 'guarded' };
  return { study, asked };
}

test('an approval from before a dataset declined is none for a consent after it', async () => {
  const { study, asked } = await askedOfTwoStewards();
  const approve = (person: string) =>
    study.submit({ ...as('steward', 'AlphaMSP'), person }, 'study:approveConsent', asked);
  const consent = (person: string) =>
    study.consent('guarded', STUDY, { ...as('steward', 'AlphaMSP'), person });
  await approve('ann');
  await decline(study, 'guarded', { mspId: 'AlphaMSP', person: 'cem' });
  assert.equal((await refusalOf(consent('ben'))).code, 'CONSENT_INCOMPLETE');
  await approve('ann');
  assert.deepEqual((await consent('ben')).stewards, ['ann', 'ben']);
});

test('a decline is of one text, and is changed with its owner’s peer alone', async () => {
  const study = await StudyOnLedger.running();
  await study.submit(as('steward', 'DeltaMSP'), 'dataset:register', datasetArgument('delta-2'));
  const amendment = { addDatasets: ['delta-2'] };
  await study.move('AlphaMSP', { kind: 'amend', amendment });
  for (const mspId of MEMBERS) await study.vote(mspId, true);
  const row = await decline(study, 'delta-2', { mspId: 'DeltaMSP' });
  assert.equal(row.studyVersion, 2);
  await study.move('AlphaMSP', { kind: 'amend', amendment: { validationMinimum: '0.1' } });
  for (const mspId of MEMBERS) await study.vote(mspId, true, 2);
  const again = { studyId: STUDY, datasetId: 'delta-2', code: 'other', reason: 'still not' } as const;
  const others = MEMBERS.filter((mspId) => mspId !== 'DeltaMSP');
  const caller = as('steward', 'DeltaMSP');
  await assert.rejects(study.submit(caller, 'study:decline', again, others), /ENDORSEMENT_POLICY_FAILURE/);
  assert.equal((await study.submit(caller, 'study:decline', again)).number, 2);
});

test('whoever asks for a verdict that rejects has the rule that failed, and the counts that were charged', async () => {
  const study = await StudyOnLedger.running({
    validation: { ...studyArgument({ studyId: STUDY, datasets: [] }).validation, minimum: '0.999' },
  });
  await study.trained(1);
  await study.verdict('AlphaMSP', 1, { accepted: false });
  await study.verdict('BetaMSP', 1);
  const ask = (mspId: string) =>
    study.evaluate(as('auditor', 'BetaMSP'), 'round:getVerdict', { studyId: STUDY, round: 1, mspId });
  assert.deepEqual((await ask('AlphaMSP')).grounds, {
    rule: 'accuracy-below-minimum',
    rejected: [],
    right: 48,
    wrong: 12,
    accuracyMillionths: 800_000,
    minimum: '0.999',
  });
  assert.equal((await ask('BetaMSP')).grounds, undefined, 'it accepts everything');
});

test('a quote names the stewards whose approval counts, for the text and the blocks that are asked for', async () => {
  const { study, asked } = await askedOfTwoStewards();
  const approving = async () =>
    (await study.evaluate(as('auditor', 'BetaMSP'), 'privacy:quote', asked)).stewards;
  assert.deepEqual(await approving(), { needed: 2, approved: [] });
  await study.submit({ ...as('steward', 'AlphaMSP'), person: 'ann' }, 'study:approveConsent', asked);
  assert.deepEqual(await approving(), { needed: 2, approved: ['ann'] });
  await decline(study, 'guarded', { mspId: 'AlphaMSP' });
  assert.deepEqual(await approving(), { needed: 2, approved: [] }, 'ann did not know of it');
});
