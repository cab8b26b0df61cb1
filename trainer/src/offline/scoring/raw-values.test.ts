import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, describe, it } from 'node:test';
import { Dictionary, encodingOf, validate } from '@consilium/domain';
import {
  buildForwardModel,
  type ColumnValues,
  readForwardModel,
  runColumns,
  withParameters,
  withRawInputs,
} from '@consilium/onnx-grad';
import { openSession } from '@consilium/onnx-grad/testing/graph-parts';
import { encodeFeatures, readValue } from '../../data/index.ts';
import { rawColumns } from './raw-columns.ts';

/** The folder of the repository, from sources and from compiled code alike. */
const root = import.meta.dirname.replace(/[/\\]trainer[/\\].*$/, '');
const study = resolve(root, 'network/studies/heart-disease');
const dictionary = validate(Dictionary, JSON.parse(readFileSync(join(study, 'dictionary.json'), 'utf8')));
const HOSPITALS = ['cleveland', 'hungarian', 'switzerland', 'va'];
const directory = mkdtempSync(join(tmpdir(), 'consilium-raw-'));
after(() => rmSync(directory, { recursive: true }));

/** The cells of UCI's file, by column: nobody's reader but a split at commas. */
function columnsOf(hospital: string): Readonly<Record<string, readonly string[]>> {
  const text = readFileSync(join(study, 'data', `processed.${hospital}.data`), 'utf8');
  const rows = text
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(',').map((cell) => cell.trim()));
  return Object.fromEntries(
    dictionary.columns!.map((column, place) => [column, rows.map((cells) => cells[place]!)]),
  );
}

/** What a program that reads tables makes of a column: numbers, NaN where there is none, or texts as they are. */
const asTaken = (columns: Readonly<Record<string, readonly string[]>>): Record<string, ColumnValues> =>
  Object.fromEntries(
    rawColumns(dictionary).map(({ name, kind }) => {
      const cells = columns[name]!;
      return [name, kind === 'number' ? Float64Array.from(cells, (cell) => Number.parseFloat(cell)) : cells];
    }),
  );

const { features: encoded, target } = encodingOf(dictionary);
const inputs = encoded.reduce(
  (sum, feature) => sum + (feature.kind === 'categorical' ? feature.categories.length : 1) + 1,
  0,
);
function aTrainedModel(): Uint8Array {
  const onnx = buildForwardModel({
    kind: 'multilayer-perceptron',
    features: inputs,
    hidden: [5],
    localIntercept: true,
    target,
  });
  const { parameterCount } = readForwardModel(onnx);
  return withParameters(
    onnx,
    Float64Array.from({ length: parameterCount }, (_, i) => ((i * 29) % 17) / 12 - 0.65),
  );
}

/** The probabilities of `model.onnx` as it is written, on rows that the trainer encodes. */
async function fromEncoded(onnx: Uint8Array, columns: Readonly<Record<string, readonly string[]>>) {
  const count = columns[dictionary.columns![0]!]!.length;
  const rows = Array.from({ length: count }, (_, row) => {
    const values = dictionary.features.map((feature) => {
      const read = readValue(columns[feature.column ?? feature.name]![row]!, feature, dictionary);
      assert.ok('value' in read, `row ${row + 1} of ${feature.name} fits the dictionary`);
      return read.value;
    });
    return encodeFeatures(values, dictionary);
  });
  const session = await openSession(onnx, { threads: 1 });
  const data = Float32Array.from(rows.flatMap((row) => [...row]));
  const { probability } = await session.run({ x: { type: 'float32', shape: [count, inputs], data } });
  await session.close();
  return [...probability!.data];
}

