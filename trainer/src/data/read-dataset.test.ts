import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bandOf, type Dictionary, encodingOf, inputNames } from '@consilium/domain';
import { CommitmentLines } from './commitment-lines.ts';
import { DataError } from './data-problem.ts';
import { encodeRecord } from './encode-record.ts';
import { PatientIds, patientIdAt } from './patient-ids.ts';
import { type DatasetWish, readDataset } from './read-dataset.ts';
import { heldOutFlags, heldOutFlagsInTurns, isHeldOut, splitDataset } from './split-patients.ts';
import { readContent, unitsOf } from './testing/read-units.ts';

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
const read = async (
  text: string | Uint8Array,
  changes: Partial<Dictionary> = {},
  wish: Omit<DatasetWish, 'dictionary'> = {},
) => {
  const dataset = await readContent(text, { ...dictionary, ...changes }, wish);
  return { ...dataset, units: dataset.encoded === undefined ? [] : unitsOf(dataset) };
};
const people = (count: number) =>
  Array.from({ length: count }, (_, index) => `p${index},50,1.0,${(index % 3) + 1},${index % 2}`);
const file = (...extra: string[]) => ['id,age,sex,cp,num', ...people(12), ...extra].join('\n');

async function problemsOf(run: () => unknown) {
  try {
    await run();
  } catch (error) {
    assert.ok(error instanceof DataError, String(error));
    return error.problems.map(({ code, line, column, count }) =>
      [code, line, column, count].filter((part) => part !== undefined),
    );
  }
  return assert.fail('no problem was found');
}

