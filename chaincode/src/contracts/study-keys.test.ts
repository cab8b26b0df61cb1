// The keys that members have for one study each: who records which, and what the ledger takes them for afterwards.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { RecordStudyKeys } from '@consilium/domain';
import { updateArgument } from '@consilium/domain/testing/examples';
import { memberKey, provenKey, provenStudyKey } from '@consilium/domain/testing/member-key';
import { refusalOf } from '../testing/memory-consortium.ts';
import { as, DATASETS, MEMBERS, ownerOf, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';

const ALPHA = { studyId: STUDY, datasetId: 'alpha' };
const auditor = as('auditor', 'BetaMSP');
const keysOf = (mspId: string, datasets: readonly string[] = DATASETS) =>
  datasets.map((datasetId) => provenStudyKey(mspId, { studyId: STUDY, datasetId }));
const record = (study: StudyOnLedger, mspId: string, keys: RecordStudyKeys['keys'] = keysOf(mspId)) =>
  study.submit(as('trainer', mspId), 'study:recordKeys', { studyId: STUDY, keys });
const listed = async (study: StudyOnLedger, datasetId: string) => {
  const page = await study.evaluate(auditor, 'study:listKeys', { studyId: STUDY, datasetId, pageSize: 200 });
  return page.items.map((key: { mspId: string; encryptionPublicKey: string }) => [
    key.mspId,
    key.encryptionPublicKey,
  ]);
};
const withdraw = (study: StudyOnLedger) =>
  study.submit(as('steward', 'AlphaMSP'), 'study:withdraw', { ...ALPHA, reason: 'a patient asked' });
const erase = (study: StudyOnLedger, mspId: string, destroyed: readonly [round: number, boolean][]) =>
  study.submit(as('trainer', mspId), 'study:attestErasure', {
    ...ALPHA,
    artefacts: destroyed.map(([round, keysDestroyed]) => ({
      round,
      sha256: updateArgument({ ...ALPHA, round }).artefact.sha256,
      unpinned: true,
      keysDestroyed,
    })),
  });

test('a member records one key for the updates of each dataset, and everyone finds it by the dataset', async () => {
  const study = await StudyOnLedger.running();
  const answer = await record(study, 'BetaMSP');
  assert.deepEqual([answer.mspId, answer.studyId, answer.datasets], ['BetaMSP', STUDY, DATASETS]);
  await record(study, 'AlphaMSP', keysOf('AlphaMSP', ['beta']));
  await record(study, 'AlphaMSP', keysOf('AlphaMSP', ['alpha']));
  assert.deepEqual(await listed(study, 'beta'), [
    ['AlphaMSP', keysOf('AlphaMSP', ['beta'])[0]!.encryptionPublicKey],
    ['BetaMSP', keysOf('BetaMSP', ['beta'])[0]!.encryptionPublicKey],
  ]);
  assert.deepEqual(
    (await listed(study, 'gamma')).map(([mspId]: string[]) => mspId),
    ['BetaMSP'],
  );
});

test('a proposed study takes keys from those that consent to it, so that none is late', async () => {
  const study = await StudyOnLedger.proposed();
  assert.equal((await refusalOf(record(study, 'AlphaMSP'))).code, 'NOT_A_PARTICIPANT');
  await study.consent('alpha');
  await record(study, 'AlphaMSP');
  assert.equal((await refusalOf(record(study, 'BetaMSP'))).code, 'NOT_A_PARTICIPANT');
});

const [alpha] = keysOf('BetaMSP', ['alpha']);
const [own] = keysOf('BetaMSP', ['beta']);
for (const [title, keys, code, says] of [
  [
    'two keys for one dataset in a list',
    [alpha, { ...own, datasetId: 'alpha' }],
    'INVALID_ARGUMENT',
    /alpha twice/,
  ],
  [
    'one key for two datasets',
    [alpha, { ...alpha, datasetId: 'beta' }],
    'INVALID_ARGUMENT',
    /has the key .* twice/,
  ],
  ['a dataset that the study does not ask for', keysOf('BetaMSP', ['other']), 'DATASET_NOT_WANTED', /other/],
  ["another member's key with its proof", keysOf('AlphaMSP', ['alpha']), 'KEY_UNPROVEN', /alpha/],
  [
    "another member's key with a proof by a key of its own",
    [{ ...alpha, encryptionPublicKey: keysOf('AlphaMSP', ['alpha'])[0]!.encryptionPublicKey }],
    'KEY_UNPROVEN',
    /alpha/,
  ],
  ['a proof for another dataset', [{ ...own, datasetId: 'alpha' }], 'KEY_UNPROVEN', /alpha/],
  [
    'a proof for another study',
    [provenStudyKey('BetaMSP', { studyId: 'other', datasetId: 'alpha' })],
    'KEY_UNPROVEN',
    /alpha/,
  ],
  [
    'a proof for another channel',
    [provenStudyKey('BetaMSP', ALPHA, { channel: 'elsewhere' })],
    'KEY_UNPROVEN',
    /alpha/,
  ],
  [
    'a proof as a key of the member',
    [{ datasetId: 'alpha', ...provenKey('a stranger', 'BetaMSP') }],
    'KEY_UNPROVEN',
    /alpha/,
  ],
  [
    'its long-lived key, which is never destroyed',
    [
      {
        datasetId: 'alpha',
        encryptionPublicKey: memberKey('BetaMSP').encryptionPublicKey,
        keyProof: memberKey('BetaMSP').studyProof('BetaMSP', ALPHA),
      },
    ],
    'KEY_USED',
    /one that BetaMSP has had/,
  ],
  [
    'a point of small order',
    [{ ...alpha, encryptionPublicKey: 'A'.repeat(43) }],
    'INVALID_ARGUMENT',
    /keys\/0\/encryptionPublicKey|keys\.0\.encryptionPublicKey/,
  ],
  ['no key at all', [], 'INVALID_ARGUMENT', /keys/],
  ['10,000 keys', Array.from({ length: 10_000 }, () => alpha), 'INVALID_ARGUMENT', /at most/],
  ['101 keys', Array.from({ length: 101 }, () => alpha), 'INVALID_ARGUMENT', /keys/],
] as const) {
  test(`a study takes no keys: ${title}`, async () => {
    const study = await StudyOnLedger.running();
    const refusal = await refusalOf(record(study, 'BetaMSP', keys as RecordStudyKeys['keys']));
    assert.equal(refusal.code, code);
    assert.match(refusal.detail, says);
    for (const datasetId of DATASETS) assert.deepEqual(await listed(study, datasetId), []);
  });
}

test('a key is not replaced, nor used for anything else: in another study, as a long-lived key, by another', async () => {
  const study = await StudyOnLedger.running();
  await record(study, 'BetaMSP', [alpha!]);
  const again = [provenStudyKey('BetaMSP', ALPHA, { words: 'another' })];
  assert.equal((await refusalOf(record(study, 'BetaMSP', again))).code, 'STUDY_KEY_EXISTS');
  const key = memberKey(`BetaMSP ${STUDY} alpha `);
  assert.equal(key.encryptionPublicKey, alpha!.encryptionPublicKey);
  const same = { encryptionPublicKey: key.encryptionPublicKey };
  const attempts = [
    record(study, 'BetaMSP', [
      { ...same, datasetId: 'beta', keyProof: key.studyProof('BetaMSP', { ...ALPHA, datasetId: 'beta' }) },
    ]),
    record(study, 'GammaMSP', [{ ...same, datasetId: 'alpha', keyProof: key.studyProof('GammaMSP', ALPHA) }]),
    study.submit(as('operator', 'BetaMSP'), 'member:rotateKey', { ...same, keyProof: key.proof('BetaMSP') }),
  ];
  for (const attempt of attempts) {
    const refusal = await refusalOf(attempt);
    assert.equal(refusal.code, 'KEY_USED');
    assert.doesNotMatch(refusal.detail, /undefined/);
  }
  assert.deepEqual(await listed(study, 'alpha'), [['BetaMSP', alpha!.encryptionPublicKey]]);
});

test('a study that has ended takes no keys, and only trainers record them', async () => {
  const study = await StudyOnLedger.running();
  const steward = study.submit(as('steward', 'BetaMSP'), 'study:recordKeys', {
    studyId: STUDY,
    keys: [alpha!],
  });
  assert.equal((await refusalOf(steward)).code, 'ROLE_REQUIRED');
  await study.submit(as('researcher', 'AlphaMSP'), 'study:abort', { studyId: STUDY, reason: 'enough' });
  assert.equal((await refusalOf(record(study, 'BetaMSP'))).code, 'STUDY_STATE');
});

test('an update says to whom it is sealed by a long-lived key, and nobody has a key that is not recorded', async () => {
  const study = await StudyOnLedger.running();
  await record(study, 'BetaMSP');
  await study.open(1);
  const sealed = (sealedToMemberKeys: string[]) => study.update('alpha', 1, { sealedToMemberKeys });
  const refused = async (named: string[]) => {
    const refusal = await refusalOf(sealed(named));
    assert.equal(refusal.code, 'INVALID_ARGUMENT');
    return refusal.detail;
  };
  const others = MEMBERS.filter((mspId) => mspId !== 'BetaMSP');
  assert.match(await refused([]), /sealedToMemberKeys must have AlphaMSP, which has no key for alpha/);
  assert.match(await refused(others.slice(1)), /must have AlphaMSP/);
  assert.match(await refused([...others, 'OtherMSP']), /has OtherMSP, which takes no part/);
  assert.match(await refused([...others, ...others]), /has AlphaMSP twice/);
  const update = await sealed(others);
  assert.deepEqual(update.sealedToMemberKeys, others);
  assert.equal(
    (await study.update('beta', 1)).sealedToMemberKeys,
    undefined,
    'who does not know says nothing',
  );
});

test("destroyed keys are attested for updates that were sealed to that hospital's key for the dataset", async () => {
  const study = await StudyOnLedger.running();
  for (const mspId of ['AlphaMSP', 'BetaMSP', 'GammaMSP']) await record(study, mspId);
  await study.open(1);
  await study.update('alpha', 1, { sealedToMemberKeys: ['DeltaMSP', 'GammaMSP'] });
  await withdraw(study);
  for (const mspId of ['GammaMSP', 'DeltaMSP']) {
    const refusal = await refusalOf(erase(study, mspId, [[1, true]]));
    assert.equal(refusal.code, 'INVALID_ARGUMENT');
    assert.match(refusal.detail, /artefacts must have keysDestroyed: false for round 1/);
    assert.equal((await erase(study, mspId, [[1, false]])).artefacts[0].keysDestroyed, false);
  }
  for (const mspId of ['AlphaMSP', 'BetaMSP']) {
    assert.equal((await erase(study, mspId, [[1, true]])).artefacts[0].keysDestroyed, true);
  }
  const [{ owed }] = (await study.evaluate(auditor, 'study:listErasures', { studyId: STUDY, pageSize: 9 }))
    .items;
  assert.deepEqual(owed, []);
});

test('a key that was recorded after an update, or of which an update says nothing, destroys nothing of it', async () => {
  const study = await StudyOnLedger.running();
  await study.trained(1);
  for (const mspId of MEMBERS) await study.verdict(mspId, 1);
  await study.tally(1);
  for (const mspId of MEMBERS) await study.attest(mspId, 1);
  await study.finalize(1);
  for (const mspId of MEMBERS) await record(study, mspId);
  await study.open(2);
  await study.update('alpha', 2, { sealedToMemberKeys: [] });
  await withdraw(study);
  const refusal = await refusalOf(
    erase(study, 'BetaMSP', [
      [1, true],
      [2, true],
    ]),
  );
  assert.match(refusal.detail, /keysDestroyed: false for round 1: the ledger has no word/);
  assert.doesNotMatch(refusal.detail, /round 2/);
  const { artefacts } = await erase(study, 'BetaMSP', [
    [1, false],
    [2, true],
  ]);
  assert.deepEqual(
    artefacts.map((artefact: { keysDestroyed: boolean }) => artefact.keysDestroyed),
    [false, true],
  );
});

test('who joins later records keys of its own, also for datasets that have updates already', async () => {
  const study = await StudyOnLedger.proposed();
  const first = DATASETS.filter((datasetId) => datasetId !== 'delta');
  for (const datasetId of first) await study.consent(datasetId);
  await study.submit(as('researcher', 'AlphaMSP'), 'study:start', { studyId: STUDY });
  for (const datasetId of first) await record(study, ownerOf(datasetId));
  await study.open(1);
  await study.update('alpha', 1, { sealedToMemberKeys: [] });
  await study.consent('delta');
  await record(study, 'DeltaMSP');
  await withdraw(study);
  assert.equal((await refusalOf(erase(study, 'DeltaMSP', [[1, true]]))).code, 'ERASURE_NOT_OWED');
});
