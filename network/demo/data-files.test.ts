import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DataFilesError, labelOf, readRows, syntheticFiles, uciFiles } from './data-files.ts';
import { readDictionary } from './study-plan.ts';

const directory = mkdtempSync(join(tmpdir(), 'consilium-data-'));
after(() => rmSync(directory, { recursive: true }));

const ROW = '63.0,1.0,1.0,145.0,233.0,1.0,2.0,150.0,0.0,2.3,3.0,0.0,6.0,0';
const write = (site: string, text: string) => writeFileSync(join(directory, `processed.${site}.data`), text);

test('every file that is missing or not as expected is named before anything starts', () => {
  write('cleveland', `${ROW}\r\n${ROW}\n\n`);
  write('hungarian', 'age,sex\n1,2\n');
  write('switzerland', '');
  assert.throws(
    () => uciFiles(directory),
    (error: Error) => {
      assert.ok(error instanceof DataFilesError);
      assert.doesNotMatch(error.message, /cleveland.data: /);
      assert.match(error.message, /hungarian.data: line 1 has 2 values, not 14/);
      assert.match(error.message, /switzerland.data: is empty/);
      assert.match(error.message, /va.data: is not there/);
      return true;
    },
  );
  assert.throws(() => uciFiles(join(directory, 'nowhere')), /nowhere does not hold the four/);
});

test('a diagnosis outside 0 to 4 is refused without repeating it', () => {
  for (const site of ['cleveland', 'hungarian', 'switzerland', 'va']) write(site, `${ROW}\n`);
  write('va', `${ROW}\n${ROW.replace(/,0$/, ',77')}\n`);
  assert.throws(
    () => uciFiles(directory),
    (error: Error) =>
      /line 2 does not end in a diagnosis/.test(error.message) && !error.message.includes('77'),
  );
});

test('the four files in the expected form are four hospitals', () => {
  for (const site of ['cleveland', 'hungarian', 'switzerland', 'va']) write(site, `${ROW}\n`);
  const { hospitals } = uciFiles(directory);
  assert.equal(new Set(hospitals.map(({ mspId }) => mspId)).size, 4);
  assert.deepEqual(readRows(hospitals[0]!.file), [ROW.split(',')]);
});

test('the label is 1 for every diagnosis above 0', () => {
  assert.deepEqual(
    ['0', '0.0', '1', '4', '2.0'].map((num) =>
      labelOf(['63', num], { ...readDictionary(), columns: ['age', 'num'] }),
    ),
    [0, 0, 1, 1, 1],
  );
});

test('synthetic files are there after they were asked for', () => {
  const { hospitals, kind } = syntheticFiles(1, join(directory, 'synthetic'));
  assert.equal(kind, 'synthetic');
  assert.equal(hospitals.length, 4);
  for (const { file } of hospitals) assert.ok(readRows(file).length >= 120);
});
