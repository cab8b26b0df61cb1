import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Dictionary, Feature } from '@consilium/domain';
import type { SchemaElement } from 'hyparquet';
import type { ByteSource } from './byte-source.ts';
import { DataError, ProblemList, problem } from './data-problem.ts';
import { ParquetColumn } from './parquet-column.ts';
import { shortestFloat } from './parquet-numbers.ts';
import { RunReader } from './parquet-runs.ts';
import { TextReader } from './parquet-texts.ts';
import { readDataset } from './read-dataset.ts';
import { readParquetBatches, readParquetTexts } from './read-parquet.ts';
import {
  DELTA_PARQUET,
  NESTED_PARQUET,
  PLAIN_PARQUET,
  SNAPPY_PARQUET,
  ZSTD_PARQUET,
} from './testing/parquet-files.ts';
import { readContent, sourceOf, unitsOf } from './testing/read-units.ts';

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

/** All cells of a file as texts, its columns first. */
function textsOf(bytes: Uint8Array): string[][] {
  const rows: string[][] = [];
  readParquetTexts(sourceOf(bytes), {
    begin: (columns) => rows.push([...columns]),
    row: (cells) => rows.push([...cells]),
  });
  return rows;
}

test('Parquet and CSV of the same patients are the same dataset, to the commitment’s last bit', async () => {
  const wish = { salt: new Uint8Array(32) };
  const wanted = await readContent(csv, dictionary, wish);
  for (const bytes of [SNAPPY_PARQUET, ZSTD_PARQUET, PLAIN_PARQUET, DELTA_PARQUET]) {
    const read = await readContent(bytes, dictionary, wish);
    assert.deepEqual(unitsOf(read), unitsOf(wanted));
    assert.equal(read.commitment, wanted.commitment);
  }
});

test('all columns of a file are read as the same texts, however it is written', () => {
  const [columns, first] = textsOf(SNAPPY_PARQUET);
  assert.deepEqual(columns, ['id', 'age', 'weight', 'height', 'smoker', 'dose', 'seen', 'ill']);
  assert.deepEqual(first, ['p0', '50', '', '1.6', '1', '0', '2020-01-01T00:00:00.000Z', '0']);
  for (const bytes of [ZSTD_PARQUET, PLAIN_PARQUET, DELTA_PARQUET]) {
    assert.deepEqual(textsOf(bytes), textsOf(SNAPPY_PARQUET));
  }
});

