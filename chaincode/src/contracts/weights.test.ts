// What each dataset weighs: bands are their owners' word, so a study says how far weights may be apart, and the text
// that is consented to says what they are.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { bandWeight, lineageProblems, type Study, weightIn, weightsOf } from '@consilium/domain';
import { datasetArgument, sha256 } from '@consilium/domain/testing/examples';
import { refusalOf } from '../testing/memory-consortium.ts';
import { as, DATASETS, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';

const BOAST = { low: 800_000, high: 999_999 };
const auditor = as('auditor', 'BetaMSP');

/** A study over three honest datasets of 250 to 349 patients and one of Delta's whose band says what Delta likes. */
async function withBoast(change: { weightRatioMax?: number } = {}): Promise<StudyOnLedger> {
  const study = await StudyOnLedger.prepared();
  const boast = { ...datasetArgument('boast'), recordCountBand: BOAST };
  await study.submit(as('steward', 'DeltaMSP'), 'dataset:register', boast);
  await study.propose({ datasets: ['alpha', 'beta', 'boast', 'gamma'], ...change });
  return study;
}

const weightsIn = ({ weights }: { readonly weights: readonly { datasetId: string; weight: number }[] }) =>
  Object.fromEntries(weights.map(({ datasetId, weight }) => [datasetId, weight]));

test('a band that says a thousand times as many patients weighs ten times as much', async () => {
  const study = await withBoast();
  assert.ok(bandWeight(BOAST) > 2000 * 299, 'by the band alone');
  const row = await study.evaluate(auditor, 'study:get', { studyId: STUDY });
  assert.deepEqual(weightsIn(row), { alpha: 299, beta: 299, boast: 2990, gamma: 299 });
  for (const datasetId of ['alpha', 'beta', 'gamma']) await study.consent(datasetId);
  await study.submit(as('steward', 'DeltaMSP'), 'study:consent', {
    studyId: STUDY,
    datasetId: 'boast',
    claimedEpsilon: { training: '9', heldOut: '9' },
  });
  await study.submit(as('researcher', 'AlphaMSP'), 'study:start', { studyId: STUDY });
  const { participants } = await study.open(1);
  assert.deepEqual(weightsIn({ weights: participants }), { alpha: 299, beta: 299, boast: 2990, gamma: 299 });
});

test('a study says another limit, and weights are the same whoever takes part', async () => {
  const study = await withBoast({ weightRatioMax: 1 });
  const asked = { studyId: STUDY, datasetId: 'alpha' };
  const { weights } = await study.evaluate(as('steward', 'AlphaMSP'), 'privacy:quote', asked);
  assert.deepEqual(weightsIn({ weights }), { alpha: 299, beta: 299, boast: 299, gamma: 299 });
  for (const datasetId of ['alpha', 'beta', 'gamma']) await study.consent(datasetId);
  await study.submit(as('researcher', 'AlphaMSP'), 'study:start', { studyId: STUDY });
  const { participants } = await study.open(1);
  assert.ok(participants.every(({ weight }: { weight: number }) => weight === 299));
  const far = await (await StudyOnLedger.prepared()).propose({ weightRatioMax: 100_000 });
  assert.ok(far.weights.every(({ weight }: { weight: number }) => weight === 299));
  for (const weightRatioMax of [0, 100_001, 1.5]) {
    assert.equal((await refusalOf(withBoast({ weightRatioMax }))).code, 'INVALID_ARGUMENT');
  }
});

test('what a consent is to says every weight: other weights are another text', async () => {
  const [one, other] = [await withBoast(), await withBoast({ weightRatioMax: 20 })];
  const asked = { studyId: STUDY, datasetId: 'alpha' };
  const quotes = await Promise.all(
    [one, other].map((study) => study.evaluate(as('steward', 'AlphaMSP'), 'privacy:quote', asked)),
  );
  assert.notEqual(quotes[0].studySha256, quotes[1].studySha256);
  const forged = other.submit(as('steward', 'AlphaMSP'), 'study:consent', {
    ...asked,
    claimedEpsilon: quotes[1].claimedEpsilon,
    studySha256: quotes[0].studySha256,
  });
  assert.equal((await refusalOf(forged)).code, 'STUDY_CHANGED');
});

test('an amendment that adds a smaller dataset lowers the limit by vote, and rounds before keep theirs', async () => {
  const study = await withBoast();
  for (const datasetId of ['alpha', 'beta', 'gamma']) await study.consent(datasetId);
  await study.submit(as('researcher', 'AlphaMSP'), 'study:start', { studyId: STUDY });
  const small = { ...datasetArgument('small'), recordCountBand: { low: 10, high: 49 } };
  await study.submit(as('steward', 'DeltaMSP'), 'dataset:register', small);
  await study.move('AlphaMSP', { kind: 'amend', amendment: { addDatasets: ['small'] } });
  for (const mspId of ['AlphaMSP', 'BetaMSP', 'GammaMSP']) await study.vote(mspId, true);
  const row = await study.evaluate(auditor, 'study:get', { studyId: STUDY });
  assert.deepEqual(weightsIn(row), { alpha: 290, beta: 290, boast: 290, gamma: 290, small: 29 });
});

test('weights are whole, within the limit, and no more than the band’s', () => {
  const wanted = [
    { datasetId: 'a', recordCountBand: { low: 10, high: 49 } },
    { datasetId: 'b', recordCountBand: { low: 150, high: 199 } },
    { datasetId: 'c', recordCountBand: BOAST },
  ] as unknown as Parameters<typeof weightsOf>[0];
  for (const ratio of [1, 2, 10, 100_000]) {
    const weights = weightsOf(wanted, ratio).map(({ weight }) => weight);
    assert.ok(weights.every(Number.isSafeInteger));
    assert.ok(Math.max(...weights) <= ratio * Math.min(...weights));
    wanted.forEach(({ recordCountBand }, i) => {
      assert.ok(weights[i]! <= bandWeight(recordCountBand));
    });
  }
});

test('a study from before weighs by bands alone, to its end', () => {
  const dataset = { datasetId: 'boast', recordCountBand: BOAST };
  assert.equal(weightIn({}, dataset), bandWeight(BOAST));
  assert.equal(weightIn({ weights: [{ datasetId: 'boast', weight: 5 }] }, dataset), 5);
});

test('a lineage whose weights do not follow from bands and limit is noticed', async () => {
  const study = await StudyOnLedger.running();
  for (const round of [1, 2]) await study.wholeRound(round);
  await study.submit(as('researcher', 'AlphaMSP'), 'model:publish', { studyId: STUDY });
  const lineage = await study.evaluate(auditor, 'model:getLineage', { studyId: STUDY });
  assert.deepEqual(lineageProblems(lineage, { sha256 }), []);
  const forged: { study: Study } & typeof lineage = structuredClone(lineage);
  forged.study.weights![0]!.weight = 2990;
  const problems = lineageProblems(forged, { sha256 }).join('\n');
  assert.match(problems, /weights do not follow/);
  assert.match(problems, /the weight of alpha is not that of its band/);
  assert.equal(DATASETS[0], 'alpha');
});
