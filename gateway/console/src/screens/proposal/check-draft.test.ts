// What is wrong with a study before it is sent, and where it is said.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Dataset, ROW_SCHEMA } from '@consilium/domain';
import { datasetArgument, studyArgument } from '@consilium/domain/testing/examples';
import { checkStudy, placeOf, refusedBy } from './check-draft.ts';
import { EMPTY_DRAFT, hiddenOf, idOfTitle, majorityQuorum, studyOf } from './draft.ts';

const AT = '2026-03-01T08:00:00.000Z';
const dataset = (datasetId: string, owner: string, change: Partial<Dataset> = {}): Dataset => ({
  schema: ROW_SCHEMA.dataset,
  ...(datasetArgument(datasetId) as Omit<Dataset, 'schema' | 'owner' | 'registeredAt'>),
  owner,
  registeredAt: AT,
  ...change,
});
const OSLO = dataset('oslo', 'OsloMSP');
const BERGEN = dataset('bergen', 'BergenMSP');
const context = { requester: 'OsloMSP', at: AT, wanted: [OSLO, BERGEN] };
const study = studyArgument({
  studyId: 'heart',
  datasets: ['oslo', 'bergen'],
  purpose: 'DUO:0000006',
  quorum: { updates: 2, validators: 2 },
});
const placesOf = (value: unknown, given = context) =>
  checkStudy(value, given).problems.map(({ field }) => placeOf(field));

test('a sound study has no problem, and is the row that the ledger would have', () => {
  const { row, problems } = checkStudy(study, context);
  assert.deepEqual(problems, []);
  assert.equal(row?.state, 'proposed');
  assert.equal(row?.weights?.length, 2);
});

test('an empty form says what is missing, each at its field', () => {
  const empty = studyOf(EMPTY_DRAFT, { model: undefined, unit: 'patient' });
  const places = placesOf(empty, { ...context, wanted: [] });
  for (const place of ['studyId', 'title', 'question', 'purpose', 'datasets', 'model'] as const) {
    assert.ok(places.includes(place), place);
  }
});

test('what the rules refuse is said at the field that it is about', () => {
  const { training, quorum } = study;
  const wrong: readonly (readonly [place: string, change: object, given?: typeof context])[] = [
    ['training.noiseMultiplier', { training: { ...training, noiseMultiplier: '-1' } }],
    ['training.samplingRate', { training: { ...training, samplingRate: '1.5' } }],
    ['training.stepsPerRound', { training: { ...training, stepsPerRound: 'five' } }],
    ['form', { training: { ...training, optimizer: { kind: 'sgd', momentum: '3' } } }],
    ['quorum.validators', { quorum: { ...quorum, validators: 1 } }],
    ['quorum.updates', { aggregation: { rule: 'median', maxUpdateNormL2: '10' } }],
    ['datasets', { datasets: ['oslo', 'oslo'] }, { ...context, wanted: [OSLO, OSLO] }],
    ['purpose', { purpose: 'DUO:0000011' }],
    [
      'datasets',
      {},
      { ...context, wanted: [OSLO, { ...BERGEN, terms: { ...BERGEN.terms, expiresAt: AT } }] },
    ],
    ['datasets', { model: { ...study.model, inputs: 3 } }],
  ];
  for (const [place, change, given] of wrong) {
    assert.ok(
      placesOf({ ...study, ...change }, given).includes(place as never),
      `${place} ${JSON.stringify(change)}`,
    );
  }
});

test('a refusal of the gateway is said at its fields, else at the field that its code is about', () => {
  const [one] = refusedBy({ code: 'STUDY_EXISTS', detail: 'heart is taken: choose another id' });
  assert.equal(placeOf(one!.field), 'studyId');
  const problems = [{ field: 'training.optimizer.momentum', text: 'must be below 1' }];
  assert.deepEqual(refusedBy({ code: 'INVALID_ARGUMENT', detail: 'x', problems }), problems);
  assert.equal(placeOf(refusedBy({ code: 'TOO_MANY_STUDIES', detail: 'x' })[0]!.field), 'form');
  assert.deepEqual(['datasets.3', 'model.graph.cid', 'rounds', 'the study', '', 'quorum'].map(placeOf), [
    'datasets',
    'model',
    'rounds',
    'form',
    'form',
    'form',
  ]);
});

test('an id follows from a title, a quorum from the datasets, widths from what is typed', () => {
  assert.equal(idOfTitle('Früher Infarkt, 2026!'), 'fruher-infarkt-2026');
  assert.equal(idOfTitle('<script>'), 'script');
  assert.equal(idOfTitle('…'), '');
  assert.ok(/^[a-z0-9][a-z0-9-]{0,62}$/.test(idOfTitle(`${'very '.repeat(30)}long`)));
  const owners = ['a', 'b', 'c', 'c'].map((owner) => ({ owner }));
  assert.deepEqual(majorityQuorum(owners, 1), { updates: 3, validators: 2 });
  assert.deepEqual(majorityQuorum(owners, 5), { updates: 4, validators: 2 });
  assert.deepEqual(majorityQuorum([], 1), { updates: 1, validators: 1 });
  assert.deepEqual(hiddenOf('32, 16'), [32, 16]);
  for (const text of ['', '0', '16, x', '4097', '1 2 3 4 5 6 7 8 9', '1.5'])
    assert.equal(hiddenOf(text), undefined);
});
