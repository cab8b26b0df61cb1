import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Dictionary, encodingOf, inputNames } from '@consilium/domain';
import { commitmentBytes } from './commitment-bytes.ts';
import { DataError } from './data-problem.ts';
import { encodeRecord } from './encode-record.ts';
import { datasetOf, readDataset } from './read-dataset.ts';
import { parseTable } from './read-table.ts';
import { isHeldOut, splitPatients } from './split-patients.ts';

const dictionary: Dictionary = {
  version: 1,
  header: true,
  patientId: 'id',
  missing: ['?', '-9'],
  features: [
    {
      name: 'age',
      kind: 'numeric',
      unit: 'a',
      bounds: { low: 0, high: 120 },
      reference: { low: 20, high: 80 },
    },
    { name: 'sex', kind: 'binary' },
    { name: 'pain', column: 'cp', kind: 'categorical', categories: ['1', '2', '3'], missing: ['0'] },
  ],
  label: { column: 'num', title: 'disease', rule: { kind: 'greater-than', threshold: 0 } },
  maxRowsPerPatient: 2,
};
const bytes = (text: string) => new TextEncoder().encode(text);
const read = (text: string, changes: Partial<Dictionary> = {}) => {
  const changed = { ...dictionary, ...changes };
  return datasetOf(parseTable(bytes(text), changed), changed);
};
const people = (count: number) =>
  Array.from({ length: count }, (_, index) => `p${index},50,1.0,${(index % 3) + 1},${index % 2}`);
const file = (...extra: string[]) => ['id,age,sex,cp,num', ...people(12), ...extra].join('\n');

function problemsOf(run: () => unknown) {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof DataError, String(error));
    return error.problems.map(({ code, line, column }) =>
      [code, line, column].filter((part) => part !== undefined),
    );
  }
  return assert.fail('no problem was found');
}

test('rows are encoded by the dictionary alone, in the order the domain names', () => {
  const { units, recordCountBand } = read(file('q,80,0,?,3'));
  const x = units.at(-1)?.rows[0];
  assert.deepEqual(inputNames(encodingOf(dictionary).features), [
    'age',
    'age_missing',
    'sex',
    'sex_missing',
    'pain=1',
    'pain=2',
    'pain=3',
    'pain_missing',
  ]);
  assert.deepEqual([...(x?.x ?? [])], [1, 0, -1, 0, 0, 0, 0, 1]);
  assert.equal(x?.y, 1);
  assert.deepEqual(recordCountBand, { low: 10, high: 49 });
});

test('rows of one patient form one unit, and more than the dictionary allows are refused', () => {
  const { units } = read(file('p0,51,0,1,0'));
  assert.equal(units.length, 12);
  assert.equal(units[0]?.rows.length, 2);
  assert.deepEqual(
    problemsOf(() => read(file('p0,51,0,1,0', 'p0,52,0,1,0'))),
    [['TOO_MANY_ROWS', 15]],
  );
});

test('missing codes are the dictionary’s and the feature’s, written with or without decimals', () => {
  const { units } = read(file('q,-9.0,?,0.0,1'));
  assert.deepEqual(units.at(-1)?.rows[0]?.values, [null, null, null]);
});

test('every problem is told at once with line and column and without the value', () => {
  const text = file('q,130,1,1,0', 'r,old,2,9,0', 's,50,1,1,?', ',50,1,1,1');
  assert.deepEqual(
    problemsOf(() => read(text)),
    [
      ['VALUE_OUT_OF_BOUNDS', 14, 'age'],
      ['VALUE_NOT_A_NUMBER', 15, 'age'],
      ['VALUE_NOT_BINARY', 15, 'sex'],
      ['VALUE_NOT_A_CATEGORY', 15, 'cp'],
      ['LABEL_MISSING', 16, 'num'],
      ['PATIENT_ID_MISSING', 17, 'id'],
    ],
  );
  assert.throws(
    () => read(text),
    (error: Error) => !/130|old/.test(error.message),
  );
});

test('a label that is not 0 or 1 is refused under the binary rule', () => {
  const label = { ...dictionary.label, rule: { kind: 'binary' } as const };
  assert.deepEqual(
    problemsOf(() => read(file('q,50,1,1,2'), { label })),
    [['LABEL_NOT_BINARY', 14, 'num']],
  );
  assert.deepEqual(
    problemsOf(() => read(file('q,50,1,1,yes'))),
    [['LABEL_NOT_A_NUMBER', 14, 'num']],
  );
});

