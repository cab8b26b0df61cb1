// What the screen of a study says of rounds, scores, verdicts and costs, from rows as the ledger has them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Consent, RoundDossier, Score, Verdict } from '@consilium/domain';
import { factorOf, planCost, planSentences } from './plan-in-words.ts';
import { progressOf } from './round-progress.ts';
import { barOf, roundRanges, scorePoints } from './score-points.ts';
import { chargedRounds, costOf } from './study-costs.ts';
import { matrixOf } from './verdict-matrix.ts';

const HOSPITALS = ['OsloMSP', 'BernMSP', 'LyonMSP'] as const;
const datasetOf = (mspId: string): string => mspId.replace('MSP', '').toLowerCase();
const SHA = 'a'.repeat(64);

type RoundChange = Partial<RoundDossier['round']>;

const dossier = (
  change: RoundChange = {},
  { updates = HOSPITALS as readonly string[], verdicts = [] as readonly Verdict[] } = {},
): RoundDossier => ({
  round: {
    schema: 2,
    studyId: 'heart',
    round: 1,
    state: 'training',
    base: null,
    participants: HOSPITALS.map((mspId) => ({ datasetId: datasetOf(mspId), mspId, weight: 1 })),
    validators: [...HOSPITALS],
    leader: 'OsloMSP',
    quorum: { updates: 2, validators: 2 },
    openedAt: '2026-03-01T10:00:00.000Z',
    stageSince: '2026-03-01T10:00:00.000Z',
    deadline: '2026-03-01T11:00:00.000Z',
    ...change,
  },
  updates: updates.map((mspId) => ({
    schema: 1,
    studyId: 'heart',
    round: 1,
    datasetId: datasetOf(mspId),
    owner: mspId,
    artefact: { cid: 'bafkrei', sha256: SHA, sizeBytes: 1 },
    plaintextSha256: SHA,
    privacyEvent: planned('training'),
    claimedEpsilon: '1',
    sealedToMemberKeys: [],
    recordedAt: '2026-03-01T10:10:00.000Z',
  })),
  verdicts: [...verdicts],
  attestations: [],
});

function planned(pool: 'training' | 'held-out') {
  return {
    mechanism: 'discrete-gaussian',
    noiseMultiplier: pool === 'training' ? '8.3' : '9',
    samplingRate: '1',
    steps: pool === 'training' ? 5 : 1,
    adjacency: 'add-or-remove-one',
    unit: 'patient',
    pool,
  } as const;
}

const verdict = (mspId: string, change: Partial<Verdict> = {}, score: Partial<Score> = {}): Verdict => ({
  schema: 2,
  studyId: 'heart',
  round: 1,
  candidateSha256: SHA,
  accepted: true,
  decisions: HOSPITALS.map((owner) => ({ datasetId: datasetOf(owner), decision: 'accept' })),
  scores: [
    {
      datasetId: datasetOf(mspId),
      right: '80',
      wrong: '20',
      privacyEvent: planned('held-out'),
      claimedEpsilon: '0.4',
      ...score,
    } as Score,
  ],
  mspId,
  recordedAt: '2026-03-01T10:20:00.000Z',
  ...change,
});

const STUDY = {
  training: {
    learningRate: '2',
    clipNormL2: '0.5',
    noiseMultiplier: '8.39',
    samplingRate: '1',
    stepsPerRound: 5,
  },
  validation: { metric: 'accuracy', noiseMultiplier: '9', minimum: '0.9' },
  unit: 'patient',
  rounds: 6,
} as const;

const AT = Date.parse('2026-03-01T10:30:00.000Z');
const LATE = Date.parse('2026-03-01T11:00:01.000Z');

test('while a round trains, who has recorded an update is done, and the others are at work until the deadline', () => {
  const round = dossier({}, { updates: ['OsloMSP'] });
  const progress = progressOf(round, { nowMs: AT, isPaused: false })!;
  assert.deepEqual(
    progress.parts.map(({ mspId, state }) => [mspId, state]),
    [
      ['OsloMSP', 'done'],
      ['BernMSP', 'at-work'],
      ['LyonMSP', 'at-work'],
    ],
  );
  assert.equal(progress.isOverdue, false);
  const late = progressOf(round, { nowMs: LATE, isPaused: false })!;
  assert.deepEqual([late.isOverdue, late.parts[1]!.state, late.parts[0]!.state], [true, 'late', 'done']);
});

