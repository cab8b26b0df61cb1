import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { genesisSha256Of } from './genesis-digest.ts';

test('a directory without a ledger has no digest, and a block that is none is refused', () => {
  const directory = mkdtempSync(join(tmpdir(), 'genesis-'));
  try {
    assert.equal(genesisSha256Of(directory), null);
    mkdirSync(join(directory, 'ledger'));
    writeFileSync(join(directory, 'ledger/genesis.block'), 'not a block');
    assert.throws(() => genesisSha256Of(directory));
  } finally {
    rmSync(directory, { recursive: true });
  }
});
