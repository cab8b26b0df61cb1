// What is asked for again when something happened on the ledger.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isChangedBy } from './changes.ts';

const round = { id: '1', name: 'RoundOpened', data: { studyId: 'heart', round: 2 } };

test('an event renews the answers about its study and the lists, and not those about another study', () => {
  assert.equal(isChangedBy(['getStudy', { studyId: 'heart' }, {}], round), true);
  assert.equal(isChangedBy(['listRounds', { studyId: 'heart' }, { pages: true }], round), true);
  assert.equal(isChangedBy(['getStudy', { studyId: 'lung' }, {}], round), false);
  assert.equal(isChangedBy(['listStudies', {}, {}], round), true);
  assert.equal(isChangedBy(['getAttention', {}, {}], round), true);
});

test('what a round costs is renewed with it: an answer about a dataset may change by an event that names none', () => {
  assert.equal(isChangedBy(['getBudget', { datasetId: 'oslo', pool: 'training' }, {}], round), true);
  const other = { id: '2', name: 'ConsentGranted', data: { studyId: 'heart', datasetId: 'bern' } };
  assert.equal(isChangedBy(['getBudget', { datasetId: 'oslo', pool: 'training' }, {}], other), false);
});

test('a transaction is what it was', () => {
  assert.equal(isChangedBy(['getTransaction', { transactionId: 'a' }, {}], round), false);
});
