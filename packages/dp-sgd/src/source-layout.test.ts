// What the layout of the sources promises a reader: the mechanism can be read without its fast engine.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

// Tests run from dist/src; the sources lie beside dist.
const root = join(import.meta.dirname, '..', '..', 'src');
const plain = readdirSync(root, { encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
);
const textOf = (file: string) => readFileSync(join(root, file), 'utf8');
const importersOf = (pattern: RegExp) => plain.filter((file) => pattern.test(textOf(file)));

test('of the fast engine the mechanism imports the index alone, and in one file', () => {
  assert.ok(plain.length > 20);
  assert.deepEqual(importersOf(/from '\.\/fast\/(?!index\.ts')/), []);
  assert.deepEqual(importersOf(/from '\.\/fast\/index\.ts'/), ['round.ts']);
});

test('no file outside of the fast engine assembles WebAssembly, shares memory or starts threads of its own', () => {
  const allowed = ['train-round.ts', 'train-round-worker.ts'];
  const found = importersOf(/WebAssembly\.|new SharedArrayBuffer|Atomics\.|new Worker\(/);
  assert.deepEqual(
    found.filter((file) => !allowed.includes(file)),
    [],
  );
});
