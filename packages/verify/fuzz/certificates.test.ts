import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzPass } from '@consilium/fuzz-loop';
import { CERTIFICATES } from './certificates.ts';

test('changed certificates and lists are read or refused by name, and mean what they mean to OpenSSL', async () => {
  const { outcomes } = await fuzzPass(CERTIFICATES, { seed: 1, runs: 2_000 });
  const count = (outcome: string) => outcomes[outcome] ?? 0;
  assert.ok(count('issued') > 20, JSON.stringify(outcomes));
  assert.ok(count('read by both') > 20, JSON.stringify(outcomes));
  assert.ok(count('refused by both') > 100, JSON.stringify(outcomes));
  assert.ok(count('list read') > 10 && count('list refused') > 100, JSON.stringify(outcomes));
});
