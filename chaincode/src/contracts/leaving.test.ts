// Members that leave, are removed and return: what of theirs counts no more, what the others go on with, and who can
// change which rows then.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { canonicalJson, isZeroRdp, type MemberQuestion } from '@consilium/domain';
import {
  datasetArgument,
  memberArgument,
  studyArgument,
  updateArgument,
} from '@consilium/domain/testing/examples';
import { provenKey } from '@consilium/domain/testing/member-key';
import { type Answer, MemoryConsortium, refusalOf } from '../testing/memory-consortium.ts';
import { as, DATASETS, MEMBERS, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';

const operator = (mspId: string) => as('operator', mspId);
const reason = 'as the board decided';

const leave = (ledger: MemoryConsortium, mspId: string, peers?: readonly string[]): Promise<Answer> =>
  ledger.submit(operator(mspId), 'member:leave', { reason }, peers);
const vote = (
  ledger: MemoryConsortium,
  voter: string,
  mspId: string,
  {
    question = 'removal',
    accept = true,
    peers,
  }: { question?: MemberQuestion; accept?: boolean; peers?: readonly string[] } = {},
): Promise<Answer> =>
  ledger.submit(operator(voter), 'member:vote', { mspId, question, accept, reason }, peers);
const register = (ledger: MemoryConsortium, mspId: string, words: string): Promise<Answer> =>
  ledger.submit(operator(mspId), 'member:register', { title: mspId, ...provenKey(words, mspId) });
const member = (ledger: MemoryConsortium, mspId: string): Promise<Answer> =>
  ledger.evaluate(as('auditor', mspId), 'member:get', { mspId });
const consentOf = (study: StudyOnLedger, datasetId: string): Promise<Answer> =>
  study.evaluate(as('auditor', 'AlphaMSP'), 'study:getConsent', { studyId: STUDY, datasetId });
const studyOf = (study: StudyOnLedger): Promise<Answer> =>
  study.evaluate(as('auditor', 'AlphaMSP'), 'study:get', { studyId: STUDY });
const renew = (ledger: MemoryConsortium, row: object, peers?: readonly string[]): Promise<Answer> =>
  ledger.submit(as('trainer', 'AlphaMSP'), 'audit:renewPolicies', row, peers);
const old = async (ledger: MemoryConsortium, kind: 'dataset' | 'consent' | 'round'): Promise<Answer> =>
  (await ledger.evaluate(as('auditor', 'AlphaMSP'), 'audit:listOldPolicies', { kind })).items;

/** A ledger with some of these organisations as members. */
async function ledgerOf(mspIds: readonly string[], members: readonly string[] = mspIds) {
  const ledger = new MemoryConsortium(mspIds);
  for (const mspId of members) {
    await ledger.submit(operator(mspId), 'member:register', memberArgument(mspId));
  }
  return ledger;
}
const FIVE = ['AlphaMSP', 'BetaMSP', 'GammaMSP', 'DeltaMSP', 'EpsilonMSP'];
const without = (...gone: readonly string[]) => FIVE.filter((mspId) => !gone.includes(mspId));

test('a member leaves by itself, its consents are withdrawn with that, and its answer names studies that wait', async () => {
  const study = await StudyOnLedger.running({ quorum: { updates: 4, validators: 4 } });
  const left = await leave(study, 'DeltaMSP');
  assert.deepEqual([left.mspId, left.membership, left.by, left.more], ['DeltaMSP', 1, 'itself', false]);
  assert.deepEqual(
    left.shortOf.map(({ studyId, now, canBeMet, lost }: Answer) => [studyId, now, canBeMet, lost]),
    [
      [
        STUDY,
        { updates: 3, validators: 3 },
        false,
        'at most 3 datasets consent and 4 are needed: amend the study, or end it',
      ],
    ],
  );
  const consent = await consentOf(study, 'delta');
  assert.deepEqual([consent.state, consent.withdrawnAt, consent.reason], ['withdrawn', left.leftAt, reason]);
  assert.equal((await member(study, 'DeltaMSP')).left.by, 'itself');
  const { quorumNow } = await studyOf(study);
  assert.deepEqual([quorumNow.isMet, quorumNow.canBeMet], [false, false]);
  const short = await study.evaluate(as('auditor', 'BetaMSP'), 'study:listShort', {});
  assert.deepEqual(
    short.items.map(({ studyId }: Answer) => studyId),
    [STUDY],
  );
  const { items } = await study.evaluate(as('auditor', 'BetaMSP'), 'member:listDepartures', {});
  assert.deepEqual(
    items.map(({ mspId }: Answer) => mspId),
    ['DeltaMSP'],
  );
});

test('a study with enough hospitals left goes on without the one that left, in the middle of a round', async () => {
  const study = await StudyOnLedger.running();
  await study.open(1);
  for (const datasetId of DATASETS) await study.update(datasetId, 1);
  assert.deepEqual((await leave(study, 'DeltaMSP')).shortOf, []);
  const closed = await study.close(1);
  assert.deepEqual(closed.updates, ['alpha', 'beta', 'gamma'], 'its update is out, though it arrived');
  assert.deepEqual(closed.withdrawn, ['delta']);
  const refused = await refusalOf(study.verdict('DeltaMSP', 1));
  assert.equal(refused.code, 'NOT_A_MEMBER');
  assert.match(refused.detail, /DeltaMSP left on .*registers again once a majority/);
  const datasets = ['alpha', 'beta', 'gamma'];
  const judges = ['AlphaMSP', 'BetaMSP', 'GammaMSP'];
  for (const mspId of judges) await study.verdict(mspId, 1, { datasets });
  assert.deepEqual((await study.tally(1)).included, datasets);
  for (const mspId of judges) await study.attest(mspId, 1);
  await study.finalize(1);
  assert.deepEqual((await study.open(2)).validators, judges);
});

test('whoever left does nothing more but settle, and say what it erased', async () => {
  const study = await StudyOnLedger.running();
  await study.trained(1);
  await study.submit(as('steward', 'AlphaMSP'), 'study:withdraw', {
    studyId: STUDY,
    datasetId: 'alpha',
    reason,
  });
  await leave(study, 'DeltaMSP');
  const attempts = [
    study.submit(as('steward', 'DeltaMSP'), 'study:withdraw', { studyId: STUDY, datasetId: 'delta', reason }),
    study.submit(as('steward', 'DeltaMSP'), 'dataset:register', datasetArgument('delta-2')),
    study.submit(
      as('researcher', 'DeltaMSP'),
      'study:propose',
      studyArgument({ studyId: 'more', datasets: DATASETS }),
    ),
    study.move('DeltaMSP', { kind: 'pause' }),
    leave(study, 'DeltaMSP'),
    vote(study, 'DeltaMSP', 'AlphaMSP'),
    study.submit(operator('DeltaMSP'), 'member:rotateKey', provenKey('next', 'DeltaMSP')),
  ];
  for (const attempt of attempts) assert.equal((await refusalOf(attempt)).code, 'NOT_A_MEMBER');
  assert.equal((await study.settle('delta')).state, 'settled');
  const { sha256 } = updateArgument({ studyId: STUDY, datasetId: 'alpha', round: 1 }).artefact;
  const { mspId } = await study.submit(as('trainer', 'DeltaMSP'), 'study:attestErasure', {
    ...{ studyId: STUDY, datasetId: 'alpha' },
    artefacts: [{ round: 1, sha256, unpinned: true, keysDestroyed: false }],
  });
  assert.equal(mspId, 'DeltaMSP');
});

test("an amendment's quorum counts the hospitals that are there: not those that left for good", async () => {
  const study = await StudyOnLedger.running({ quorum: { updates: 3, validators: 3 } });
  const amend = (updates: number, validators: number) =>
    study.move('AlphaMSP', { kind: 'amend', amendment: { quorum: { updates, validators } } });
  const weak = await refusalOf(amend(2, 2));
  assert.match(weak.detail, /quorum.validators must be more than half of the 4 hospitals/);
  await leave(study, 'DeltaMSP');
  await leave(study, 'GammaMSP');
  assert.match((await refusalOf(amend(2, 3))).detail, /quorum.validators must be at most the 2 hospitals/);
  assert.match((await refusalOf(amend(3, 2))).detail, /quorum.updates must be at most the 2 datasets/);
  assert.match((await refusalOf(amend(1, 1))).detail, /more than half of the 2 hospitals/);
  await amend(2, 2);
  await study.vote('AlphaMSP', true);
  assert.equal((await study.vote('BetaMSP', true)).state, 'carried');
  const { quorumNow } = await study.evaluate(as('auditor', 'AlphaMSP'), 'study:get', { studyId: STUDY });
  assert.deepEqual([quorumNow.isMet, quorumNow.needed], [true, { updates: 2, validators: 2 }]);
});

test('an owner that left before it consented can return and judge: it counts for what a majority is', async () => {
  const study = await StudyOnLedger.proposed({ quorum: { updates: 3, validators: 3 } });
  for (const datasetId of ['alpha', 'beta', 'gamma']) await study.consent(datasetId);
  await study.submit(as('researcher', 'AlphaMSP'), 'study:start', { studyId: STUDY });
  await leave(study, 'DeltaMSP');
  const amendment = { quorum: { updates: 2, validators: 2 } };
  const refusal = await refusalOf(study.move('AlphaMSP', { kind: 'amend', amendment }));
  assert.match(refusal.detail, /quorum.validators must be more than half of the 4 hospitals/);
});

test("anyone settles what a former member reserved, with its own peer's signature and not without", async () => {
  const study = await StudyOnLedger.running();
  const asked = { studyId: STUDY, datasetId: 'delta' };
  const byAlpha = (peers?: readonly string[]) =>
    study.submit(as('trainer', 'AlphaMSP'), 'study:settle', asked, peers);
  assert.equal((await refusalOf(byAlpha())).code, 'NOT_THE_OWNER');
  await leave(study, 'DeltaMSP');
  const others = MEMBERS.filter((mspId) => mspId !== 'DeltaMSP');
  await assert.rejects(byAlpha(others), /ENDORSEMENT_POLICY_FAILURE/);
  await byAlpha();
  const account = await study.budget('delta', 'training');
  assert.ok(isZeroRdp(account.reserved));
});

test('a majority of the members removes one; no fewer, no outsider, and not with a vote on itself', async () => {
  const ledger = await ledgerOf(FIVE);
  const first = await vote(ledger, 'AlphaMSP', 'EpsilonMSP');
  assert.deepEqual([first.accepting, first.needed, first.departure], [['AlphaMSP'], 3, undefined]);
  assert.equal((await refusalOf(vote(ledger, 'AlphaMSP', 'EpsilonMSP'))).code, 'VOTE_EXISTS');
  assert.equal((await refusalOf(vote(ledger, 'EpsilonMSP', 'EpsilonMSP'))).code, 'MEMBER_STATE');
  const question = 'return' as const;
  assert.equal((await refusalOf(vote(ledger, 'BetaMSP', 'EpsilonMSP', { question }))).code, 'MEMBER_STATE');
  assert.equal((await refusalOf(vote(ledger, 'BetaMSP', 'ZetaMSP'))).code, 'MEMBER_NOT_FOUND');
  await vote(ledger, 'BetaMSP', 'EpsilonMSP');
  await vote(ledger, 'AlphaMSP', 'EpsilonMSP', { accept: false });
  assert.equal((await vote(ledger, 'GammaMSP', 'EpsilonMSP')).departure, undefined, 'a vote was taken back');
  const decided = await vote(ledger, 'DeltaMSP', 'EpsilonMSP');
  assert.equal(decided.departure.by, 'the others');
  assert.equal((await member(ledger, 'EpsilonMSP')).left.reason, reason);
  assert.equal((await refusalOf(vote(ledger, 'AlphaMSP', 'EpsilonMSP'))).code, 'MEMBER_STATE');
});

test('two of two are no majority of one, and the last member stays', async () => {
  const ledger = await ledgerOf(['AlphaMSP', 'BetaMSP']);
  assert.equal((await vote(ledger, 'AlphaMSP', 'BetaMSP')).departure, undefined);
  await leave(ledger, 'BetaMSP');
  const refused = await refusalOf(leave(ledger, 'AlphaMSP'));
  assert.equal(refused.code, 'MEMBER_STATE');
  assert.match(refused.detail, /the last member/);
});

test('votes of a member that left count no more, and what is left of them is counted again', async () => {
  const ledger = await ledgerOf(FIVE);
  await vote(ledger, 'DeltaMSP', 'EpsilonMSP');
  await vote(ledger, 'AlphaMSP', 'EpsilonMSP');
  await leave(ledger, 'DeltaMSP');
  const second = await vote(ledger, 'BetaMSP', 'EpsilonMSP');
  assert.deepEqual([second.accepting, second.needed], [['AlphaMSP', 'BetaMSP'], 3]);
  await leave(ledger, 'GammaMSP');
  assert.equal((await vote(ledger, 'AlphaMSP', 'EpsilonMSP')).departure.mspId, 'EpsilonMSP', 'two of three');
});

test('who left returns by the votes of a majority, with a new key, and regains nothing that it said', async () => {
  const study = await StudyOnLedger.running();
  await study.wholeRound(1);
  await study.move('AlphaMSP', { kind: 'pause' });
  await study.vote('DeltaMSP', true);
  const before = await study.budget('delta', 'training');
  await vote(study, 'DeltaMSP', 'GammaMSP');
  await leave(study, 'DeltaMSP');
  assert.equal((await refusalOf(register(study, 'DeltaMSP', 'new'))).code, 'MEMBER_STATE');
  const question = 'return' as const;
  await vote(study, 'AlphaMSP', 'DeltaMSP', { question });
  await vote(study, 'BetaMSP', 'DeltaMSP', { question });
  const again = study.submit(operator('DeltaMSP'), 'member:register', memberArgument('DeltaMSP'));
  assert.equal((await refusalOf(again)).code, 'KEY_USED');
  const row = await register(study, 'DeltaMSP', 'new');
  assert.deepEqual([row.membership, row.keyNumber, row.left], [2, 2, undefined]);
  assert.equal((await refusalOf(register(study, 'DeltaMSP', 'newer'))).code, 'MEMBER_EXISTS');

  assert.equal((await consentOf(study, 'delta')).state, 'withdrawn');
  assert.equal((await refusalOf(study.update('delta', 2))).code, 'ROUND_NOT_FOUND');
  assert.deepEqual((await study.open(2)).validators, ['AlphaMSP', 'BetaMSP', 'GammaMSP']);
  assert.equal((await refusalOf(study.consent('delta'))).code, 'CONSENT_EXISTS');
  assert.deepEqual(
    (await study.budget('delta', 'training')).spent,
    before.spent,
    'what is spent stays spent',
  );
  for (const mspId of ['AlphaMSP', 'BetaMSP']) await study.vote(mspId, true);
  const { motion } = await study.evaluate(as('auditor', 'AlphaMSP'), 'motion:get', {
    studyId: STUDY,
    motion: 1,
  });
  assert.equal(motion.state, 'open', 'the vote of its first membership is none');
  const onGamma = await vote(study, 'AlphaMSP', 'GammaMSP');
  assert.deepEqual(onGamma.accepting, ['AlphaMSP']);

  await study.settle('delta');
  await study.submit(as('researcher', 'AlphaMSP'), 'study:propose', {
    ...studyArgument({ studyId: 'second', datasets: DATASETS, quorum: { updates: 3, validators: 3 } }),
  });
  const consent = await study.consent('delta', 'second');
  assert.deepEqual([consent.state, consent.membership], ['granted', 2]);
});

test('a vote of an earlier membership counts for nothing in a study that its owner joined again', async () => {
  const study = await StudyOnLedger.prepared();
  await study.submit(as('steward', 'DeltaMSP'), 'dataset:register', datasetArgument('delta-2'));
  const datasets = [...DATASETS, 'delta-2'].sort();
  await study.propose({ datasets, quorum: { updates: 3, validators: 3 } });
  for (const datasetId of DATASETS) await study.consent(datasetId);
  await study.submit(as('researcher', 'AlphaMSP'), 'study:start', { studyId: STUDY });
  await study.move('AlphaMSP', { kind: 'pause' });
  await study.vote('DeltaMSP', true);
  await leave(study, 'DeltaMSP');
  for (const mspId of ['AlphaMSP', 'BetaMSP']) await vote(study, mspId, 'DeltaMSP', { question: 'return' });
  await register(study, 'DeltaMSP', 'new');
  await study.consent('delta-2', STUDY, as('steward', 'DeltaMSP'));
  await study.vote('AlphaMSP', true);
  assert.equal((await study.vote('BetaMSP', true)).state, 'open');
  assert.equal((await study.vote('DeltaMSP', true)).state, 'carried', 'its new vote counts');
});

test('an approval of an earlier membership counts for nothing in a consent of the next', async () => {
  const study = await StudyOnLedger.prepared();
  const two = { ...datasetArgument('delta-2'), consentPolicy: { stewards: 2 } };
  await study.submit(as('steward', 'DeltaMSP'), 'dataset:register', two);
  await study.propose({ datasets: [...DATASETS, 'delta-2'].sort() });
  const approve = () =>
    study.submit({ ...as('steward', 'DeltaMSP'), person: 'ann' }, 'study:approveConsent', {
      studyId: STUDY,
      datasetId: 'delta-2',
    });
  await approve();
  await leave(study, 'DeltaMSP');
  for (const mspId of ['AlphaMSP', 'BetaMSP']) await vote(study, mspId, 'DeltaMSP', { question: 'return' });
  await register(study, 'DeltaMSP', 'new');
  const consent = () => study.consent('delta-2', STUDY, { ...as('steward', 'DeltaMSP'), person: 'bob' });
  assert.equal((await refusalOf(consent())).code, 'CONSENT_INCOMPLETE');
  assert.equal((await approve()).membership, 2);
  assert.deepEqual((await consent()).stewards, ['ann', 'bob']);
});

test('a motion lapses with the membership of its mover, and another takes its place', async () => {
  const study = await StudyOnLedger.running();
  await study.move('DeltaMSP', { kind: 'pause' });
  assert.equal((await refusalOf(study.move('AlphaMSP', { kind: 'pause' }))).code, 'MOTION_STATE');
  await leave(study, 'DeltaMSP');
  assert.equal((await refusalOf(study.vote('AlphaMSP', true))).code, 'MOTION_STATE');
  const { items } = await study.evaluate(as('auditor', 'AlphaMSP'), 'motion:list', { studyId: STUDY });
  assert.deepEqual(
    items.map(({ state }: Answer) => state),
    ['lapsed'],
  );
  assert.equal((await study.move('AlphaMSP', { kind: 'pause' })).motion, 2);
});

test('a key of an earlier membership is not the key of the next, though it was rotated', async () => {
  const ledger = await ledgerOf(FIVE);
  const rotated = provenKey('rotated', 'EpsilonMSP');
  await ledger.submit(operator('EpsilonMSP'), 'member:rotateKey', rotated);
  await leave(ledger, 'EpsilonMSP');
  for (const mspId of ['AlphaMSP', 'BetaMSP', 'GammaMSP']) {
    await vote(ledger, mspId, 'EpsilonMSP', { question: 'return' });
  }
  const { encryptionPublicKey } = await register(ledger, 'EpsilonMSP', 'third');
  const now = await member(ledger, 'EpsilonMSP');
  assert.deepEqual([now.encryptionPublicKey, now.keyNumber], [encryptionPublicKey, 3]);
});

test('the study of a requester that left goes to its model while enough remain, and anyone ends it when they do not', async () => {
  const study = await StudyOnLedger.proposed({ quorum: { updates: 3, validators: 3 }, rounds: 1 });
  for (const datasetId of DATASETS) await study.consent(datasetId);
  await study.submit(as('researcher', 'AlphaMSP'), 'study:start', { studyId: STUDY });
  await leave(study, 'AlphaMSP');
  const end = () =>
    study.submit(as('researcher', 'BetaMSP'), 'study:abort', { studyId: STUDY, reason: 'nobody leads it' });
  const refused = await refusalOf(end());
  assert.equal(refused.code, 'NOT_THE_REQUESTER');
  assert.match(refused.detail, /enough hospitals remain to finish it/);
  const opened = await study.open(1, 'BetaMSP');
  assert.deepEqual(opened.validators, ['BetaMSP', 'DeltaMSP', 'GammaMSP']);
  await leave(study, 'DeltaMSP');
  const aborted = await study.abortRound(1, 'BetaMSP');
  assert.equal(aborted.state, 'aborted', 'two are left of three: nothing is waited for');
  assert.equal((await end()).state, 'aborted');
});

test('a proposal whose requester left is retired by anyone at once', async () => {
  const study = await StudyOnLedger.proposed();
  const end = () =>
    study.submit(as('steward', 'BetaMSP'), 'study:retire', { studyId: STUDY, reason: 'nobody starts it' });
  assert.equal((await refusalOf(end())).code, 'NOT_THE_REQUESTER');
  await leave(study, 'AlphaMSP');
  assert.equal((await end()).state, 'aborted');
});

test('rows that name a member of their day are frozen once it is gone, unless they were laid again before', async () => {
  const ledger = await ledgerOf(FIVE, ['AlphaMSP', 'EpsilonMSP']);
  for (const datasetId of ['kept', 'frozen']) {
    await ledger.submit(as('steward', 'AlphaMSP'), 'dataset:register', datasetArgument(datasetId));
  }
  for (const mspId of ['BetaMSP', 'GammaMSP', 'DeltaMSP']) {
    await ledger.submit(operator(mspId), 'member:register', memberArgument(mspId));
  }
  assert.deepEqual(await old(ledger, 'dataset'), [{ datasetId: 'frozen' }, { datasetId: 'kept' }]);
  await vote(ledger, 'BetaMSP', 'EpsilonMSP');
  await vote(ledger, 'GammaMSP', 'EpsilonMSP');
  await vote(ledger, 'DeltaMSP', 'EpsilonMSP');
  assert.equal(
    (await renew(ledger, { datasetId: 'kept' })).laid,
    6,
    'the dataset, its revision, population, block and accounts',
  );
  assert.equal((await renew(ledger, { datasetId: 'kept' })).laid, 0, 'once is enough');

  const here = without('EpsilonMSP');
  await assert.rejects(renew(ledger, { datasetId: 'frozen' }, here), /ENDORSEMENT_POLICY_FAILURE/);
  for (const datasetId of ['kept', 'frozen']) {
    const quorum = { updates: 1, validators: 1 };
    const argument = studyArgument({ studyId: `on-${datasetId}`, datasets: [datasetId], quorum });
    await ledger.submit(as('researcher', 'AlphaMSP'), 'study:propose', argument, here);
  }
  const consent = async (datasetId: string) => {
    const asked = { studyId: `on-${datasetId}`, datasetId };
    const steward = as('steward', 'AlphaMSP');
    const { claimedEpsilon } = await ledger.evaluate(steward, 'privacy:quote', asked);
    return ledger.submit(steward, 'study:consent', { ...asked, claimedEpsilon }, here);
  };
  assert.equal((await consent('kept')).state, 'granted');
  await assert.rejects(consent('frozen'), /ENDORSEMENT_POLICY_FAILURE/);
});

test('two of five leave, rows are laid again by anyone, and three go on without their peers', async () => {
  const ledger = await ledgerOf(FIVE);
  for (const mspId of FIVE) {
    await ledger.submit(
      as('steward', mspId),
      'dataset:register',
      datasetArgument(`of-${mspId.toLowerCase()}`),
    );
  }
  const datasets = FIVE.map((mspId) => `of-${mspId.toLowerCase()}`);
  const quorum = { updates: 3, validators: 3 };
  await ledger.submit(
    as('researcher', 'AlphaMSP'),
    'study:propose',
    studyArgument({ studyId: STUDY, datasets, quorum }),
  );
  for (const [i, datasetId] of datasets.entries()) {
    const steward = as('steward', FIVE[i]!);
    const asked = { studyId: STUDY, datasetId };
    const { claimedEpsilon } = await ledger.evaluate(steward, 'privacy:quote', asked);
    await ledger.submit(steward, 'study:consent', { ...asked, claimedEpsilon });
  }
  await ledger.submit(as('researcher', 'AlphaMSP'), 'study:start', { studyId: STUDY });
  await ledger.submit(as('trainer', 'AlphaMSP'), 'round:open', { studyId: STUDY, round: 1 });
  await leave(ledger, 'EpsilonMSP');
  for (const mspId of ['AlphaMSP', 'BetaMSP', 'GammaMSP']) await vote(ledger, mspId, 'DeltaMSP');
  const here = without('DeltaMSP', 'EpsilonMSP');
  let laid = 0;
  for (const kind of ['dataset', 'consent', 'round'] as const) {
    for (const row of await old(ledger, kind)) {
      const ofThose = row.datasetId?.includes('delta') || row.datasetId?.includes('epsilon');
      if (!ofThose) laid += (await renew(ledger, row, here)).laid;
    }
  }
  assert.equal(laid, 3 * 6 + 3 + 1);
  assert.deepEqual(await old(ledger, 'round'), []);
  const withdrawing = { studyId: STUDY, datasetId: 'of-alphamsp', reason };
  await ledger.submit(as('steward', 'AlphaMSP'), 'study:withdraw', withdrawing, here);
  const aborting = { studyId: STUDY, round: 1, reason };
  await ledger.submit(as('trainer', 'BetaMSP'), 'round:abort', aborting, here);
});

test('a round of which fewer than N hospitals remain is given up by all of them with a majority, and by no fewer', async () => {
  const study = await StudyOnLedger.running({ quorum: { updates: 4, validators: 4 } });
  await study.open(1);
  await leave(study, 'DeltaMSP');
  const others = ['AlphaMSP', 'BetaMSP', 'GammaMSP'];
  const row = { studyId: STUDY, round: 1 };
  await assert.rejects(renew(study, row, others), /ENDORSEMENT_POLICY_FAILURE/, 'four of four laid it');
  await renew(study, row);
  const give = (peers: readonly string[]) =>
    study.submit(as('trainer', 'AlphaMSP'), 'round:abort', { ...row, reason }, peers);
  await assert.rejects(give(['AlphaMSP', 'BetaMSP', 'DeltaMSP']), /ENDORSEMENT_POLICY_FAILURE/);
  assert.equal((await give(others)).state, 'aborted');
});

test('renewing names one dataset, one consent or one round, and none that is not there', async () => {
  const study = await StudyOnLedger.running();
  await study.open(1);
  for (const row of [
    {},
    { studyId: STUDY },
    { round: 1 },
    { datasetId: 'alpha', round: 1 },
    { studyId: STUDY, datasetId: 'alpha', round: 1 },
  ]) {
    assert.equal((await refusalOf(renew(study, row))).code, 'INVALID_ARGUMENT', JSON.stringify(row));
  }
  assert.equal((await refusalOf(renew(study, { datasetId: 'none' }))).code, 'DATASET_NOT_FOUND');
  const noConsent = { studyId: STUDY, datasetId: 'none' };
  assert.equal((await refusalOf(renew(study, noConsent))).code, 'CONSENT_NOT_FOUND');
  assert.equal((await refusalOf(renew(study, { studyId: STUDY, round: 2 }))).code, 'ROUND_NOT_FOUND');
  assert.equal((await renew(study, { studyId: STUDY, round: 1 })).laid, 0, 'nobody came or went');
});

test('the votes on an organisation are listed with what they are on', async () => {
  const ledger = await ledgerOf(FIVE);
  await vote(ledger, 'AlphaMSP', 'EpsilonMSP');
  await vote(ledger, 'BetaMSP', 'EpsilonMSP', { accept: false });
  const { items } = await ledger.evaluate(as('auditor', 'GammaMSP'), 'member:listVotes', {
    mspId: 'EpsilonMSP',
  });
  assert.deepEqual(
    items.map(({ voter, accept, question, membership }: Answer) => [voter, accept, question, membership]),
    [
      ['AlphaMSP', true, 'removal', 1],
      ['BetaMSP', false, 'removal', 1],
    ],
  );
});

test('a member that goes on consenting and settling does not stand in the way of its removal', async () => {
  const study = await StudyOnLedger.running();
  await study.propose({ studyId: 'other' });
  for (const voter of ['AlphaMSP', 'BetaMSP']) await vote(study, voter, 'DeltaMSP');
  const removing = { mspId: 'DeltaMSP', question: 'removal', accept: true, reason } as const;
  const voting = await study.endorse(operator('GammaMSP'), 'member:vote', removing);
  await study.consent('delta', 'other');
  const withdrawn = { studyId: STUDY, datasetId: 'delta', reason };
  await study.submit(as('steward', 'DeltaMSP'), 'study:withdraw', withdrawn);
  await study.settle('delta');
  assert.equal(study.commit('member:vote', canonicalJson(removing), voting), 'VALID');
  assert.equal((await member(study, 'DeltaMSP')).left.by, 'the others');
});

test('a member that rotates its key does not stand in the way of votes on it, nor of studies of its datasets', async () => {
  const study = await StudyOnLedger.proposed();
  const rotate = (words: string) =>
    study.submit(operator('DeltaMSP'), 'member:rotateKey', provenKey(words, 'DeltaMSP'));
  const removing = { mspId: 'DeltaMSP', question: 'removal', accept: true, reason } as const;
  const voting = await study.endorse(operator('AlphaMSP'), 'member:vote', removing);
  await rotate('second');
  assert.equal(study.commit('member:vote', canonicalJson(removing), voting), 'VALID');
  const proposed = studyArgument({
    studyId: 'other',
    datasets: DATASETS,
    quorum: { updates: 3, validators: 3 },
  });
  const proposing = await study.endorse(as('researcher', 'BetaMSP'), 'study:propose', proposed);
  await rotate('third');
  assert.equal(study.commit('study:propose', canonicalJson(proposed), proposing), 'VALID');
});
