import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TObject } from 'typebox';
import { fillPath, LEDGER_PATHS, ledgerPath, placesOf } from './rest-paths.ts';
import { TRANSACTIONS, transactionNamed } from './transactions.ts';

test('each transaction has a path, and no two are asked for alike', () => {
  assert.deepEqual(Object.keys(LEDGER_PATHS).toSorted(), TRANSACTIONS.map(({ name }) => name).toSorted());
  const requests = TRANSACTIONS.map(({ name, kind }) => `${kind} ${LEDGER_PATHS[name]}`);
  assert.equal(new Set(requests).size, requests.length);
});

test('each place of a path is a field of the transaction’s argument', () => {
  for (const { name } of TRANSACTIONS) {
    const { properties } = transactionNamed(name).argument as TObject;
    for (const place of placesOf(LEDGER_PATHS[name]))
      assert.ok(Object.hasOwn(properties, place), `${name} ${place}`);
  }
});

test('a value fills one segment, whatever it holds, and a place that is not filled is a mistake', () => {
  assert.equal(
    ledgerPath('round:getVerdict', { studyId: 'heart', round: 3, mspId: 'A.b' }),
    '/studies/heart/rounds/3/verdicts/A.b',
  );
  assert.equal(ledgerPath('member:get', { mspId: '../x?y#z' }), '/members/..%2Fx%3Fy%23z');
  assert.throws(() => fillPath('/members/{mspId}', {} as { mspId: string }), /needs mspId/);
});
