import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Dictionary, dictionaryProblems, validate } from '@consilium/domain';
import { ColumnUnknownError, draftDictionary, HeaderDoubtfulError } from './draft-dictionary.ts';
import { SNAPPY_PARQUET } from './testing/parquet-files.ts';

const directory = mkdtempSync(join(tmpdir(), 'consilium-draft-'));
after(() => rmSync(directory, { recursive: true }));
const fileOf = (text: string | Uint8Array, name = 'patients.csv') => {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
};

/** Forty patients with names, dates, insurance numbers, a rare code and a text that nobody else has. */
const rows = Array.from({ length: 40 }, (_, i) =>
  [
    `insured-${7000 + i}`,
    `Surname${i}`,
    30.25 + i,
    i % 2,
    i === 0 ? 19 : 1 + (i % 3),
    i === 1 ? 'leprosy' : ['angina', 'asthma'][i % 2],
    `19${40 + i}-01-02`,
    i % 5 === 0 ? '?' : 100 + i,
    i % 4,
  ].join(','),
);
const HEADER = 'Insurance,Name,Age (years),sex,stage,diagnosis,born,Pressure,outcome';
const CSV = `${[HEADER, ...rows].join('\n')}\n`;

test('kinds are guessed; bounds, units, texts and rare codes are left to a person', async () => {
  const path = fileOf(CSV);
  const { dictionary, notes } = await draftDictionary(path, {
    id: 'Insurance',
    label: 'outcome',
    header: true,
  });
  const open = { low: 'TODO', high: 'TODO' };
  assert.deepEqual(dictionary, {
    version: 1,
    header: true,
    patientId: 'Insurance',
    missing: ['?'],
    maxRowsPerPatient: 'TODO',
    features: [
      { name: 'age_years', column: 'Age (years)', kind: 'numeric', unit: 'TODO', bounds: open },
      { name: 'sex', kind: 'binary' },
      { name: 'stage', kind: 'categorical', categories: ['1', '2', '3'] },
      { name: 'diagnosis', kind: 'categorical', categories: ['TODO'] },
      { name: 'pressure', column: 'Pressure', kind: 'numeric', unit: 'TODO', bounds: open },
    ],
    label: { column: 'outcome', title: 'TODO', rule: { kind: 'greater-than', threshold: 'TODO' } },
  });
  const told = JSON.stringify([dictionary, notes]);
  assert.doesNotMatch(told, /leprosy|angina|Surname|insured|19|30\.25|139/);
  assert.match(notes.join('\n'), /name: left out[\s\S]*born: left out/);
});

test('no reader accepts a draft before it is filled in, and every reader does afterwards', async () => {
  const { dictionary } = await draftDictionary(fileOf(CSV), {
    id: 'Insurance',
    label: 'outcome',
    header: true,
  });
  assert.throws(() => validate(Dictionary, dictionary), /features\.0\.bounds\.low must be a number/);
  const filled: unknown = JSON.parse(
    JSON.stringify(dictionary)
      .replaceAll('"low":"TODO"', '"low":0')
      .replaceAll('"high":"TODO"', '"high":200')
      .replaceAll('["TODO"]', '["angina","asthma","leprosy"]')
      .replaceAll('"threshold":"TODO"', '"threshold":0')
      .replaceAll('"maxRowsPerPatient":"TODO"', '"maxRowsPerPatient":1'),
  );
  assert.deepEqual(dictionaryProblems(validate(Dictionary, filled)), []);
});

test('a first line that may be a patient is refused without being repeated', async () => {
  for (const first of ['Smith,63,1', 'a,a,b', 'id,1960-02-03,x', 'id,,x']) {
    const path = fileOf(`${first}\nJones,61,0\n`);
    await assert.rejects(draftDictionary(path, { header: true }), (error) => {
      assert.ok(error instanceof HeaderDoubtfulError);
      assert.doesNotMatch(String(error.stack), /Smith|1960/);
      return true;
    });
  }
  await assert.rejects(
    draftDictionary(fileOf('male,yes\nfemale,no\nmale,no\n'), { header: true }),
    HeaderDoubtfulError,
  );
});

