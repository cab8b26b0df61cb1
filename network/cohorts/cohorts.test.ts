import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { generateCohort, generateCohorts } from './cohorts.ts';
import { HOSPITALS } from './hospitals.ts';
import { COLUMNS } from './patients.ts';
import { seededRandom } from './random.ts';

const rowsOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));
const column = (rows: string[][], name: (typeof COLUMNS)[number]) =>
  rows.map((row) => row[COLUMNS.indexOf(name)]!);
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

test('one seed gives the same bytes, another seed other bytes', () => {
  assert.deepEqual(generateCohorts(7), generateCohorts(7));
  for (const hospital of HOSPITALS) {
    assert.notEqual(generateCohort(hospital, 7).text, generateCohort(hospital, 8).text);
  }
});

test('uniform, normal and weighted draws have the moments they promise', () => {
  const random = seededRandom(1, 'moments');
  const uniforms = Array.from({ length: 20_000 }, () => random.uniform());
  const normals = Array.from({ length: 20_000 }, () => random.normal(3, 2));
  assert.ok(Math.abs(mean(uniforms) - 0.5) < 0.01);
  assert.ok(Math.abs(mean(normals) - 3) < 0.07);
  assert.ok(Math.abs(Math.sqrt(mean(normals.map((x) => (x - 3) ** 2))) - 2) < 0.05);
  const counts = [0, 0, 0];
  for (let i = 0; i < 9000; i += 1) counts[random.weighted([1, 0, 2])]! += 1;
  assert.equal(counts[1], 0);
  assert.ok(Math.abs(counts[0]! - 3000) < 200);
});

test('sizes, prevalence, age and missing values differ by hospital as their profiles say', () => {
  for (const { hospital, text, patients } of generateCohorts(1)) {
    const rows = rowsOf(text);
    assert.equal(rows.length, patients);
    assert.ok(patients >= 120 && patients <= 300);
    const prevalence = mean(column(rows, 'num').map((value) => (Number(value) > 0 ? 1 : 0)));
    assert.ok(Math.abs(prevalence - hospital.prevalence) < 0.12, `${hospital.name} ${prevalence}`);
    assert.ok(Math.abs(mean(column(rows, 'age').map(Number)) - hospital.age.mean) < 3);
    for (const name of COLUMNS) {
      const zero = hospital.zeroForMissing.includes(name);
      const missing = mean(column(rows, name).map((v) => (v === '?' || (zero && v === '0') ? 1 : 0)));
      assert.ok(
        Math.abs(missing - (hospital.missing[name] ?? 0)) < 0.12,
        `${hospital.name} ${name} ${missing}`,
      );
    }
  }
});

const repository = join(import.meta.dirname, '../../..');
const dictionary = JSON.parse(
  readFileSync(join(repository, 'network/studies/heart-disease/dictionary.json'), 'utf8'),
);

function assertFitsDictionary(rows: string[][], file: string) {
  for (const [index, row] of rows.entries()) {
    assert.equal(row.length, COLUMNS.length);
    for (const feature of dictionary.features) {
      const value = row[dictionary.columns.indexOf(feature.name)]!;
      if ([...dictionary.missing, ...(feature.missing ?? [])].includes(value)) continue;
      const number = Number(value);
      const fits =
        feature.kind === 'numeric'
          ? feature.bounds.low <= number && number <= feature.bounds.high
          : (feature.kind === 'binary' ? ['0', '1'] : feature.categories).includes(String(number));
      assert.ok(fits, `${file} line ${index + 1}: ${feature.name}`);
    }
    assert.ok(['0', '1', '2', '3', '4'].includes(row.at(-1)!));
  }
}

test('every synthetic value fits the bounds and categories of the dictionary', () => {
  assert.deepEqual(dictionary.columns, [...COLUMNS]);
  for (const { text, hospital } of generateCohorts(3)) assertFitsDictionary(rowsOf(text), hospital.name);
});

const realFiles = join(repository, 'network/studies/heart-disease/data');

test('every value of the UCI files fits the dictionary', () => {
  for (const site of ['cleveland', 'hungarian', 'switzerland', 'va']) {
    const file = join(realFiles, `processed.${site}.data`);
    assertFitsDictionary(rowsOf(readFileSync(file, 'utf8').replaceAll('\r', '')), site);
  }
});
