import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzPass } from '@consilium/fuzz-loop';
import { REQUESTS } from './requests.ts';

test('whatever is asked is answered, without a 5xx, and refused as a problem with a code', async () => {
  const { outcomes } = await fuzzPass(REQUESTS, { seed: 1, runs: 800 });
  assert.ok((outcomes['400 INVALID_ARGUMENT'] ?? 0) > 60, JSON.stringify(outcomes));
  assert.ok((outcomes['200'] ?? 0) > 20);
});
