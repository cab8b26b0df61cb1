import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foundAddress, rowAddress, rowAsked, subjectAddress, wordName } from './ledger-words.ts';
import { differencesOf } from './row-differences.ts';

test('versions differ in the fields that came, changed or went, at any depth', () => {
  const before = { state: 'open', plan: { rounds: 3, sites: ['a', 'b'] }, note: 'x', list: [] };
  const after = { state: 'closed', plan: { rounds: 3, sites: ['a'] }, list: [1], empty: {} };
  assert.deepEqual(differencesOf(before, after), [
    { field: 'state', before: 'open', after: 'closed' },
    { field: 'list[1]', before: undefined, after: '1' },
    { field: 'empty', before: undefined, after: '{}' },
    { field: 'plan.sites[2]', before: 'b', after: undefined },
    { field: 'note', before: 'x', after: undefined },
    { field: 'list', before: '[]', after: undefined },
  ]);
  assert.deepEqual(differencesOf(after, after), []);
  assert.deepEqual(differencesOf(undefined, { a: null }), [{ field: 'a', before: undefined, after: 'null' }]);
  assert.deepEqual(differencesOf({ a: 1 }, null), [{ field: 'a', before: '1', after: undefined }]);
});

test('a row that is nested without end is compared all the same', () => {
  let deep: object = {};
  for (let depth = 0; depth < 500; depth++) deep = { deep };
  assert.equal(differencesOf(undefined, deep).length, 1);
});

test('an id of any kind leads to where it is', () => {
  assert.equal(foundAddress(' 42 '), '/ledger/blocks/42');
  assert.equal(foundAddress('AB'.repeat(32)), `/ledger/transactions/${'ab'.repeat(32)}`);
  assert.equal(foundAddress('heart-2026'), '/ledger?subject=heart-2026');
  assert.equal(foundAddress('a&b=c#d'), '/ledger?subject=a%26b%3Dc%23d');
  assert.equal(foundAddress('  '), undefined);
  assert.equal(subjectAddress({ kind: 'study', id: '../x' }), '/studies/..%2Fx');
});

test('a row leads to its history where the gateway has one, with plain numbers', () => {
  assert.equal(rowAddress('verdict', ['s', '00001', 'AMSP']), '/ledger/rows/verdict/s/1/AMSP');
  assert.equal(rowAddress('privacy-charge', ['s']), undefined);
  assert.equal(rowAddress(null, ['s']), undefined);
  assert.equal(rowAddress('study', ['s', 'more']), undefined);
  assert.deepEqual(rowAsked(['budget', 'p', 'training', '2']), {
    kind: 'budget',
    operation: 'getBlockBudgetHistory',
    path: { populationId: 'p', pool: 'training', block: '2' },
    id: 'p · training · 2',
  });
  assert.equal(rowAsked(['constructor', 's']), undefined);
});

test('a name of a member’s own making has no words', () => {
  const words = { study_propose: 'Proposed a study' };
  assert.equal(wordName('study:propose', words), 'study_propose');
  assert.equal(wordName('toString', words), undefined);
  assert.equal(wordName('<b>x</b>', words), undefined);
});
