import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Dictionary, Feature } from '@consilium/domain';
import { commitmentBytes } from './commitment-bytes.ts';
import { DataError } from './data-problem.ts';
import { parseParquet } from './parse-parquet.ts';
import { datasetOf, readDataset } from './read-dataset.ts';
import { parseTable } from './read-table.ts';
import { wantedColumns } from './table.ts';
import { NESTED_PARQUET, SNAPPY_PARQUET, ZSTD_PARQUET } from './testing/parquet-files.ts';

const numeric = (name: string, low: number, high: number): Feature => ({
  name,
  kind: 'numeric',
  unit: '1',
  bounds: { low, high },
});
const dictionary: Dictionary = {
  version: 1,
  header: true,
  patientId: 'id',
  missing: [],
  features: [
    numeric('age', 0, 120),
    numeric('weight', 0, 300),
    numeric('height', 0, 3),
    { name: 'smoker', kind: 'binary' },
    numeric('dose', 0, 10),
  ],
  label: { column: 'ill', title: 'Ill', rule: { kind: 'binary' } },
  maxRowsPerPatient: 1,
};

/** The same patients in CSV. */
const csv = [
  'id,age,weight,height,smoker,dose,ill',
  ...Array.from({ length: 12 }, (_, i) =>
    [
      `p${i}`,
      50 + i,
      i < 2 ? '' : 58.5 + i,
      (1.6 + i / 100).toFixed(2),
      i === 11 ? '' : (i + 1) % 2,
      (i / 10).toFixed(1),
      i % 2,
    ].join(','),
  ),
].join('\n');

const refusal = (code: string, column?: string) => (error: unknown) => {
  assert.ok(error instanceof DataError, String(error));
  assert.deepEqual([error.problems[0]?.code, error.problems[0]?.column], [code, column]);
  return true;
};

test('Parquet and CSV of the same patients are the same dataset, to the commitment’s last bit', async () => {
  const wanted = datasetOf(parseTable(new TextEncoder().encode(csv), dictionary), dictionary);
  for (const bytes of [SNAPPY_PARQUET, ZSTD_PARQUET]) {
    const read = datasetOf(await parseParquet(bytes, wantedColumns(dictionary)), dictionary);
    assert.deepEqual(read, wanted);
    const salt = new Uint8Array(32);
    assert.deepEqual(commitmentBytes(read.units, salt), commitmentBytes(wanted.units, salt));
  }
});

test('a file is told to be Parquet by its bytes, not by its name', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-parquet-'));
  try {
    const path = join(directory, 'patients.data');
    writeFileSync(path, SNAPPY_PARQUET);
    const { units, recordCountBand } = await readDataset({ path, dictionary });
    assert.equal(units.length, 12);
    assert.deepEqual(recordCountBand, { low: 10, high: 49 });
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('problems are told by the row’s number, column and rule, as for CSV', async () => {
  const [age, ...rest] = dictionary.features;
  assert.ok(age?.kind === 'numeric');
  const narrow = { ...dictionary, features: [{ ...age, bounds: { low: 0, high: 60 } }, ...rest] };
  assert.throws(() => datasetOf({ columns: [], rows: [] }, narrow), refusal('TOO_FEW_PATIENTS'));
  const table = await parseParquet(SNAPPY_PARQUET, wantedColumns(narrow));
  assert.throws(
    () => datasetOf(table, narrow),
    (error: DataError) =>
      refusal('VALUE_OUT_OF_BOUNDS', 'age')(error) && error.problems[0]?.line === 12 && error.total === 1,
  );
});

test('a date is no number', async () => {
  const dated = { ...dictionary, features: [{ ...numeric('seen_on', 0, 1), column: 'seen' }] };
  const table = await parseParquet(SNAPPY_PARQUET, wantedColumns(dated));
  assert.equal(table.rows[0]?.cells[0], '2020-01-01T00:00:00.000Z');
  assert.throws(() => datasetOf(table, dated), refusal('VALUE_NOT_A_NUMBER', 'seen'));
});

test('a missing or nested column and a damaged file are refused', async () => {
  await assert.rejects(
    parseParquet(SNAPPY_PARQUET, ['age', 'patient']),
    refusal('COLUMN_UNKNOWN', 'patient'),
  );
  await assert.rejects(parseParquet(NESTED_PARQUET, ['id', 'age']), refusal('COLUMN_NESTED', 'age'));
  assert.deepEqual((await parseParquet(NESTED_PARQUET, ['id'])).rows[1]?.cells, ['b']);
  await assert.rejects(parseParquet(SNAPPY_PARQUET.subarray(0, 500)), refusal('FILE_NOT_PARQUET'));
  const damaged = Uint8Array.from(SNAPPY_PARQUET);
  damaged.fill(0xff, 10, 200);
  await assert.rejects(parseParquet(damaged), refusal('FILE_NOT_PARQUET'));
});
