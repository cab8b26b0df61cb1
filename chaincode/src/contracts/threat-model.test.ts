// The threat model says what stops each attack, and links to the tests that make it. A row without tests, tests without
// a row, and a code that nobody answers with are false claims.
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { filesWithTest, readTestFiles, repository } from '../documentation/find-tests.ts';
import { THREAT_SECTIONS } from '../documentation/threat-tests.ts';

const model = readFileSync(resolve(repository, 'docs/concepts/threat-model.md'), 'utf8');
const attacks = model.slice(model.indexOf('## Attacks'), model.indexOf('## Not defended'));
const rows = attacks.split('\n').filter((line) => /^\| (?!The attacker|---)/.test(line));
const linkedIn = (text: string) =>
  [...text.matchAll(/threat-model-tests\.md#([a-z-]+)\)/g)].map(([, id]) => id);

test('every row of the threat model links to its tests, but the one about Fabric itself', () => {
  assert.ok(rows.length >= 40, 'one row per kind of attack');
  const without = rows.filter((row) => !row.includes('threat-model-tests.md#'));
  assert.equal(without.length, 1, without.join('\n'));
  assert.match(without[0] ?? '', /#halting-a-channel/);
});

test('every link leads to a list of tests in the section of its row, and every list has its row', () => {
  const [, ...sections] = attacks.split('\n### ');
  const written = sections.map((text) => ({ title: text.split('\n')[0], ids: linkedIn(text) }));
  const listed = THREAT_SECTIONS.map(({ title, threats }) => ({ title, ids: threats.map(({ id }) => id) }));
  assert.deepEqual(listed, written);
  const all = written.flatMap(({ ids }) => ids);
  assert.equal(new Set(all).size, all.length, 'no attack has two lists');
});

test('every test behind a row exists', () => {
  const files = readTestFiles();
  for (const { id, titles } of THREAT_SECTIONS.flatMap(({ threats }) => threats)) {
    assert.ok(titles.length > 0, `${id} has no tests`);
    for (const title of titles) assert.ok(filesWithTest(title, files).length > 0, title);
  }
});

test('a title that no test has is noticed', () => {
  const nowhere = ['no', 'such', 'test', 'anywhere'].join(' ');
  assert.throws(() => filesWithTest(nowhere, readTestFiles()), RangeError);
});

test('a title in a comment, or within another title, is no test of that title', () => {
  const title = 'a second vote';
  const files = [
    ['comment.test.ts', '/** Casts a second vote, which is refused. */'],
    ['longer.test.ts', "test('a second vote is refused', () => {});"],
    ['another.test.ts', 'test("what a second vote", () => {});'],
    ['whole.test.ts', "test('a second vote', () => {});"],
    ['cut.test.ts', `test(\`a second vote \${of}: \${how}\`, () => {});`],
    ['rest.test.ts', `test(\`\${of} a second vote\`, () => {});`],
  ].map(([path = '', text = '']) => ({ path, text }));
  assert.deepEqual(filesWithTest(title, files), ['whole.test.ts', 'cut.test.ts', 'rest.test.ts']);
  assert.throws(() => filesWithTest(title, files.slice(0, 3)), RangeError);
});

test('every code of the threat model is one that some code answers with', () => {
  const tables = ['errors.md', 'rest-api.md', 'trainer-errors.md'];
  const known = tables
    .map((file) => readFileSync(resolve(repository, 'docs/reference', file), 'utf8'))
    .join('');
  const ofFabric = ['DUPLICATE_TXID', 'ENDORSEMENT_POLICY_FAILURE', 'MVCC_READ_CONFLICT'];
  const ofData = ['FILE_UNREADABLE'];
  const codes = new Set(rows.flatMap((row) => row.match(/`[A-Z]+_[A-Z_]+`/g) ?? []));
  const unknown = [...codes]
    .map((code) => code.slice(1, -1))
    .filter((code) => ![...ofFabric, ...ofData].includes(code) && !known.includes(`| \`${code}\` |`));
  assert.deepEqual(unknown, []);
});