test('a file without column names gets numbered ones', async () => {
  const { dictionary } = await draftDictionary(fileOf('63,1\n61,0\n'), { header: false });
  assert.deepEqual(dictionary.columns, ['column_1', 'column_2']);
  assert.equal(dictionary.header, false);
});

test('Parquet files bring their column names along', async () => {
  const path = fileOf(SNAPPY_PARQUET, 'patients.parquet');
  const { dictionary } = await draftDictionary(path, { id: 'id', label: 'ill', header: true });
  const features = dictionary.features as { name: string; kind: string }[];
  assert.deepEqual(
    features.map(({ name, kind }) => `${name} ${kind}`),
    ['age numeric', 'weight numeric', 'height numeric', 'smoker binary', 'dose numeric', 'seen categorical'],
  );
});

test('a column that is not there is named, with those that are', async () => {
  await assert.rejects(draftDictionary(fileOf(CSV), { label: 'death', header: true }), ColumnUnknownError);
});

test('a code that only one patient has, in however many rows, is not written down', async () => {
  const many = (patient: (row: number) => string) =>
    fileOf(
      [
        'patient,stage,outcome',
        ...Array.from({ length: 24 }, (_, row) => `${patient(row)},${1 + (row % 2)},${row % 2}`),
        ...Array.from(
          { length: 30 },
          (_, row) => `${patient(100)},${row < 15 ? 17 : 18},${row < 15 ? 17 : 18}`,
        ),
      ].join('\n'),
    );
  const codesOf = async (path: string, id?: string) => {
    const { dictionary } = await draftDictionary(path, {
      id,
      label: 'outcome',
      labelKind: 'categorical',
      header: true,
    });
    const { features, label } = dictionary as {
      features: { name: string; categories?: string[] }[];
      label: { rule: { categories: string[] } };
    };
    return [features.find(({ name }) => name === 'stage')?.categories, label.rule.categories];
  };
  const file = many((row) => `p${row}`);
  assert.deepEqual(await codesOf(file, 'patient'), [
    ['1', '2'],
    ['0', '1'],
  ]);
  assert.deepEqual(await codesOf(file), [
    ['1', '2', '17', '18'],
    ['0', '1', '17', '18'],
  ]);
  const few = many((row) => `p${row % 4}`);
  assert.deepEqual(await codesOf(few, 'patient'), [['TODO'], ['TODO']]);
});

test('a few codes among numbers leave a column numeric, and are not copied; texts that are all different do not', async () => {
  const lines = Array.from({ length: 60 }, (_, i) =>
    [
      i % 3 === 0 ? ['unk', '<5', 'n.d.'][(i / 3) % 3] : 50.5 + i,
      i % 3 === 0 ? `Surname${i}` : 50.5 + i,
      i % 2 === 0 ? 50.5 + i : 'unk',
      `19${10 + i}-01-02`,
      i % 2,
    ].join(','),
  );
  const path = fileOf(['weight,mixed,rare,born,outcome', ...lines].join('\n'));
  const { dictionary, notes } = await draftDictionary(path, { label: 'outcome', header: true });
  const open = { kind: 'numeric', unit: 'TODO', bounds: { low: 'TODO', high: 'TODO' } };
  assert.deepEqual(dictionary.features, [
    { name: 'weight', ...open },
    { name: 'rare', ...open },
  ]);
  const text = notes.join('\n');
  assert.match(
    text,
    /weight: some cells are no numbers .*add those that mean "not known" to missing.*check names/,
  );
  assert.match(text, /weight: unit, and bounds/);
  assert.match(text, /mixed: left out[\s\S]*born: left out/);
  assert.doesNotMatch(JSON.stringify([dictionary, notes]), /unk"|<5|n\.d\.|Surname|50\.5/);
});