test('nobody is late while a study is paused, and who withdrew is not waited for', () => {
  const round = dossier({ withdrawn: ['bern'] }, { updates: ['OsloMSP'] });
  const { parts, isOverdue } = progressOf(round, { nowMs: LATE, isPaused: true })!;
  assert.deepEqual(
    parts.map(({ state }) => state),
    ['done', 'withdrawn', 'at-work'],
  );
  assert.equal(isOverdue, false);
});

test('when all have judged, the leader is waited for; a round that has ended has no progress', () => {
  const verdicts = HOSPITALS.map((mspId) => verdict(mspId));
  const round = dossier({ state: 'validating', updates: ['oslo', 'bern', 'lyon'] }, { verdicts });
  assert.equal(progressOf(round, { nowMs: AT, isPaused: false })!.waitsForLeader, true);
  assert.equal(progressOf(dossier({ state: 'finalized' }), { nowMs: AT, isPaused: false }), undefined);
});

test('a score has the accuracy of its counts and a bar of the noise, wider for a hospital than for all', () => {
  const verdicts = HOSPITALS.map((mspId) => verdict(mspId));
  const points = scorePoints([dossier({ state: 'validating' }, { verdicts })], STUDY.validation);
  const [all, oslo] = points;
  assert.deepEqual([points.length, all!.mspId, oslo!.mspId], [4, undefined, 'OsloMSP']);
  assert.ok(Math.abs(oslo!.accuracy - 0.8) < 1e-12);
  // σ = 9 on each of two counts, n = 100: √(81·(0.2² + 0.8²))/100.
  assert.ok(Math.abs(oslo!.deviation! - (9 * Math.sqrt(0.04 + 0.64)) / 100) < 1e-12);
  assert.ok(Math.abs(all!.deviation! - oslo!.deviation! / Math.sqrt(3)) < 1e-12);
  const [low, high] = barOf(oslo!);
  assert.ok(low > 0.65 && high < 0.95);
});

test('counts that do not exceed their noise say nothing: no bar is drawn as if they did', () => {
  const round = dossier(
    { state: 'validating' },
    { verdicts: [verdict('OsloMSP', {}, { right: '4', wrong: '3' })] },
  );
  const [point] = scorePoints([round], STUDY.validation);
  assert.equal(point!.deviation, undefined);
  assert.deepEqual(barOf(point!), [0, 1]);
});

test('the matrix says who rejects what and why, who has not judged, and what the round made of it', () => {
  const rejects = verdict('BernMSP', {
    accepted: false,
    decisions: [
      { datasetId: 'oslo', decision: 'reject', reason: 'norm-exceeded' },
      { datasetId: 'bern', decision: 'accept' },
      { datasetId: 'lyon', decision: 'accept' },
    ],
  });
  const round = dossier(
    {
      state: 'aggregating',
      updates: ['oslo', 'bern', 'lyon'],
      included: ['bern'],
      excluded: [{ datasetId: 'oslo', rejectedBy: [{ mspId: 'BernMSP', reason: 'norm-exceeded' }] }],
      withdrawn: ['lyon'],
    },
    { verdicts: [verdict('OsloMSP'), rejects] },
  );
  const { columns, rows } = matrixOf(round, STUDY as never)!;
  assert.deepEqual(
    columns.map(({ state }) => state),
    ['excluded', 'included', 'withdrawn'],
  );
  assert.deepEqual(rows[1]!.judgements[0], { kind: 'reject', reason: 'norm-exceeded' });
  assert.equal(rows[1]!.grounds!.rule, 'accuracy-below-minimum');
  assert.deepEqual(rows[2]!.judgements[0], { kind: 'none' }, 'it withdrew');
  assert.equal(rows[0]!.grounds, undefined);
  assert.equal(matrixOf(dossier(), STUDY as never), undefined, 'there is no candidate');
});

