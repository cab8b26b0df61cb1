import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { limits, MAXIMUM_PARAMETERS, REWRITTEN, ruleOf } from '@consilium/onnx-grad/accepted-graphs';
import { ENVIRONMENT } from '../config.ts';
import { OPERATOR_NOTES, REFERENCE_PAGES } from './reference-pages.ts';

const root = resolve(import.meta.dirname, '../../../..');

for (const [file, page] of Object.entries(REFERENCE_PAGES)) {
  test(`docs/reference/${file} says what the code does`, () => {
    const written = readFileSync(resolve(root, 'docs/reference', file), 'utf8');
    assert.equal(written, page, 'run: scripts/write-documentation.sh');
  });
}

test('the page of operators states every limit', () => {
  const { FILE_LIMITS, checkFileCounts, ...others } = limits;
  assert.equal(typeof checkFileCounts, 'function');
  const numbers = [
    ...Object.values(FILE_LIMITS).map(([, most]) => most),
    ...Object.values(others),
    MAXIMUM_PARAMETERS,
  ];
  for (const number of numbers) {
    const said = number.toLocaleString('en-US');
    assert.ok(REFERENCE_PAGES['onnx-operators.md']?.includes(`| ${said} |`), said);
  }
});

test('notes are about operators that are supported', () => {
  const unknown = Object.keys(OPERATOR_NOTES).filter(
    (opType) => ruleOf(opType) === undefined && !REWRITTEN.includes(opType),
  );
  assert.deepEqual(unknown, []);
});

test('the README lists every variable with its meaning', () => {
  const readme = readFileSync(resolve(root, 'trainer/README.md'), 'utf8');
  const rows = [...readme.matchAll(/^\| `(CONSILIUM_[A-Z_]+)` \| (.+) \|$/gm)].map((match) => match.slice(1));
  assert.deepEqual(rows, Object.entries(ENVIRONMENT));
});
