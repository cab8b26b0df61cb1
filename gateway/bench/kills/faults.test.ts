import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultsOf, isFaulty } from './faults.ts';

const accepted = new Map([
  ['a', { transactionId: 'tx-a', blockNumber: 1 }],
  ['b', { transactionId: 'tx-b', blockNumber: 2 }],
]);
const onLedger = new Map([
  ['a', ['tx-a']],
  ['b', ['tx-b']],
]);
const none = { missing: 0, twice: 0, underAnotherTransaction: 0, notAccepted: 0, refused: 0 };

test('each request on the ledger once, under what its client was answered, is no fault', () => {
  const faults = faultsOf({ accepted, onLedger, refused: [] });
  assert.deepEqual(faults, none);
  assert.equal(isFaulty(faults), false);
});

test('what is missing, twice, another transaction, never answered or refused is a fault each', () => {
  const cases = [
    [{ onLedger: new Map([['a', ['tx-a']]]) }, { missing: 1 }],
    [{ onLedger: new Map([...onLedger, ['b', ['tx-b', 'tx-c']]]) }, { twice: 1 }],
    [{ onLedger: new Map([...onLedger, ['b', ['tx-c']]]) }, { underAnotherTransaction: 1 }],
    [{ onLedger: new Map([...onLedger, ['c', ['tx-c']]]) }, { notAccepted: 1 }],
    [{ refused: ['b: 409 DATASET_EXISTS'] }, { refused: 1 }],
  ] as const;
  for (const [changed, expected] of cases) {
    const faults = faultsOf({ accepted, onLedger, refused: [], ...changed });
    assert.deepEqual(faults, { ...none, ...expected });
    assert.equal(isFaulty(faults), true);
  }
});
