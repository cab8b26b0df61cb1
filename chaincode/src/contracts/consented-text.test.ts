// A consent is to one text of a study. Its digest is in the consent, and nobody changes the text behind it: not its
// optimiser, its clipping, its aggregation, nor any field that a later version adds.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { Amendment, canonicalJson, ProposeStudy, planDigest, studyDigest } from '@consilium/domain';
import { datasetArgument, sha256, studyArgument } from '@consilium/domain/testing/examples';
import { refusalOf } from '../testing/memory-consortium.ts';
import { as, DATASETS, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';

const steward = as('steward', 'DeltaMSP');
const asked = { studyId: STUDY, datasetId: 'delta' };
const plan = studyArgument({ studyId: STUDY, datasets: DATASETS });
const training = {
  ...plan.training,
  optimizer: { kind: 'adam', momentum: '0.9', secondMomentum: '0.999' },
  schedule: { kind: 'cosine', warmUpSteps: 5, finalFraction: '0.1' },
  weightDecay: '0.01',
  clipping: { kind: 'per-layer', bounds: 'by-size', layers: [['fc1.*']] },
} as const satisfies ProposeStudy['training'];

/** Every value in a text, and what it is found under. */
function* leaves(value: unknown, path: readonly string[] = []): Generator<readonly string[]> {
  if (typeof value !== 'object' || value === null) yield path;
  else for (const [key, member] of Object.entries(value)) yield* leaves(member, [...path, key]);
}
function changedAt<T extends object>(value: T, path: readonly string[]): T {
  const changed = structuredClone(value);
  const last = path.at(-1)!;
  const holder = path
    .slice(0, -1)
    .reduce((at, key) => at[key] as typeof at, changed as Record<string, unknown>);
  holder[last] = typeof holder[last] === 'number' ? Number(holder[last]) + 1 : `${holder[last]}1`;
  return changed;
}

test('the quote names the text, and the consent keeps its digest, whatever becomes of the study', async () => {
  const study = await StudyOnLedger.proposed({ training });
  const proposed = JSON.parse(study.committed.at(-1)!.argument) as ProposeStudy;
  const { studySha256 } = await study.evaluate(steward, 'privacy:quote', asked);
  const weights = DATASETS.map((datasetId) => ({ datasetId, weight: 299 }));
  assert.equal(studySha256, sha256(canonicalJson({ ...proposed, weights })));
  for (const datasetId of DATASETS) {
    assert.equal((await study.consent(datasetId)).studySha256, studySha256);
  }
  await study.submit(as('researcher', 'AlphaMSP'), 'study:start', { studyId: STUDY });
  await study.wholeRound(1);
  const row = await study.evaluate(steward, 'study:get', { studyId: STUDY });
  assert.equal(studyDigest(row, sha256), studySha256);
});

test('every value of the text is in the digest', () => {
  const text = { ...plan, training, weights: [{ datasetId: 'alpha', weight: 299 }] };
  const digest = studyDigest(text, sha256);
  const paths = [...leaves(text)];
  for (const field of Object.keys(plan)) assert.ok(Object.hasOwn(ProposeStudy.properties, field));
  assert.ok(paths.some((path) => path.join('.') === 'training.clipping.layers.0.0'));
  for (const path of paths)
    assert.notEqual(studyDigest(changedAt(text, path), sha256), digest, path.join('.'));
  for (const field of Object.keys(ProposeStudy.properties)) {
    const other = { ...text, [field]: 'something else' } as unknown as ProposeStudy;
    assert.notEqual(studyDigest(other, sha256), digest, field);
  }
  assert.equal(studyDigest({ ...text, state: 'running', version: 2 } as ProposeStudy, sha256), digest);
});

/** A running study that waits for one dataset's two stewards, amended while they read. */
async function amendedMeanwhile() {
  const study = await StudyOnLedger.prepared();
  await study.submit(steward, 'dataset:register', {
    ...datasetArgument('guarded'),
    consentPolicy: { stewards: 2 },
  });
  const datasets = ['alpha', 'beta', 'guarded'];
  await study.propose({ datasets, quorum: { updates: 2, validators: 2 } });
  for (const datasetId of ['alpha', 'beta']) await study.consent(datasetId);
  await study.submit(as('researcher', 'AlphaMSP'), 'study:start', { studyId: STUDY });
  const guarded = { studyId: STUDY, datasetId: 'guarded' };
  const read = await study.evaluate(steward, 'privacy:quote', guarded);
  await study.move('AlphaMSP', { kind: 'amend', amendment: { validationMinimum: '0' } });
  for (const mspId of ['AlphaMSP', 'BetaMSP']) await study.vote(mspId, true);
  return { study, guarded, read };
}

test('whoever read a text that was amended meanwhile neither approves nor consents to the new one', async () => {
  const { study, guarded, read } = await amendedMeanwhile();
  const [ann, ben] = ['ann', 'ben'].map((person) => ({ ...steward, person }));
  const { studySha256, claimedEpsilon } = read;
  study.baseline();
  const approval = study.submit(ann!, 'study:approveConsent', { ...guarded, studySha256 });
  assert.equal((await refusalOf(approval)).code, 'STUDY_CHANGED');
  const consent = study.submit(ben!, 'study:consent', { ...guarded, studySha256, claimedEpsilon });
  const refusal = await refusalOf(consent);
  assert.equal(refusal.code, 'STUDY_CHANGED');
  assert.equal(study.snapshot(), study.remembered);
  const again = (await study.evaluate(steward, 'privacy:quote', guarded)).studySha256;
  assert.ok(refusal.detail.endsWith(again), 'the refusal names the text that there is');
  await study.submit(ann!, 'study:approveConsent', { ...guarded, studySha256: again });
  const given = await study.submit(ben!, 'study:consent', { ...guarded, studySha256: again, claimedEpsilon });
  assert.deepEqual([given.studyVersion, given.studySha256], [2, again]);
});

test('the plan is the text but for what amendments may change', async () => {
  const text = { ...plan, training, weights: [{ datasetId: 'alpha', weight: 299 }] };
  const digest = planDigest(text, sha256);
  const may = /^(rounds|roundDeadlineSeconds|quorum|datasets|weights|validation\.minimum)(\.|$)/;
  for (const path of leaves(text)) {
    const changed = planDigest(changedAt(text, path), sha256);
    assert.equal(changed === digest, may.test(path.join('.')), path.join('.'));
  }
  const { study, guarded, read } = await amendedMeanwhile();
  const { planSha256 } = await study.evaluate(steward, 'study:getConsent', {
    studyId: STUDY,
    datasetId: 'alpha',
  });
  const row = await study.evaluate(steward, 'study:get', { studyId: STUDY });
  assert.equal(planDigest(row, sha256), planSha256, 'it outlives an amendment');
  assert.notEqual(studyDigest(row, sha256), read.studySha256);
  assert.equal(guarded.studyId, STUDY);
});

test('an amendment changes what amendments may, and no other field of the text', async () => {
  const study = await StudyOnLedger.running({ training });
  const may = ['addDatasets', 'quorum', 'roundDeadlineSeconds', 'rounds', 'validationMinimum'];
  assert.deepEqual(Object.keys(Amendment.properties).sort(), may);
  study.baseline();
  const others = Object.keys(ProposeStudy.properties).filter((field) => !may.includes(field));
  for (const field of others) {
    const amendment = { [field]: plan[field as keyof ProposeStudy] ?? 0 };
    const refusal = await refusalOf(
      study.move('AlphaMSP', { kind: 'amend', amendment: amendment as object }),
    );
    assert.equal(refusal.code, 'INVALID_ARGUMENT', field);
    assert.match(refusal.detail, new RegExp(`amendment\\.${field} is not a known field`));
  }
  assert.equal(study.snapshot(), study.remembered);
});
