import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { type FuzzFailure, fuzzGraphs } from './testing/fuzz-graphs.ts';

const GRAPHS = 300;

it('mutated graphs are read and trained, or refused, and nothing else', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-fuzz-'));
  const failures: FuzzFailure[] = [];
  try {
    const counts = await fuzzGraphs({
      seed: 1,
      directory,
      isDone: (_, index) => index >= GRAPHS,
      onFailure: (failure) => failures.push(failure),
    });
    assert.deepEqual(failures, []);
    assert.equal(counts.accepted + counts.invalid, GRAPHS);
    // Of both kinds there are many, or the mutations say nothing.
    assert.ok(counts.accepted > GRAPHS / 20, JSON.stringify(counts));
    assert.ok(counts.trained > GRAPHS / 20, JSON.stringify(counts));
    assert.ok(counts.invalid > GRAPHS / 4, JSON.stringify(counts));
  } finally {
    rmSync(directory, { recursive: true });
  }
});
