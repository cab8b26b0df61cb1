import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzPass } from '@consilium/fuzz-loop';
import { TRANSACTION_ARGUMENTS } from './transactions.ts';

test('whatever a transaction is given, it is done or refused by a code of the table', async () => {
  const { outcomes } = await fuzzPass(TRANSACTION_ARGUMENTS, { seed: 1, runs: 1_500 });
  assert.ok((outcomes.INVALID_ARGUMENT ?? 0) > 500, JSON.stringify(outcomes));
  assert.ok((outcomes.endorsed ?? 0) > 50);
  assert.ok(Object.keys(outcomes).length > 10);
});