test('an unknown or doubled column, an empty file, a ragged row and what is not CSV are refused', () => {
  assert.deepEqual(
    problemsOf(() => read('id,age,sex,num\na,1,1,1')),
    [['COLUMN_UNKNOWN', 'cp']],
  );
  assert.deepEqual(
    problemsOf(() => read('id,age,sex,cp,num,age\na,1,1,1,0,2')),
    [['COLUMN_TWICE', 'age']],
  );
  assert.deepEqual(
    problemsOf(() => read('')),
    [['FILE_EMPTY']],
  );
  assert.deepEqual(
    problemsOf(() => read('id,age,sex,cp,num\n')),
    [['FILE_EMPTY']],
  );
  assert.deepEqual(
    problemsOf(() => read(file('q,50,1'))),
    [['ROW_LENGTH', 14]],
  );
  assert.deepEqual(
    problemsOf(() => read('PK\u0003\u0004\0\0')),
    [['FILE_NOT_CSV']],
  );
  assert.deepEqual(
    problemsOf(() => parseTable(Uint8Array.of(0xff, 0xfe, 0x41), dictionary)),
    [['FILE_NOT_CSV']],
  );
  assert.deepEqual(
    problemsOf(() => read('{\n"a": 1\n}')),
    [['FILE_NOT_CSV', 2]],
  );
  assert.deepEqual(
    problemsOf(() => read(file('q,"50,1,1,0'))),
    [['FILE_NOT_CSV', 14]],
  );
});

test('a file that cannot be opened says so', async () => {
  await assert.rejects(readDataset({ path: '/nowhere/data.csv', dictionary }), /FILE_UNREADABLE/);
});

test('a dataset below the smallest band is refused', () => {
  assert.deepEqual(
    problemsOf(() => read('id,age,sex,cp,num\na,50,1,1,1')),
    [['TOO_FEW_PATIENTS']],
  );
});

test('a record for a prediction is encoded like a row, and unknown or bad features are named', () => {
  assert.deepEqual([...encodeRecord({ age: 50, sex: 1, pain: 2 }, dictionary)], [0, 0, 1, 0, 0, 1, 0, 0]);
  assert.deepEqual([...encodeRecord({}, dictionary)], [0, 1, 0, 1, 0, 0, 0, 1]);
  assert.deepEqual(
    problemsOf(() => encodeRecord({ age: 500, height: 1 }, dictionary, 3)),
    [
      ['FEATURE_UNKNOWN', 3, 'height'],
      ['VALUE_OUT_OF_BOUNDS', 3, 'age'],
    ],
  );
});

test('the commitment ignores the order of rows and notices any change of value, label, patient or salt', () => {
  const salt = new Uint8Array(32).fill(7);
  const of = (text: string, key = salt) => Buffer.from(commitmentBytes(read(text).units, key)).toString();
  const [header, ...rows] = file().split('\n');
  assert.equal(of(file()), of([header, ...rows.reverse()].join('\n')));
  assert.notEqual(of(file()), of(file().replace('p3,50', 'p3,51')));
  assert.notEqual(of(file()), of(file().replace('p3,', 'x3,')));
  assert.notEqual(of(file()), of(file(), new Uint8Array(32).fill(8)));
  assert.throws(() => of(file(), new Uint8Array(16)), RangeError);
});

test('a patient’s side of the split depends on that patient and the salt alone', () => {
  const salt = new Uint8Array(32).fill(1);
  const units = Array.from({ length: 4000 }, (_, index) => ({ patientId: `p${index}` }));
  const { training, heldOut } = splitPatients(salt, units);
  assert.equal(training.length + heldOut.length, units.length);
  assert.ok(Math.abs(heldOut.length - 800) < 5 * Math.sqrt(4000 * 0.2 * 0.8), `${heldOut.length} held out`);
  assert.ok(heldOut.every(({ patientId }) => isHeldOut(salt, patientId)));
  const other = splitPatients(new Uint8Array(32).fill(2), units).heldOut;
  const both = other.filter(({ patientId }) => isHeldOut(salt, patientId)).length;
  assert.ok(both < 260, 'another salt gives an independent split');
});

test('without ids every row is a patient, and adding or removing one moves no other, wherever it stands', () => {
  const salt = new Uint8Array(32).fill(1);
  const rows = people(40).map((row, index) => (index % 5 === 0 ? people(1)[0]! : row));
  const sides = (lines: readonly string[]) => {
    const { units } = read(['id,age,sex,cp,num', ...lines].join('\n'), { patientId: null });
    assert.equal(units.length, lines.length);
    const { training, heldOut } = splitPatients(salt, units);
    return [training, heldOut].map((own) =>
      own.map(({ patientId, rows }) => JSON.stringify([patientId, rows])),
    );
  };
  const all = sides(rows);
  assert.ok(all.every((own) => own.length > 0));
  for (let removed = 0; removed < rows.length; removed++) {
    const left = sides(rows.toSpliced(removed, 1));
    const missing = all.map((own, side) => own.filter((unit) => !left[side]!.includes(unit)));
    assert.equal(missing.flat().length, 1);
    assert.equal(left.flat().length, rows.length - 1);
    assert.ok(left.every((own, side) => own.every((unit) => all[side]!.includes(unit))));
  }
});