test('a file is recognised as Parquet by its bytes, not by its name', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-parquet-'));
  try {
    const path = join(directory, 'patients.data');
    writeFileSync(path, SNAPPY_PARQUET);
    const { patients, recordCountBand } = await readDataset({ path, dictionary });
    assert.equal(patients.count, 12);
    assert.deepEqual(recordCountBand, { low: 10, high: 49 });
    writeFileSync(join(directory, 'patients.parquet'), csv);
    await assert.rejects(
      readDataset({ path: join(directory, 'patients.parquet'), dictionary }),
      refusal('FILE_NOT_PARQUET'),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('a folder of Parquet files is one dataset in the order of their names, and so is one of CSV files', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-folder-'));
  try {
    const salt = new Uint8Array(32);
    const other = { ...dictionary, maxRowsPerPatient: 2 };
    const twice = await readContent(csv + csv.replace(/^[^\n]*/, ''), other, { salt });
    mkdirSync(join(directory, 'year=2020'));
    for (const name of ['_SUCCESS', '.part.crc', 'notes.csv']) writeFileSync(join(directory, name), 'x');
    writeFileSync(join(directory, 'part-1.parquet'), ZSTD_PARQUET);
    writeFileSync(join(directory, 'year=2020', 'part-0.parquet'), PLAIN_PARQUET);
    const read = await readDataset({ path: directory, dictionary: other, encode: true, salt });
    assert.deepEqual(unitsOf(read), unitsOf(twice));
    assert.equal(read.commitment, twice.commitment);
    writeFileSync(join(directory, 'year=2020', 'part-1.parquet'), SNAPPY_PARQUET);
    await assert.rejects(
      readDataset({ path: directory, dictionary: other }),
      (error: DataError) =>
        error.problems[0]?.code === 'TOO_MANY_ROWS' &&
        error.problems[0].count === 12 &&
        error.problems[0].file === 'year=2020/part-1.parquet',
    );
    rmSync(join(directory, 'year=2020'), { recursive: true });
    rmSync(join(directory, 'part-1.parquet'));
    writeFileSync(join(directory, 'notes.csv'), csv);
    assert.equal((await readDataset({ path: directory, dictionary })).patients.count, 12);
    rmSync(join(directory, 'notes.csv'));
    await assert.rejects(readDataset({ path: directory, dictionary }), refusal('FOLDER_EMPTY'));
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('problems are given by the row’s number, column and rule, as for CSV', async () => {
  const [age, ...rest] = dictionary.features;
  assert.ok(age?.kind === 'numeric');
  const narrow = { ...dictionary, features: [{ ...age, bounds: { low: 0, high: 60 } }, ...rest] };
  for (const bytes of [SNAPPY_PARQUET, PLAIN_PARQUET, DELTA_PARQUET]) {
    await assert.rejects(
      readContent(bytes, narrow),
      (error: DataError) =>
        refusal('VALUE_OUT_OF_BOUNDS', 'age')(error) && error.problems[0]?.line === 12 && error.total === 1,
    );
  }
});

test('a date is no number', async () => {
  const dated = { ...dictionary, features: [{ ...numeric('seen_on', 0, 1), column: 'seen' }] };
  await assert.rejects(readContent(SNAPPY_PARQUET, dated), refusal('VALUE_NOT_A_NUMBER', 'seen'));
});

test('a missing or nested column and a damaged file are refused, each in its own words', async () => {
  const features = [numeric('patient', 0, 1)];
  await assert.rejects(
    readContent(SNAPPY_PARQUET, { ...dictionary, features }),
    refusal('COLUMN_UNKNOWN', 'patient'),
  );
  const nested = {
    ...dictionary,
    features: [numeric('age', 0, 1)],
    label: { ...dictionary.label, column: 'id' },
  };
  await assert.rejects(readContent(NESTED_PARQUET, nested), refusal('COLUMN_NESTED', 'age'));
  assert.deepEqual(textsOf(NESTED_PARQUET), [['id'], ['a'], ['b']]);
  await assert.rejects(
    readContent(SNAPPY_PARQUET.subarray(0, 500), dictionary),
    refusal('PARQUET_CUT_SHORT'),
  );
  const damaged = Uint8Array.from(SNAPPY_PARQUET);
  damaged.fill(0xff, 60, 200);
  await assert.rejects(readContent(damaged, dictionary), refusal('PARQUET_DAMAGED'));
  const encrypted = Uint8Array.from(SNAPPY_PARQUET);
  encrypted.set([0x50, 0x41, 0x52, 0x45], encrypted.length - 4);
  await assert.rejects(readContent(encrypted, dictionary), refusal('PARQUET_ENCRYPTED'));
});

test('whatever single byte of a file is damaged, it is read or refused by a problem', async () => {
  for (const whole of [SNAPPY_PARQUET, PLAIN_PARQUET, DELTA_PARQUET]) {
    for (let at = 4; at < whole.length; at += 3) {
      const bytes = Uint8Array.from(whole);
      bytes[at]! ^= 1 + ((at * 37) % 255);
      try {
        await readContent(bytes, dictionary);
      } catch (error) {
        assert.ok(error instanceof DataError, `byte ${at}: ${(error as Error).stack}`);
      }
    }
  }
});

test('pages of all uses of a column count as memory while they are read, and are given back', () => {
  const features = Array.from({ length: 500 }, (_, i) => ({ ...numeric(`f${i}`, 0, 300), column: 'weight' }));
  const readWith = (content: Uint8Array, memoryBytes = Number.POSITIVE_INFINITY) => {
    let [held, most] = [0, 0];
    readParquetBatches(sourceOf(content), {
      ...{ dictionary: { ...dictionary, features }, problems: new ProblemList(), onBatch: () => undefined },
      claim(bytes) {
        held += bytes;
        most = Math.max(most, held);
        if (held > memoryBytes) throw new DataError([problem('FILE_TOO_LARGE')]);
      },
    });
    return { held, most };
  };
  for (const content of [SNAPPY_PARQUET, ZSTD_PARQUET, PLAIN_PARQUET, DELTA_PARQUET]) {
    const { held, most } = readWith(content);
    assert.equal(held, 0);
    assert.ok(most > 500 * 50, `${most}`);
    assert.throws(() => readWith(content, most - 1), refusal('FILE_TOO_LARGE'));
  }
});

test('a page that says to be larger than any writer makes it is refused before it is read', () => {
  // A data page of 5 bytes that takes 2^29 in the file: 3 INT32, PLAIN.
  const header = [
    0x15, 0, 0x15, 10, 0x15, 0x80, 0x80, 0x80, 0x80, 0x04, 0x2c, 0x15, 6, 0x15, 0, 0x15, 6, 0x15, 6, 0, 0,
  ];
  const asked: number[] = [];
  const source: ByteSource = {
    sizeBytes: 2 ** 31,
    read(_at, length) {
      asked.push(length);
      return Uint8Array.from([...header, ...new Array<number>(1000).fill(0)]);
    },
  };
  const element: SchemaElement = { name: 'age', type: 'INT32', repetition_type: 'REQUIRED' };
  const column = new ParquetColumn({
    source,
    chunk: {
      ...{ type: 'INT32', codec: 'UNCOMPRESSED', encodings: ['PLAIN'], path_in_schema: ['age'] },
      ...{ num_values: 3n, data_page_offset: 4n },
      ...{ total_compressed_size: 2n ** 30n, total_uncompressed_size: 2n ** 30n },
    },
    decoder: {
      ...{ type: 'INT32', codec: 'UNCOMPRESSED', element, schemaPath: [], pathInSchema: ['age'] },
    },
    rows: 3,
    target: { read: () => 0, set: () => undefined, takeWrong: () => undefined },
    onWrong: () => undefined,
  });
  assert.throws(() => column.read(3), refusal('FILE_TOO_LARGE'));
  assert.ok(Math.max(...asked) < 2 ** 20);
});

test('runs that say billions of values take no room, and runs that are cut short are refused', () => {
  const long = new RunReader(Uint8Array.of(0xfe, 0xff, 0xff, 0xff, 0x0f, 1), 0, 1);
  const into = new Uint32Array(4096);
  for (let i = 0; i < 1000; i++) long.take(into, 4096);
  assert.ok(into.every((value) => value === 1));
  assert.ok(long.takeIfAll(1, 2 ** 30));
  const packed = new RunReader(Uint8Array.of(3, 0b10_001_000, 0b10_001_101, 0b11_111_010), 0, 3);
  packed.take(into, 8);
  assert.deepEqual(
    [...into.subarray(0, 8)],
    Array.from({ length: 8 }, (_, i) => unpacked(i)),
  );
  assert.throws(() => packed.take(into, 1), /cut short/);
});

/** Three bits each from the bytes of the test above, least first. */
const unpacked = (place: number) => (0b11_111_010_10_001_101_10_001_000 >> (3 * place)) & 7;

/** Numbers of a width, packed least bit first behind the header of one run. */
function packedRun(numbers: readonly number[], width: number): Uint8Array {
  const bytes = new Uint8Array(1 + (numbers.length * width) / 8);
  bytes[0] = (numbers.length / 8) * 2 + 1;
  numbers.forEach((number, place) => {
    for (let bit = 0; bit < width; bit++) {
      const at = place * width + bit;
      if ((number >>> bit) & 1) bytes[1 + (at >>> 3)]! |= 1 << (at & 7);
    }
  });
  return bytes;
}

test('packed numbers of every width come out as they went in, and as what they mean, in pieces of any length', () => {
  const into = new Uint32Array(4096);
  for (let width = 0; width <= 24; width++) {
    const numbers = Array.from({ length: 248 }, (_, i) => (Math.imul(i + 1, 0x9e3779b1) >>> 3) % 2 ** width);
    for (const piece of [1, 3, 7, 8, 31, 248]) {
      const bytes = packedRun(numbers, width);
      const got: number[] = [];
      const reader = new RunReader(bytes, 0, width);
      for (let left = numbers.length; left > 0; left -= piece) {
        const some = Math.min(piece, left);
        reader.take(into, some);
        got.push(...into.subarray(0, some));
      }
      assert.deepEqual(got, numbers, `${width} bits, ${piece} at a time`);
    }
    const most = Math.max(...numbers);
    const limits = (limit: number) => new RunReader(packedRun(numbers, width), 0, width).areBelow(limit, 248);
    assert.deepEqual([limits(most), limits(most + 1)], [false, true]);
    if (width > 16) continue;
    const meanings = Float64Array.from({ length: most + 1 }, (_, place) => place / 2);
    const means = new Float64Array(250);
    const reader = () => new RunReader(packedRun(numbers, width), 0, width);
    assert.ok(reader().takeMeanings(meanings, { into: means, from: 1, count: 248 }));
    assert.deepEqual([...means], [0, ...numbers.map((number) => number / 2), 0]);
    const fewer = meanings.subarray(0, most);
    assert.equal(reader().takeMeanings(fewer, { into: means, from: 1, count: 248 }), false);
  }
  const longer = new RunReader(packedRun([1, 2, 3, 4, 5, 6, 7, 0], 3), 0, 3);
  assert.throws(() => longer.areBelow(8, 9), /cut short/);
});

test('packed numbers are looked through in pieces of any length, each up to the last one and no further', () => {
  const into = new Uint32Array(64);
  for (let width = 1; width <= 24; width++) {
    const numbers = Array.from({ length: 64 }, (_, place) => (place * 2_654_435_761) % 2 ** width);
    const packed = packedRun(numbers, width);
    // As in a page: other bytes lie before the run and behind it.
    const page = new Uint8Array(packed.length + 10).fill(255);
    page.set(packed, 5);
    for (const piece of [1, 5, 8, 13]) {
      const reader = new RunReader(page.subarray(0, 5 + packed.length), 5, width);
      for (let done = 0; done + piece <= 64; done += 2 * piece) {
        const most = Math.max(...numbers.slice(done, done + piece));
        const isBelow = done % 4 === 0;
        const found = reader.areBelow(isBelow ? most + 1 : most, piece);
        assert.equal(found, isBelow, `${width} bits, ${piece} from ${done}`);
        const next = Math.min(piece, 64 - done - piece);
        reader.take(into, next);
        assert.deepEqual([...into.subarray(0, next)], numbers.slice(done + piece, done + piece + next));
      }
    }
    // A table with a place for every number of the width: nothing is refused but what is not there.
    const cut = () => new RunReader(page.subarray(0, 4 + packed.length), 5, width);
    assert.throws(() => cut().areBelow(2 ** width, 64), /cut short/);
    assert.throws(() => cut().areBelow(2 ** width - 1, 64), /cut short/);
    assert.throws(() => cut().take(into, 64), /cut short/);
    assert.ok(new RunReader(packed, 0, width).areBelow(2 ** width, 64));
  }
  // A run of one value has whole bytes, which may say more than the width has.
  assert.equal(new RunReader(Uint8Array.of(16, 4), 0, 2).areBelow(4, 8), false);
  assert.equal(new RunReader(Uint8Array.of(3), 0, 0).areBelow(0, 8), false);
});

test('texts are read one by one, and none behind the last byte', () => {
  const texts = ['p1', '', 'Zoë', '\u{FEFF}p2', 'x'.repeat(300), ' p3 '];
  const parts = texts.map((text) => {
    const bytes = Buffer.from(text);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return Buffer.concat([length, bytes]);
  });
  const reader = new TextReader(Buffer.concat([Buffer.alloc(2), ...parts]), 2);
  // As decoders do with the mark that some editors write.
  for (const text of texts) assert.equal(reader.take(), text.replace('\u{FEFF}', ''));
  assert.throws(() => reader.take(), /cut short/);
  const own = new Uint8Array(64).fill(65);
  // What lies behind a page in its buffer is another page's.
  for (const length of [3, 5, 60, 0xff]) {
    own.set([length, 0, 0, length === 0xff ? length : 0]);
    assert.throws(() => new TextReader(own.subarray(0, 6), 0).take(), /cut short/);
  }
});

test('a file that is only checked is refused for the same reasons as one whose values are used', () => {
  const problemsIn = (content: Uint8Array, takesValues: boolean) => {
    const problems = new ProblemList();
    try {
      readParquetBatches(sourceOf(content), { dictionary, problems, onBatch: () => undefined, takesValues });
      return problems.kinds();
    } catch (error) {
      assert.ok(error instanceof DataError, (error as Error).stack);
      return error.problems;
    }
  };
  let refused = 0;
  for (const file of [SNAPPY_PARQUET, PLAIN_PARQUET, DELTA_PARQUET]) {
    for (let at = 5; at < file.length; at += 2) {
      const damaged = file.slice();
      damaged[at]! ^= 1 << (at % 8);
      const found = problemsIn(damaged, false);
      assert.deepEqual(found, problemsIn(damaged, true), `byte ${at}`);
      if (found.length > 0) refused++;
    }
  }
  assert.ok(refused > 100);
});

test('a float32 is its shortest decimal', () => {
  for (const text of [
    '0.1',
    '1.6',
    '-273.15',
    '0.000123',
    '123456',
    '1e-7',
    '16777216',
    '3.4028235e+38',
    '0',
  ]) {
    assert.equal(shortestFloat(Math.fround(Number(text))), Number(text), text);
  }
});