test('what a dataset bears includes rounds that it took part in and that nothing records', () => {
  const consent = { datasetId: 'oslo', owner: 'OsloMSP' };
  const open = dossier({}, { updates: [] });
  assert.deepEqual(chargedRounds(consent, [open]), { training: 0, heldOut: 0 });
  const scored = dossier({ state: 'finalized', updates: ['oslo'] }, { verdicts: [verdict('OsloMSP')] });
  const unseen = dossier({ state: 'aborted', updates: ['bern'] }, { updates: ['BernMSP'] });
  assert.deepEqual(chargedRounds(consent, [scored, unseen, open]), { training: 2, heldOut: 2 });
  const silent = dossier(
    { state: 'finalized', updates: ['oslo'] },
    { verdicts: [verdict('OsloMSP', { scores: [] })] },
  );
  assert.deepEqual(chargedRounds(consent, [silent]), { training: 1, heldOut: 0 }, 'it drew no score');
  const withdrawnAt = '2026-03-01T10:15:00.000Z';
  assert.equal(chargedRounds({ ...consent, withdrawnAt }, [silent]).heldOut, 1, 'one may have been sent');
});

test('rounds are composed, not added; all of them cost what the consent claims', () => {
  const gaussianPerRound = { training: '72667483911571751', heldOut: '12358406530009094' };
  const renyi = { training: Array(28).fill('1'), heldOut: Array(28).fill('1') };
  const consent = {
    datasetId: 'oslo',
    owner: 'OsloMSP',
    claimedEpsilon: { training: '2.723712', heldOut: '1.017447' },
    costPerRound: renyi,
    gaussianPerRound,
    rounds: 6,
  } as unknown as Consent;
  const dataset = {
    privacyBudget: { epsilon: '4', delta: '0.00001', unit: 'patient' },
    accounting: { kind: 'gaussian' },
  } as const;
  const rounds = Array.from({ length: 6 }, () =>
    dossier({ state: 'finalized', updates: ['oslo'] }, { verdicts: [verdict('OsloMSP')] }),
  );
  const { perRound, spent, most } = costOf(consent, dataset, rounds);
  assert.deepEqual(perRound, { training: '1.006221', heldOut: '0.382313' });
  assert.deepEqual(spent, most);
});

test('the plan in words errs on the safe side: influence up, noise down, and what it costs as the ledger says', () => {
  const sentences = planSentences(STUDY);
  assert.deepEqual(sentences[0], { key: 'influence', clip: '0.5' });
  assert.deepEqual(sentences[1], { key: 'noise', times: '8.39', deviation: '4.19' });
  assert.equal(sentences[2]!.key, 'everyone');
  const sampled = planSentences({ ...STUDY, training: { ...STUDY.training, samplingRate: '0.0123456' } });
  assert.deepEqual(sampled[2], { key: 'sampled', percent: '1.24' });
  assert.deepEqual(sentences.at(-1), { key: 'scores', deviation: '9' });
  const plan = { ...STUDY, training: { ...STUDY.training, noiseMultiplier: '8.3' } };
  assert.deepEqual(planCost(plan, '0.00001'), {
    training: '2.723712',
    heldOut: '1.017447',
    delta: '0.00001',
  });
  assert.equal(factorOf('1'), '2.72');
  assert.equal(factorOf('0.5'), '1.65');
  assert.equal(factorOf('20'), undefined);
});

test('the last rounds are drawn first, and every round is in a range that stays the same when more come', () => {
  assert.deepEqual(roundRanges(1), [{ first: 1, last: 1 }]);
  assert.deepEqual(roundRanges(24), [{ first: 1, last: 24 }]);
  assert.deepEqual(roundRanges(25), [
    { first: 2, last: 25 },
    { first: 25, last: 25 },
    { first: 1, last: 24 },
  ]);
  const [newest, ...fixed] = roundRanges(1000);
  assert.deepEqual(newest, { first: 977, last: 1000 });
  const drawn = fixed.flatMap(({ first, last }) =>
    Array.from({ length: last - first + 1 }, (_, at) => first + at),
  );
  assert.deepEqual(
    drawn.toSorted((a, b) => a - b),
    Array.from({ length: 1000 }, (_, at) => at + 1),
  );
  assert.deepEqual(roundRanges(60)[2], roundRanges(70)[2]);
});
