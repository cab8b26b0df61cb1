// What hospitals added to a round, from scores that are on the ledger anyway.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  type Contribution,
  type CountForm,
  contributionsOf,
  type RoundDossier,
  type Study,
  scoreSigma,
} from '@consilium/domain';
import { scoreEvent, studyArgument } from '@consilium/domain/testing/examples';
import { refusalOf } from '../testing/memory-consortium.ts';
import { as, DATASETS, MEMBERS, ownerOf, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';

const auditor = as('auditor', 'DeltaMSP');
/** Rightly judged of 100, per hospital. */
type Scores = Readonly<Record<string, number>>;

/** Normal numbers, the same in every run. */
function normals(seed: string): () => number {
  let state = [...seed].reduce((sum, letter) => (Math.imul(sum, 31) + letter.charCodeAt(0)) >>> 0, 7);
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

async function scoredRound(
  study: StudyOnLedger,
  round: number,
  scores: Scores,
  ...[total = 100, form = 'right-wrong']: [total?: number, form?: CountForm]
): Promise<void> {
  await study.trained(round);
  for (const mspId of MEMBERS) {
    const own = DATASETS.filter((datasetId) => ownerOf(datasetId) === mspId);
    await study.verdict(mspId, round, {
      scores: own.map((datasetId) => ({
        datasetId,
        ...(form === 'right-wrong'
          ? { right: String(scores[datasetId]), wrong: String(total - scores[datasetId]!) }
          : { correct: String(scores[datasetId]), total: String(total) }),
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
  // σ 10 on both counts, three scores of 100 in each round: σ²·3·(p² + (1-p)²)/300², at p and at p'.
  const variance = (p: number) => (3 * 100 * (p ** 2 + (1 - p) ** 2)) / 300 ** 2;
  assert.ok(
    Math.abs(Number(of('AlphaMSP').standardError) - Math.sqrt(variance(0.6) + variance(0.66))) < 1e-6,
  );
  assert.equal(of('AlphaMSP').distinguishable, false, '6 points do not stand out of 6 points of noise');
});

test('scores of right and all carry more noise than the multiplier says, and are read so', async () => {
  const study = await StudyOnLedger.running();
  await scoredRound(study, 1, { alpha: 60, beta: 60, gamma: 60, delta: 60 }, 100, 'right-all');
  await scoredRound(study, 2, { alpha: 60, beta: 60, gamma: 60, delta: 60 });
  const { hospitals } = await contributions(study, 2);
  // σ = ⌈√(2·10² + 1/12)⌉ = 15 in the first round, of right and all; 10 in the second.
  const before = (3 * 225 * (1 + 0.6 ** 2)) / 300 ** 2;
  const now = (3 * 100 * (0.6 ** 2 + 0.4 ** 2)) / 300 ** 2;
  assert.ok(Math.abs(Number(hospitals[0].standardError) - Math.sqrt(before + now)) < 1e-6);
});

test('where nothing changed, noise is taken for a gain about once in twenty rounds, and not more often', () => {
  const study = studyArgument({ studyId: 'heart', datasets: [...DATASETS] });
  const [rounds, hospitals] = [2000, 3];
  for (const form of ['right-wrong', 'right-all'] as const) {
    const random = normals(`nothing changed, ${form}`);
    const sigma = scoreSigma(study.validation.noiseMultiplier, form);
    const dossierOf = (round: number, noise: number): RoundDossier => {
      const counts = () => {
        const [right, other] = [160, form === 'right-wrong' ? 40 : 200].map((count) =>
          String(Math.round(count + noise * random())),
        );
        return form === 'right-wrong' ? { right: right!, wrong: other! } : { correct: right!, total: other! };
      };
      const names = DATASETS.slice(0, hospitals + 1);
      return {
        round: {
          studyId: 'heart',
          round,
          validators: names.map(ownerOf),
          participants: names.map((datasetId) => ({ datasetId, mspId: ownerOf(datasetId), weight: 1 })),
          included: [...names],
        },
        verdicts: names.map((datasetId) => ({
          mspId: ownerOf(datasetId),
          scores: [{ datasetId, ...counts(), privacyEvent: scoreEvent(), claimedEpsilon: '2' }],
        })),
      } as unknown as RoundDossier;
    };
    const told = (noise: number) => {
      let distinguishable = 0;
      for (let i = 0; i < rounds; i++) {
        const found = contributionsOf(dossierOf(2, noise), {
          baseline: dossierOf(1, noise),
          study: study as unknown as Study,
        });
        if (found.hospitals[0]!.distinguishable) distinguishable += 1;
      }
      return distinguishable / rounds;
    };
    const share = told(sigma);
    assert.ok(share > 0.03 && share < 0.065, `${form}: ${share}`);
    // Noise of half as much again than is read, as it was for scores of right and all, is found out.
    assert.ok(told(sigma * 1.5) > 0.12, form);
  }
});

test('a gain that is clearly larger than the noise is reported as one', async () => {
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
