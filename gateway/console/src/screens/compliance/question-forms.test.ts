import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { ROUTES } from '@consilium/client/browser';
import { alarmOf, cellKind, columnsOf, isNumeric, readMeaning, sentenceParts } from './answer-cells.ts';
import { addressOf, canBeAsked, fileName, filePath, readAddress, requestOf } from './question-address.ts';
import { QUESTION_NAMES, QUESTIONS, questionNamed } from './question-forms.ts';

const uses = questionNamed('uses-of-dataset')!;
const refusals = questionNamed('refusals-of-hospital')!;
const budgets = questionNamed('budgets')!;

test('every question of the gateway has a form, and each place of its path a field', () => {
  assert.deepEqual(
    QUESTIONS.map(({ name }) => name),
    [...QUESTION_NAMES],
  );
  const asked = Object.keys(ROUTES).filter((name) => /^ask[A-Z]/.test(name));
  assert.deepEqual(QUESTIONS.map(({ operation }) => operation).sort(), asked.sort());
  for (const { operation, fields } of QUESTIONS) {
    const places = [...ROUTES[operation].path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const needed = fields.filter(({ isRequired }) => isRequired).map(({ name }) => name);
    assert.deepEqual(needed, places, operation);
  }
});

test('an address asks what it asked, whoever opens it', () => {
  const question = { asked: { mspId: 'ClevelandMSP', from: '2026-01-01' }, bookmark: 'WyJhIl0' } as const;
  const address = addressOf(refusals, question);
  assert.equal(
    address,
    '/questions/refusals-of-hospital?mspId=ClevelandMSP&from=2026-01-01&bookmark=WyJhIl0',
  );
  assert.deepEqual(readAddress(refusals, address.slice(address.indexOf('?'))), question);
  assert.equal(addressOf(budgets, { asked: {} }), '/questions/budgets');
});

test('what is in an address beside the fields of its question goes nowhere', () => {
  const read = readAddress(uses, '?datasetId=%20a%20&key=secret&mspId=X&bookmark=&from=2026-01-01');
  assert.deepEqual(read, { asked: { datasetId: 'a' } });
  assert.deepEqual(readAddress(uses, `?datasetId=${'a'.repeat(301)}`), { asked: {} });
});

test('a question without what its path needs is not asked', () => {
  assert.equal(canBeAsked(uses, {}), false);
  assert.equal(canBeAsked(uses, { datasetId: 'a' }), true);
  assert.equal(canBeAsked(budgets, {}), true);
});

test('what fills the path and what is a filter are sent apart', () => {
  assert.deepEqual(requestOf(refusals, { asked: { mspId: 'A', to: '2026-02-01' }, bookmark: 'b' }), {
    path: { mspId: 'A' },
    query: { to: '2026-02-01', bookmark: 'b' },
  });
});

test('a file is of the same question, and its name says of which', () => {
  const question = { asked: { datasetId: 'a/../b' } };
  const csv = { format: 'csv', table: 'uses' } as const;
  assert.equal(filePath(uses, question, csv), '/v1/questions/datasets/a%2F..%2Fb/uses?format=csv&table=uses');
  assert.equal(fileName(uses, question, csv), 'uses-of-dataset_a-..-b_uses.csv');
  assert.equal(fileName(budgets, { asked: {} }, { format: 'ndjson' }), 'budgets.ndjson');
});

test('a column is shown as what it is', () => {
  assert.equal(cellKind('uses', 'trainingEpsilon'), 'epsilon');
  assert.equal(cellKind('accounts', 'leftEpsilon'), 'epsilon-left');
  assert.equal(cellKind('accounts', 'block'), 'text');
  assert.equal(cellKind('acts', 'block'), 'block');
  assert.equal(cellKind('uses', 'grantedAt'), 'time');
  assert.equal(cellKind('rounds', 'aggregateSha256'), 'digest');
  assert.equal(cellKind('uses', 'constructor'), 'text');
  assert.equal(isNumeric('rounds', 'round', [{ round: 1 }, { round: null }]), true);
  assert.equal(isNumeric('uses', 'studyTitle', [{ studyTitle: '1' }]), false);
  assert.equal(isNumeric('rounds', 'round', []), false);
});

test('what is withdrawn, overdue or without effect is not overlooked, and the gravest is said', () => {
  assert.equal(alarmOf({ consent: 'granted', withdrawnAt: null }), undefined);
  assert.equal(alarmOf({ consent: 'withdrawn' }), 'withdrawn');
  assert.equal(alarmOf({ consent: 'settled', withdrawnAt: '2026-03-03T09:00:00.000Z' }), 'withdrawn');
  assert.equal(alarmOf({ withdrawnAt: '2026-03-03T09:00:00.000Z', isOverdue: true }), 'overdue');
  assert.equal(alarmOf({ state: 'overdue' }), 'overdue');
  assert.equal(alarmOf({ tookEffect: false }), 'no-effect');
});

test('a heading and its meaning are read from one text, and columns that no row has are left out', () => {
  assert.deepEqual(readMeaning('Model: none: the study has published none.', 'model'), {
    title: 'Model',
    means: 'none: the study has published none.',
  });
  assert.deepEqual(readMeaning(undefined, 'x'), { title: 'x', means: '' });
  const meanings = { a: 'A: a', rdp: 'R: r', sentence: 'In words: s' };
  assert.deepEqual(columnsOf(meanings, [{ a: '1' }]), ['a']);
  assert.deepEqual(columnsOf(meanings, []), ['a', 'rdp']);
});

test('what members wrote is kept apart in a sentence, and a number stays beside its letter', () => {
  assert.deepEqual(sentenceParts('It cost ε 2.7 of ε.'), [
    { text: 'It cost ε\u00a02.7 of ε.', isQuote: false },
  ]);
  assert.deepEqual(sentenceParts('A “b” (c).'), [
    { text: 'A ', isQuote: false },
    { text: '“b”', isQuote: true },
    { text: ' (c).', isQuote: false },
  ]);
});
