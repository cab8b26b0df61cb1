// The threat model says which attack which test covers, by title; a title that no test has is a false claim.
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';

const root = resolve(import.meta.dirname, '../../../..');
const document = readFileSync(resolve(root, 'docs/threat-model.md'), 'utf8');
const covered = document.slice(document.indexOf('## Attacks'), document.indexOf('## Not defended'));

test('every test that the threat model names exists in the file it names', () => {
  const rows = covered.split('\n').filter((line) => /^\| [^-]/.test(line) && line.includes('“'));
  assert.ok(rows.length >= 12, 'one row per kind of attack');
  for (const row of rows) {
    const cited = [...row.matchAll(/“([^”]+)” \(\[[^\]]+\]\(\.\.\/([^)]+)\)\)/g)];
    assert.ok(cited.length > 0, `no test is cited: ${row}`);
    for (const [, title = '', file = ''] of cited) {
      const source = readFileSync(resolve(root, file), 'utf8').replaceAll("\\'", "'");
      assert.ok(source.includes(title), `${file} has no “${title}”`);
    }
  }
});
