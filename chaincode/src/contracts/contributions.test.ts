// What hospitals added to a round, from scores that are on the ledger anyway.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { Contribution } from '../domain/index.ts';
import { scoreEvent } from '../testing/examples.ts';
import { refusalOf } from '../testing/memory-consortium.ts';
import { as, DATASETS, MEMBERS, ownerOf, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';

const auditor = as('auditor', 'DeltaMSP');
/** Correct of 100, per hospital. */
type Scores = Readonly<Record<string, number>>;

async function scoredRound(study: StudyOnLedger, round: number, scores: Scores, total = 100): Promise<void> {
  await study.trained(round);
  for (const mspId of MEMBERS) {
    const own = DATASETS.filter((datasetId) => ownerOf(datasetId) === mspId);
    await study.verdict(mspId, round, {
      scores: own.map((datasetId) => ({
        datasetId,
        correct: String(scores[datasetId]),
        total: String(total),
        privacyEvent: scoreEvent(),
        claimedEpsilon: '2',
      })),
    });
  }
  await study.tally(round);
  for (const mspId of MEMBERS) await study.attest(mspId, round);
  await study.finalize(round);
}
const contributions = (study: StudyOnLedger, round: number) =>
  study.evaluate(auditor, 'round:getContributions', { studyId: STUDY, round });

test('a gain is measured by the others: what a hospital says of itself moves its own part by nothing', async () => {
  const study = await StudyOnLedger.running();
  await scoredRound(study, 1, { alpha: 60, beta: 60, gamma: 60, delta: 60 });
  await scoredRound(study, 2, { alpha: 100, beta: 66, gamma: 69, delta: 63 });
  const { baseline, hospitals } = await contributions(study, 2);
  assert.equal(baseline, 1);
  const of = (mspId: string): Contribution =>
    hospitals.find((candidate: Contribution) => candidate.mspId === mspId);
  assert.equal(of('AlphaMSP').gain, '0.06', 'its own 100 of 100 is left out');
  assert.equal(of('AlphaMSP').share, '0.25');
  assert.equal(of('AlphaMSP').contribution, '0.015');
  assert.equal(of('BetaMSP').gain, '0.173333', 'and lifts the others');
  // σ 10 on both counts, three scores of 100 in each round: sqrt(σ²·3·(1+p²)/300² + the same at p').
  const expected = Math.sqrt((300 * (1 + 0.6 ** 2)) / 300 ** 2 + (300 * (1 + 0.66 ** 2)) / 300 ** 2);
  assert.ok(Math.abs(Number(of('AlphaMSP').standardError) - expected) < 1e-6);
  assert.equal(of('AlphaMSP').distinguishable, false, '6 points do not stand out of 10 points of noise');
});

test('a gain that stands out of the noise is said to', async () => {
  const study = await StudyOnLedger.running();
  await scoredRound(study, 1, { alpha: 500, beta: 500, gamma: 500, delta: 500 }, 1000);
  await scoredRound(study, 2, { alpha: 900, beta: 900, gamma: 900, delta: 900 }, 1000);
  const { hospitals } = await contributions(study, 2);
  assert.ok(hospitals.every(({ distinguishable }: Contribution) => distinguishable));
});

test('the first round has nothing to be compared with, and says so', async () => {
  const study = await StudyOnLedger.running();
  await scoredRound(study, 1, { alpha: 60, beta: 60, gamma: 60, delta: 60 });
  const { baseline, hospitals } = await contributions(study, 1);
  assert.equal(baseline, null);
  assert.ok(
    hospitals.every(({ gain, contribution }: Contribution) => gain === null && contribution === null),
  );
});

test('the baseline is the round that the model came from, not one that was given up', async () => {
  const study = await StudyOnLedger.running({ rounds: 3 });
  await scoredRound(study, 1, { alpha: 60, beta: 60, gamma: 60, delta: 60 });
  await study.open(2);
  study.now += 3_600_000;
  await study.abortRound(2);
  await scoredRound(study, 3, { alpha: 60, beta: 60, gamma: 60, delta: 60 });
  const { baseline, hospitals } = await contributions(study, 3);
  assert.equal(baseline, 1);
  assert.ok(hospitals.every(({ gain }: Contribution) => gain === '0'));
});

test('noise that leaves no positive total leaves no gain', async () => {
  const study = await StudyOnLedger.running();
  await scoredRound(study, 1, { alpha: -3, beta: -3, gamma: -3, delta: -3 }, -2);
  await scoredRound(study, 2, { alpha: 60, beta: 60, gamma: 60, delta: 60 });
  const { hospitals } = await contributions(study, 2);
  assert.ok(hospitals.every(({ gain }: Contribution) => gain === null));
});

test('a round that has not been finalised has no contributions', async () => {
  const study = await StudyOnLedger.running();
  await study.tallied(1);
  assert.equal((await refusalOf(contributions(study, 1))).code, 'ROUND_CLOSED');
});
