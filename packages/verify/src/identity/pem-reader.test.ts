import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readPem } from './pem-reader.ts';

interface Found {
  readonly text: string;
  /** In hexadecimal; null where there is no block. */
  readonly says: string | null;
}

const found: readonly Found[] = JSON.parse(
  readFileSync(new URL('../../../reference-values/go-pem.json', import.meta.url), 'utf8'),
);

test('the first block of a text is the one that Go finds', () => {
  assert.ok(found.some(({ says }) => says !== null) && found.some(({ says }) => says === null));
  for (const { text, says } of found) {
    const bytes = readPem(Buffer.from(text, 'latin1'));
    assert.equal(bytes === undefined ? null : Buffer.from(bytes).toString('hex'), says, JSON.stringify(text));
  }
});

test('a text of many beginnings and ends is read in time that grows with its size', () => {
  const steps = 40_000;
  assert.equal(readPem(Buffer.from('-----BEGIN A-----\n'.repeat(steps))), undefined);
  assert.equal(readPem(Buffer.from('\n-----END A-----'.repeat(steps))), undefined);
  assert.equal(readPem(Buffer.from('-----BEGIN A-----\nx\n-----END B-----\n'.repeat(steps))), undefined);
});
