import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ConfigError } from '@consilium/command-line';
import { folderOf, ownFolder } from '../src/programs.ts';
import { exportsOf, labelOf, patientsOf, readRows, writeExport } from './data-files.ts';
import { isOwnFolder, ownFiles } from './own-files.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-own-'));
after(() => rmSync(root, { recursive: true }));
const unbuilt =
  !existsSync(join(folderOf('trainer'), 'dist/src/main.js')) && 'not run: the trainer is not built';

const DICTIONARY = {
  version: 1,
  header: true,
  patientId: 'id',
  missing: ['NA'],
  maxRowsPerPatient: 2,
  features: [
    { name: 'age', column: 'Age (years)', kind: 'numeric', unit: 'years', bounds: { low: 18, high: 110 } },
    { name: 'ward', kind: 'categorical', categories: ['a, b', 'c'] },
  ],
  label: { column: 'ill', title: 'Ill', rule: { kind: 'binary' } },
};
const STUDY = { study: { question: 'Who is ill?', purpose: 'DUO:0000006' } };

/** 60 patients, of whom the last has two rows, with a column that nobody asked for. */
function csv(delimiter: string, { header = ['name', 'id', 'Age (years)', 'ward', 'ill'] } = {}): string {
  const row = (patient: number, age: number) =>
    ['Doe', `p${patient}`, String(age), patient % 2 ? '"a, b"' : 'c', String(patient % 2)].join(delimiter);
  const rows = Array.from({ length: 60 }, (_, patient) => row(patient, 30 + (patient % 40)));
  return [header.join(delimiter), ...rows, row(59, 70)].map((line) => `${line}\r\n`).join('');
}

let made = 0;
interface Folder {
  readonly files?: Readonly<Record<string, string>>;
  readonly dictionary?: unknown;
  readonly study?: unknown;
}
const GOOD = { 'North Clinic.csv': csv(';'), 'São Paulo.csv': csv('\t'), 'west.csv': csv(',') };

