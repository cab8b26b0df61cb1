import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzPass } from '@consilium/fuzz-loop';
import { ENVELOPES } from './envelopes.ts';

test('no changed artefact opens, and each is refused by name', async () => {
  const { outcomes } = await fuzzPass(ENVELOPES, { seed: 1, runs: 3_000 });
  assert.ok((outcomes.ARTEFACT_TAMPERED ?? 0) > 300, JSON.stringify(outcomes));
  assert.ok((outcomes.ARTEFACT_TRUNCATED ?? 0) > 30);
  assert.ok((outcomes.ARTEFACT_NOT_A_RECIPIENT ?? 0) > 300);
});