describe('model.onnx and model-raw.onnx', () => {
  const onnx = aTrainedModel();
  const raw = withRawInputs(onnx, { columns: rawColumns(dictionary), target });

  it('agree on every row of the four hospitals', async () => {
    let rows = 0;
    for (const hospital of HOSPITALS) {
      const columns = columnsOf(hospital);
      const wanted = await fromEncoded(onnx, columns);
      const said = await runColumns(raw, asTaken(columns));
      const got = said.probability as Float32Array;
      assert.equal(got.length, wanted.length);
      wanted.forEach((value, row) => {
        assert.ok(
          Math.abs(value - got[row]!) < 1e-6,
          `${hospital}, row ${row + 1}: ${value} and ${got[row]}`,
        );
      });
      rows += wanted.length;
    }
    assert.equal(rows, 920);
  });

  // The program of `CONSILIUM_PYTHON`, or python3, where it has onnxruntime.
  const python = process.env.CONSILIUM_PYTHON ?? 'python3';
  const hasRuntime = spawnSync(python, ['-c', 'import onnxruntime, numpy']).status === 0;
  it("agree in Python's onnxruntime, which takes the columns as a file has them", {
    skip: !hasRuntime && `${python} has no onnxruntime: not run`,
  }, async () => {
    writeFileSync(join(directory, 'model-raw.onnx'), raw);
    writeFileSync(
      join(directory, 'run.py'),
      `import csv, json, sys
import numpy, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1], providers=['CPUExecutionProvider'])
names = json.loads(sys.argv[2])
def number(cell):
    try:
        return float(cell)
    except ValueError:
        return float('nan')
answers = []
for path in sys.argv[3:]:
    rows = [[cell.strip() for cell in row] for row in csv.reader(open(path)) if row]
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    feeds = {}
    for column in session.get_inputs():
        cells = columns[column.name]
        if column.type == 'tensor(double)':
            feeds[column.name] = numpy.array([number(cell) for cell in cells])
        else:
            feeds[column.name] = numpy.array(cells, dtype=object)
    answers.append(session.run(['probability'], feeds)[0].tolist())
print(json.dumps(answers))
`,
    );
    const files = HOSPITALS.map((hospital) => join(study, 'data', `processed.${hospital}.data`));
    const { stdout, stderr, status } = spawnSync(
      python,
      [
        join(directory, 'run.py'),
        join(directory, 'model-raw.onnx'),
        JSON.stringify(dictionary.columns),
        ...files,
      ],
      { encoding: 'utf8' },
    );
    assert.equal(status, 0, stderr);
    const answers = JSON.parse(stdout) as number[][];
    for (const [place, hospital] of HOSPITALS.entries()) {
      const wanted = await fromEncoded(onnx, columnsOf(hospital));
      assert.equal(answers[place]!.length, wanted.length);
      wanted.forEach((value, row) => {
        assert.ok(Math.abs(value - answers[place]![row]!) < 1e-6, `${hospital}, row ${row + 1}`);
      });
    }
  });
});

describe('codes of raw columns', () => {
  const columns = rawColumns(dictionary);
  it('are known as the dictionary writes them, and as programs that read tables write numbers', () => {
    const [, sex, pain] = columns;
    assert.ok(sex?.kind === 'yes-no' && pain?.kind === 'category');
    assert.equal(sex.codes.get('1.0'), 1);
    assert.equal(sex.codes.get('0'), 0);
    assert.equal(sex.codes.get('-9'), 'missing');
    assert.equal(sex.codes.get('yes'), undefined);
    assert.equal(pain.codes.get('4.0'), 3);
    assert.equal(pain.codes.get('?'), 'missing');
    assert.equal(pain.codes.get(''), 'missing');
    assert.equal(pain.codes.get('5'), undefined);
  });

  it('keep the missing numbers of numeric features', () => {
    const pressure = columns.find(({ name }) => name === 'trestbps');
    assert.ok(pressure?.kind === 'number');
    assert.deepEqual(pressure.missing, [-9, 0]);
    assert.deepEqual(pressure.bounds, { low: 50, high: 300 });
    assert.deepEqual([pressure.low, pressure.high], [90, 180]);
  });
});