function folder({ files = GOOD, dictionary = DICTIONARY, study = STUDY }: Folder): string {
  made += 1;
  const path = join(root, String(made), 'data');
  mkdirSync(path, { recursive: true });
  const json = { 'dictionary.json': dictionary, 'study.json': study };
  for (const [name, value] of Object.entries(json)) {
    if (value !== null)
      writeFileSync(join(path, name), typeof value === 'string' ? value : JSON.stringify(value));
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

const read = (path: string, rounds?: number) =>
  ownFiles(path, { outDirectory: join(path, '../out'), rounds });

/** Every sentence of a refusal. */
async function refusal(path: string): Promise<string> {
  const error = await read(path).then(
    () => assert.fail('it was taken'),
    (refused: unknown) => refused,
  );
  assert.ok(error instanceof ConfigError, String(error));
  return error.message;
}

test('each file of a folder is a hospital, and the study has what study.json leaves out', {
  skip: unbuilt,
}, async () => {
  const { source, plan } = await read(folder({}));
  assert.deepEqual(
    source.hospitals.map(({ name, mspId, title, own }) => [name, mspId, title, own]),
    [
      ['north-clinic', 'NorthClinicMSP', 'North Clinic', 'North Clinic.csv'],
      ['sao-paulo', 'SaoPauloMSP', 'São Paulo', 'São Paulo.csv'],
      ['west', 'WestMSP', 'west', 'west.csv'],
    ],
  );
  assert.equal(plan.study.question, 'Who is ill?');
  assert.equal(plan.study.title, 'Ill');
  assert.deepEqual(plan.study.quorum, { updates: 2, validators: 2 });
  assert.deepEqual(plan.model, { kind: 'logistic-regression', localIntercept: true });
  assert.deepEqual(plan.study.training.noiseMultiplier, '8.3');
  assert.deepEqual(source.dictionary.columns, ['id', 'Age (years)', 'ward', 'ill']);
});

test('an export has the columns of the dictionary alone, and leaves out later patients with all their rows', {
  skip: unbuilt,
}, async () => {
  const path = folder({});
  const { source } = await read(path);
  const { hospitals, dictionary } = exportsOf(source, join(path, '../exports'));
  for (const hospital of hospitals) {
    assert.doesNotMatch(readFileSync(hospital.file, 'utf8'), /Doe/);
    const rows = readRows(hospital.file);
    assert.deepEqual([rows.length, rows[1]], [61, ['p1', '31', 'a, b', '1']]);
    assert.deepEqual([labelOf(rows[0]!, dictionary), labelOf(rows[1]!, dictionary)], [0, 1]);
    writeExport(hospital, { without: 20 });
    const earlier = readRows(hospital.file);
    assert.deepEqual([earlier.length, patientsOf(earlier).at(-1)], [40, 'p39']);
  }
});

test('patients of files without ids get some, in a column that the dictionary does not use', {
  skip: unbuilt,
}, async () => {
  const features = [...DICTIONARY.features, { name: 'patient', kind: 'binary' }];
  const dictionary = { ...DICTIONARY, features, patientId: null, maxRowsPerPatient: 1 };
  const rows = Array.from({ length: 50 }, (_, i) => `4${i % 10},c,${i % 2},${i % 2}\n`).join('');
  const text = `Age (years),ward,patient,ill\n${rows}`;
  const path = folder({ dictionary, files: { 'a.csv': text, 'b.csv': text, 'c.csv': text } });
  const { source } = await read(path);
  assert.deepEqual(source.dictionary.patientId, 'patient_id');
  const [first] = exportsOf(source, join(path, '../exports')).hospitals;
  assert.deepEqual(readRows(first!.file)[1], ['a-0002', '41', 'c', '1', '1']);
});

test('what is wrong with names, links, dictionary and study is said at once', async () => {
  const path = folder({
    files: { 'west.csv': csv(','), 'West.CSV': csv(','), '1st.csv': csv(','), 'ledger.csv': csv(',') },
    dictionary: { ...DICTIONARY, label: { column: 'TODO', title: 'Ill', rule: { kind: 'binary' } } },
    study: { study: { purpose: 'fun', colour: 'red', training: { noiseMultiplier: 9 } } },
  });
  writeFileSync(join(path, '../outside.csv'), csv(','));
  symlinkSync('../outside.csv', join(path, 'linked.csv'));
  mkdirSync(join(path, 'folder.csv'));
  const said = await refusal(path);
  for (const expected of [
    /west.csv names the same hospital as West.CSV: /,
    /1st.csv does not name a hospital: begin it with a letter/,
    /ledger.csv names ledger, which a part of the network is called: rename it/,
    /linked.csv leads out of the folder: put the file itself there/,
    /folder.csv is not a file: /,
    /dictionary.json: label.column still says TODO: fill it in/,
    /study.json: study.question is missing: write what/,
    /study.json: study.purpose must be one of DUO:.*: write a Data Use Ontology term/,
    /study.json: study.colour is not a known field: remove it/,
    /study.json: study.training.noiseMultiplier must be text: write it in quotes/,
  ]) {
    assert.match(said, expected);
  }
});

test('a folder without a dictionary, a study and enough files says what to write', async () => {
  const said = await refusal(folder({ files: { 'a.csv': csv(',') }, dictionary: null, study: '{"study":' }));
  assert.match(said, /dictionary.json is not there: draft it with `consilium-trainer dictionary init`/);
  assert.match(said, /study.json.* is not JSON: correct it/);
  assert.match(said, /the folder has 1 CSV file: put one per hospital there, 3 to 8/);
});

test('files that do not fit the dictionary are named with column and line, and no value is shown', {
  skip: unbuilt,
}, async () => {
  const files = {
    'a.csv': csv(',', { header: ['name', 'id', 'Age (years)', 'ward', 'Ill'] }),
    'b.csv': csv(';').replace(';35;', ';35,5;'),
    'c.csv': csv(',').replace(',31,', ',777,'),
    'd.csv': csv(',').split('\r\n').slice(0, 20).join('\n'),
    'e.csv': `${csv(',')}p98,1\n`,
    'f.csv': '',
  };
  const said = await refusal(folder({ files }));
  for (const expected of [
    /a.csv has no column ill, the label of dictionary.json: write it as dictionary.json does, not Ill/,
    /b.csv: Age \(years\) \(line 7\) has a decimal comma: write numbers with a point/,
    /c.csv: Age \(years\) \(line 3\): VALUE_OUT_OF_BOUNDS: /,
    /d.csv has fewer than 50 patients: add patients, or leave the file out/,
    /e.csv: a row \(line 63\) has 2 values, not 5: correct the line/,
    /f.csv has no rows/,
  ]) {
    assert.match(said, expected);
  }
  assert.doesNotMatch(said, /777|35,5|p98/);
});

test('a study that the ledger or the budget would refuse is refused before anything starts', {
  skip: unbuilt,
}, async () => {
  const study = {
    ...STUDY,
    budget: { epsilon: '1' },
    study: { ...STUDY.study, quorum: { updates: 4, validators: 1 }, unit: 'record' },
  };
  const said = await refusal(folder({ study }));
  for (const expected of [
    /study.json: study.quorum.updates must be at most the 3 datasets/,
    /study.json: study.quorum.validators must be more than half of the 3 hospitals/,
    /study.json: study.unit must be patient/,
    /study.json: study.training.noiseMultiplier costs ε 2\.\d+ in 6 rounds, and the budget has ε 1: raise it/,
    /study.json: study.validation.noiseMultiplier costs ε 1\.\d+ in 6 rounds/,
  ]) {
    assert.match(said, expected);
  }
  const rule = { kind: 'categorical', categories: ['0', '1'] };
  const categorical = { ...DICTIONARY, label: { ...DICTIONARY.label, rule } };
  assert.match(
    await refusal(folder({ dictionary: categorical })),
    /dictionary.json: label.rule is categorical.*: make it binary or greater-than/,
  );
});

test('a graph has to lie in the folder and to be one of the dictionary', { skip: unbuilt }, async () => {
  const model = (path: string) => ({ ...STUDY, model: { kind: 'onnx', path } });
  const outside = folder({ study: model('../net.onnx') });
  writeFileSync(join(outside, '../net.onnx'), 'no graph');
  assert.match(
    await refusal(outside),
    /study.json: model.path ..\/net.onnx leads out of the folder: put the file itself there/,
  );
  const path = folder({ study: model('net.onnx') });
  writeFileSync(join(path, 'net.onnx'), 'no graph');
  assert.match(await refusal(path), /study.json: model.path net.onnx: model: /);
});

test('the heart-disease study is itself of this form', { skip: unbuilt }, async () => {
  const heart = join(ownFolder, 'studies/heart-disease');
  const text = (name: string) => readFileSync(join(heart, name), 'utf8');
  const sites = ['cleveland', 'hungarian', 'va'];
  const files = Object.fromEntries(sites.map((site) => [`${site}.csv`, text(`data/processed.${site}.data`)]));
  const study = JSON.parse(text('study.json'));
  const path = folder({ files, dictionary: text('dictionary.json'), study });
  assert.equal(isOwnFolder(path), true);
  assert.equal(isOwnFolder(join(heart, 'data')), false);
  const { plan } = await read(path, 2);
  assert.deepEqual(plan.study, { ...study.study, rounds: 2 });
  assert.deepEqual(plan.budget, study.budget);
});
