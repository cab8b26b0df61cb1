import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readLcov, summaryOf } from './coverage-summary.ts';

const record = (file: string, [functions, branches]: readonly [readonly number[], readonly number[]]) =>
  [
    `SF:${file}`,
    `FNF:${functions[1]}`,
    `FNH:${functions[0]}`,
    `BRF:${branches[1]}`,
    `BRH:${branches[0]}`,
    'DA:1,0\nend_of_record\n',
  ].join('\n');
const LCOV = `TN:\n${record('a/src/one.ts', [
  [3, 4],
  [2, 6],
])}${record('a/src/two.ts', [
  [1, 1],
  [3, 3],
])}${record('b/src/three.ts', [
  [0, 2],
  [0, 1],
])}`;

test('coverage is said by folder, together, and by what no test runs', () => {
  assert.deepEqual(summaryOf(readLcov(LCOV), '').split('\n'), [
    'folder    files functions  branches  (% that tests run)',
    'a/src         2      80.0      55.5',
    'b/src         1       0.0       0.0',
    'together      3      57.1      50.0',
    '',
    'Most branches that no test runs:',
    '    4  a/src/one.ts',
    '    1  b/src/three.ts',
    '',
  ]);
});

test('one workspace is said without the others that its tests ran', () => {
  const said = summaryOf(readLcov(LCOV), 'b');
  assert.doesNotMatch(said, /a\/src/);
  assert.match(said, /together {6}1 {7}0\.0 {7}0\.0/);
});

test('a folder without anything to run has no share', () => {
  assert.match(summaryOf(readLcov('SF:c/types.ts\nend_of_record'), ''), /^c +1 +– +–$/m);
});