test('rows are encoded by the dictionary alone, in the order the domain names', async () => {
  const { units, recordCountBand } = await read(file('q,80,0,?,3'));
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

test('a code is the place of its category, and the place after the last where it is not known', async () => {
  const features = dictionary.features.map((feature) =>
    feature.kind === 'categorical' ? ({ ...feature, kind: 'code' } as const) : feature,
  );
  const salt = new Uint8Array(32).fill(7);
  const rows = file('q,80,0,?,3', 'r,20,1,3.0,0', 's,20,1,0,0');
  const { units, commitment } = await read(rows, { features }, { salt });
  assert.deepEqual(
    units.slice(-3).map(({ rows: [row] }) => [...row!.x]),
    [
      [1, 0, -1, 0, 3],
      [-1, 0, 1, 0, 2],
      [-1, 0, 1, 0, 3],
    ],
  );
  const record = encodeRecord({ age: 20, sex: 1, pain: 3 }, { ...dictionary, features });
  assert.deepEqual([...record], [-1, 0, 1, 0, 2]);
  assert.deepEqual([...encodeRecord({}, { ...dictionary, features })], [0, 1, 0, 1, 3]);
  assert.equal(
    commitment,
    (await read(rows, {}, { salt })).commitment,
    'what is committed to are categories',
  );
  assert.deepEqual(await problemsOf(() => read(file('q,80,0,4,3'), { features })), [
    ['VALUE_NOT_A_CATEGORY', 14, 'cp'],
  ]);
});

test('rows of one patient form one unit, and more than the dictionary allows are refused', async () => {
  const { units } = await read(file('p0,51,0,1,0'));
  assert.equal(units.length, 12);
  assert.equal(units[0]?.rows.length, 2);
  assert.deepEqual(await problemsOf(() => read(file('p0,51,0,1,0', 'p0,52,0,1,0'))), [['TOO_MANY_ROWS', 15]]);
});

test('missing codes are the dictionary’s and the feature’s, written with or without decimals', async () => {
  const { units } = await read(file('q,-9.0,?,0.0,1'));
  assert.deepEqual([...(units.at(-1)?.rows[0]?.x ?? [])], [0, 1, 0, 1, 0, 0, 0, 1]);
});

test('every problem is listed at once, with line and column and without the value', async () => {
  const text = file('q,130,1,1,0', 'r,old,2,9,0', 's,50,1,1,?', ',50,1,1,1');
  assert.deepEqual(await problemsOf(() => read(text)), [
    ['VALUE_OUT_OF_BOUNDS', 14, 'age'],
    ['VALUE_NOT_A_NUMBER', 15, 'age'],
    ['VALUE_NOT_BINARY', 15, 'sex'],
    ['VALUE_NOT_A_CATEGORY', 15, 'cp'],
    ['LABEL_MISSING', 16, 'num'],
    ['PATIENT_ID_MISSING', 17, 'id'],
  ]);
  await assert.rejects(read(text), (error: Error) => !/130|old/.test(error.message));
});

test('a label that is not 0 or 1 is refused under the binary rule', async () => {
  const label = { ...dictionary.label, rule: { kind: 'binary' } as const };
  assert.deepEqual(await problemsOf(() => read(file('q,50,1,1,2'), { label })), [
    ['LABEL_NOT_BINARY', 14, 'num'],
  ]);
  assert.deepEqual(await problemsOf(() => read(file('q,50,1,1,yes'))), [['LABEL_NOT_A_NUMBER', 14, 'num']]);
});

test('an unknown or doubled column, an empty file and a ragged row are refused', async () => {
  assert.deepEqual(await problemsOf(() => read('id,age,sex,num\na,1,1,1')), [['COLUMN_UNKNOWN', 'cp']]);
  assert.deepEqual(await problemsOf(() => read('id,age,sex,cp,num,age\na,1,1,1,0,2')), [
    ['COLUMN_TWICE', 'age'],
  ]);
  assert.deepEqual(await problemsOf(() => read('')), [['FILE_EMPTY']]);
  assert.deepEqual(await problemsOf(() => read('id,age,sex,cp,num\n')), [['FILE_EMPTY']]);
  assert.deepEqual(await problemsOf(() => read(file('q,50,1'))), [['ROW_LENGTH', 14]]);
});

test('a file that cannot be opened says so', async () => {
  await assert.rejects(readDataset({ path: '/nowhere/data.csv', dictionary }), /FILE_UNREADABLE/);
});

test('a dataset below the smallest band is refused', async () => {
  assert.deepEqual(await problemsOf(() => read('id,age,sex,cp,num\na,50,1,1,1')), [['TOO_FEW_PATIENTS']]);
});

test('a record for a prediction is encoded like a row, and unknown or bad features are named', async () => {
  assert.deepEqual([...encodeRecord({ age: 50, sex: 1, pain: 2 }, dictionary)], [0, 0, 1, 0, 0, 1, 0, 0]);
  assert.deepEqual([...encodeRecord({}, dictionary)], [0, 1, 0, 1, 0, 0, 0, 1]);
  assert.deepEqual(await problemsOf(() => encodeRecord({ age: 500, height: 1 }, dictionary, 3)), [
    ['FEATURE_UNKNOWN', 3, 'height'],
    ['VALUE_OUT_OF_BOUNDS', 3, 'age'],
  ]);
});

const SALT = new Uint8Array(32).fill(7);
const commitmentOf = async (text: string | Uint8Array, changes: Partial<Dictionary> = {}, salt = SALT) =>
  (await read(text, changes, { salt, encode: false })).commitment;

test('the commitment ignores the order of rows and notices any change of value, label, patient or salt', async () => {
  const [header, ...rows] = file().split('\n');
  const own = await commitmentOf(file());
  assert.equal(own, await commitmentOf([header, ...rows.reverse()].join('\n')));
  assert.notEqual(own, await commitmentOf(file().replace('p3,50', 'p3,51')));
  assert.notEqual(own, await commitmentOf(file().replace('p3,', 'x3,')));
  assert.notEqual(own, await commitmentOf(file(), {}, new Uint8Array(32).fill(8)));
  await assert.rejects(commitmentOf(file(), {}, new Uint8Array(16)), RangeError);
});

/** Numbers in many forms, categories with quotes and umlauts, and ids whose UTF-8 and UTF-16 orders differ. */
const odd = (() => {
  const ids = ['p1', '😀a', '～a', 'Ü"q', 'p10', 'p2', 'a,b', 'zz', '\u{10000}', 'ﬀ', 'p3', 'p4'];
  const ages = ['1e-7', '50', '1.50', '-0', '0.1', '119.99999999999999', '12', '?', '33', '.5', '7.', '1e2'];
  const pains = ['1', '2.0', '"Ärger ""x"""', '0', ''];
  const rows = ids.flatMap((id, i) =>
    [0, 1].map((k) =>
      [`"${id.replaceAll('"', '""')}"`, ages[(i + k) % 12], i % 2, pains[(i + k) % 5], (i * k) % 3].join(','),
    ),
  );
  return `id,age,sex,cp,num\n${rows.join('\n')}\n`;
})();
const ODD: Partial<Dictionary> = {
  features: [
    { name: 'age', kind: 'numeric', unit: 'a', bounds: { low: -10, high: 120 } },
    { name: 'sex', kind: 'binary' },
    { name: 'pain', column: 'cp', kind: 'categorical', categories: ['1', '2', 'Ärger "x"'], missing: ['0'] },
  ],
};

test('the commitment to a file is the one that earlier versions made of it, with ids and without', async () => {
  const salt = new Uint8Array(32).fill(9);
  // As version 0.1.0 made them of the whole file in memory.
  assert.equal(
    await commitmentOf(odd, ODD, salt),
    'bafkreid5qq6vf5j6jdyf7mfnfgwpv3st5e2v3gwzgdczvdcstonur6xhhi',
  );
  assert.equal(
    await commitmentOf(odd, { ...ODD, patientId: null }, salt),
    'bafkreietufbfjqugttemzjvmtmjn3q4tymnwvtizou5mrd5m2klqj4ggx4',
  );
  const { patients } = await read(odd, { ...ODD, patientId: null });
  assert.equal(
    patientIdAt(patients, 3),
    '40907591d9442c682236e09c645c25e95dc7860e04f433f7438addf48e6cb6c0-1',
  );
});

test('the commitment is that of earlier versions whatever white space is around fields and names of columns', async () => {
  const spaced = odd
    .replace('id,age,', '" id ",age\u2009,')
    .replaceAll('\n"', '\n\ufeff"')
    .replaceAll('",', '"\u00a0,')
    .replaceAll('\n', '\u3000\n')
    .replaceAll(',1', ',\f1');
  const salt = new Uint8Array(32).fill(9);
  assert.notEqual(spaced, odd);
  assert.equal(
    await commitmentOf(spaced, ODD, salt),
    'bafkreid5qq6vf5j6jdyf7mfnfgwpv3st5e2v3gwzgdczvdcstonur6xhhi',
  );
});

test('lines that are sorted in many runs come in the order of all', () => {
  const labels = Float64Array.from({ length: 500 }, (_, row) => row % 3);
  const values = [Float64Array.from(labels, (_, row) => (row * 7919) % 500)];
  const ids = ['～', '😀', 'a', 'ﬀ', 'Z'];
  const batch = { count: 500, values, labels, ids: undefined, lines: labels };
  const one: Dictionary = { ...dictionary, features: [dictionary.features[0]!] };
  const bytesWith = (runBytes?: number) => {
    using lines = new CommitmentLines(one, SALT, { runBytes });
    labels.forEach((_, row) => {
      lines.add(batch, row, `${ids[row % 5]}${row % 100}`);
    });
    return Buffer.concat([...lines.blocks()]).toString();
  };
  const whole = bytesWith();
  assert.equal(whole.split('\n').length, 502);
  const [, ...rows] = whole.trimEnd().split('\n');
  assert.deepEqual(rows, rows.toSorted());
  for (const runBytes of [300, 1000, 4096, 30_000]) assert.equal(bytesWith(runBytes), whole);
});

test('a patient’s side of the split depends on that patient and the salt alone', async () => {
  const salt = new Uint8Array(32).fill(1);
  const { patients } = await read(['id,age,sex,cp,num', ...people(4000)].join('\n'));
  const flags = heldOutFlags(salt, patients);
  const count = flags.reduce((sum, flag) => sum + flag, 0);
  assert.ok(Math.abs(count - 800) < 5 * Math.sqrt(4000 * 0.2 * 0.8), `${count} held out`);
  flags.forEach((flag, patient) => {
    assert.equal(flag === 1, isHeldOut(salt, patientIdAt(patients, patient)));
  });
  const other = heldOutFlags(new Uint8Array(32).fill(2), patients);
  const both = flags.filter((flag, patient) => flag === 1 && other[patient] === 1).length;
  assert.ok(both < 260, 'another salt gives an independent split');
});

test('the split of many patients lets others have their turn, and is the same', async () => {
  const salt = new Uint8Array(32).fill(1);
  const ids = new PatientIds();
  for (let patient = 0; patient < 20_000; patient++) ids.numberOf(`p${patient}`);
  const table = ids.table();
  let turns = 0;
  let isOver = false;
  const takeTurns = (): void => {
    turns += 1;
    if (!isOver) setImmediate(takeTurns);
  };
  setImmediate(takeTurns);
  const flags = await heldOutFlagsInTurns(salt, table);
  isOver = true;
  assert.deepEqual(flags, heldOutFlags(salt, table));
  assert.ok(turns >= 3, `${turns} turns`);
});

test('without ids every row is a patient, and adding or removing one moves no other, wherever it is', async () => {
  const salt = new Uint8Array(32).fill(1);
  const rows = people(40).map((row, index) => (index % 5 === 0 ? people(1)[0]! : row));
  const sides = async (lines: readonly string[]) => {
    const dataset = await read(['id,age,sex,cp,num', ...lines].join('\n'), { patientId: null });
    assert.equal(dataset.units.length, lines.length);
    const flags = heldOutFlags(salt, dataset.patients);
    return [0, 1].map((side) =>
      dataset.units
        .filter((_, unit) => flags[unit] === side)
        .map(({ patientId, rows }) => JSON.stringify([patientId, rows])),
    );
  };
  const all = await sides(rows);
  assert.ok(all.every((own) => own.length > 0));
  for (let removed = 0; removed < rows.length; removed++) {
    const left = await sides(rows.toSpliced(removed, 1));
    const missing = all.map((own, side) => own.filter((unit) => !left[side]!.includes(unit)));
    assert.equal(missing.flat().length, 1);
    assert.equal(left.flat().length, rows.length - 1);
    assert.ok(left.every((own, side) => own.every((unit) => all[side]!.includes(unit))));
  }
});

test('a divided dataset has each patient’s rows together on one side, whatever their order in the file', async () => {
  const salt = new Uint8Array(32).fill(1);
  const lines = people(30);
  const twice = [
    'id,age,sex,cp,num',
    ...lines,
    ...lines.toReversed().map((line) => line.replace(',50,', ',60,')),
  ];
  const dataset = await read(twice.join('\n'));
  const flags = heldOutFlags(salt, dataset.patients);
  for (const unit of ['patient', 'record'] as const) {
    const divided = splitDataset(dataset, { salt, unit });
    for (const [side, { rowOffsets, features, labels, featureCount }] of [
      divided.training,
      divided.heldOut,
    ].entries()) {
      const own = dataset.units.filter((_, patient) => flags[patient] === side);
      assert.deepEqual(
        [...features],
        own.flatMap(({ rows }) => rows.flatMap(({ x }) => [...x])),
      );
      assert.deepEqual(
        [...labels],
        own.flatMap(({ rows }) => rows.map(({ y }) => y)),
      );
      assert.equal(featureCount, 8);
      const step = unit === 'patient' ? 2 : 1;
      assert.deepEqual(
        [...rowOffsets],
        Array.from({ length: (own.length * 2) / step + 1 }, (_, i) => i * step),
      );
    }
  }
});

test('files of several parts of encoded rows keep their order', async () => {
  const count = 2 ** 16 + 5000;
  const lines = Array.from({ length: count }, (_, i) => `p${i},${i % 121},${i % 2},${(i % 3) + 1},${i % 2}`);
  const { encoded, recordCountBand } = await read(['id,age,sex,cp,num', ...lines].join('\n'));
  assert.equal(encoded?.parts.length, 2);
  assert.equal(encoded.parts[1]?.length, 5000 * 8);
  assert.deepEqual(recordCountBand, bandOf(count));
  for (const row of [0, 4095, 4096, 2 ** 16 - 1, 2 ** 16, count - 1]) {
    const x = encoded.parts[row >> 16]!.subarray((row % 2 ** 16) * 8, (row % 2 ** 16) * 8 + 8);
    const wanted = [
      (2 * ((row % 121) - 20)) / 60 - 1,
      0,
      row % 2 ? 1 : -1,
      0,
      ...[0, 1, 2].map((k) => Number(row % 3 === k)),
      0,
    ];
    assert.deepEqual([...x], [...Float32Array.from(wanted)]);
  }
});

test('progress is the number of rows so far', async () => {
  const seen: number[] = [];
  await read(['id,age,sex,cp,num', ...people(10_000)].join('\n'), {}, { onRows: (rows) => seen.push(rows) });
  assert.deepEqual(seen, [4096, 8192, 10_000]);
});

test('a dataset that takes more memory than it may is refused', async () => {
  const text = ['id,age,sex,cp,num', ...people(5000)].join('\n');
  await assert.rejects(read(text, {}, { memoryBytes: 1_000_000 }), /^DataError: FILE_TOO_LARGE/);
});

test('what sorting takes is part of what reading may take, and a file that fits with less is sorted in shorter runs', async () => {
  const rows = Array.from(
    { length: 30_000 },
    (_, i) => `p${(i * 7919) % 30_000},50,1,${(i % 3) + 1},${i % 2}`,
  );
  const text = ['id,age,sex,cp,num', ...rows].join('\n');
  const salt = new Uint8Array(32).fill(5);
  const reads = (memoryBytes: number, more: Omit<DatasetWish, 'dictionary'> = {}) =>
    readContent(text, dictionary, { encode: false, memoryBytes, ...more }).then(
      ({ commitment }) => commitment ?? 'none',
      (error: unknown) => {
        assert.ok(error instanceof DataError);
        return error.problems[0]!.code;
      },
    );
  const least = async (more: Omit<DatasetWish, 'dictionary'>) => {
    let [no, yes] = [0, 2 ** 27];
    while (yes - no > 2 ** 14) {
      const middle = (no + yes) >> 1;
      if ((await reads(middle, more)) === 'FILE_TOO_LARGE') no = middle;
      else yes = middle;
    }
    return yes;
  };
  const [without, withSalt] = [await least({}), await least({ salt })];
  // A run of a megabyte at least, and the order of its lines.
  assert.ok(withSalt >= without + 2 ** 20, `${withSalt} with a commitment, ${without} without`);
  assert.equal(await reads(withSalt, { salt }), await reads(2 ** 30, { salt }));
});
