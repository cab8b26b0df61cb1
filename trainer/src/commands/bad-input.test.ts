// What a user can get wrong, tried through the commands: every line must name what is wrong and the remedy, exit with
// status 2, write nothing, and show no patient's value.
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { decodeModel, encodeModel, type ModelProto } from '../onnx/onnx-schema.ts';
import { type TinyNode, tinyModel } from '../onnx/testing/tiny-models.ts';
import { csvOf, DICTIONARY } from '../testing/small-consortium.ts';
import { runCommand } from './run-command.ts';

const directory = mkdtempSync(join(tmpdir(), 'consilium-bad-input-'));
after(() => rmSync(directory, { recursive: true }));
const at = (name: string) => join(directory, name);

/** A value that no patient of the good file has; it must never be repeated. */
const SECRET = '987654';
const HEADER = 'id,age,smoker,ill\n';
const ROWS = csvOf(1).slice(HEADER.length);

const dense = (from: string, weights: string, to: string): TinyNode => ({
  op: 'MatMul',
  from: [from, weights],
  to,
});
const WEIGHTS = { w0: [4, 3], w1: [3, 1] };
const between = (op: string, more: readonly string[] = []): Uint8Array =>
  tinyModel({
    features: 4,
    weights: { ...WEIGHTS, ...Object.fromEntries(more.map((name) => [name, [3]])) },
    nodes: [dense('x', 'w0', 'h'), { op, from: ['h', ...more], to: 'r' }, dense('r', 'w1', 'logit')],
  });
function plainWith(change: (model: ModelProto) => void): Uint8Array {
  const model = decodeModel(between('Relu'));
  change(model);
  return encodeModel(model);
}
const TIED = tinyModel({
  features: 4,
  weights: { w0: [4, 4], w1: [4, 1] },
  nodes: [
    dense('x', 'w0', 'a'),
    { op: 'Tanh', from: ['a'], to: 't' },
    dense('t', 'w0', 'b'),
    dense('b', 'w1', 'logit'),
  ],
});
const GRAPHS: Readonly<Record<string, readonly [graph: Uint8Array, ...said: RegExp[]]>> = {
  'an unsupported operator': [
    between('Mish'),
    /node make r \(Mish\): the operator is not supported: write the layer in supported ones/,
    /supported operators are Gemm, /,
  ],
  'batch normalisation': [
    between('BatchNormalization', ['scale', 'offset', 'mean', 'variance']),
    /node make r \(BatchNormalization\): it mixes patients.*; use GroupNormalization or LayerNormalization/,
  ],
  'an open axis beside the rows': [
    plainWith(({ graph }) => {
      graph.input[0]!.type!.tensorType!.shape!.dim[1] = { dimParam: 'features' };
    }),
    /its input x must be float .*: axis 1 is open, export it with its extent/,
  ],
  'a shape that depends on patients': [
    tinyModel({
      features: 4,
      weights: WEIGHTS,
      nodes: [
        dense('x', 'w0', 'h'),
        { op: 'Cast', from: ['x'], to: 'target', attributes: { to: 7 } },
        { op: 'Reshape', from: ['h', 'target'], to: 'r' },
        dense('r', 'w1', 'logit'),
      ],
    }),
    /node make r \(Reshape\): its input target must be constant, not computed from data: export/,
  ],
  'weights that do not fit': [
    tinyModel({
      features: 4,
      weights: { w0: [5, 3], w1: [3, 1] },
      nodes: [dense('x', 'w0', 'h'), dense('h', 'w1', 'logit')],
    }),
    /node make h \(MatMul\): w0 has 5 rows for an input \[rows, 4\]/,
  ],
  'float16 weights': [
    plainWith(({ graph }) => {
      graph.initializer[0] = { ...graph.initializer[0]!, dataType: 10, rawData: new Uint8Array(24) };
    }),
    /node make h \(MatMul\): initialiser w0 must be float32: export the model in single precision\n/,
  ],
  'bfloat16 weights': [
    plainWith(({ graph }) => {
      graph.initializer[0] = { ...graph.initializer[0]!, dataType: 16, rawData: new Uint8Array(24) };
    }),
    /node make h \(MatMul\): initialiser w0 must be float32: export the model in single precision\n/,
  ],
  'float64 weights': [
    plainWith(({ graph }) => {
      graph.initializer[0] = { ...graph.initializer[0]!, dataType: 11, rawData: new Uint8Array(96) };
    }),
    /node make h \(MatMul\): initialiser w0 must be float32: export the model in single precision\n/,
  ],
  'weights that are no numbers': [
    plainWith(({ graph }) => {
      graph.initializer[1]!.rawData!.fill(255, 0, 4);
    }),
    /node make logit \(MatMul\): initialiser w1 has values that are not finite numbers: export it anew/,
  ],
  'weights in another file': [
    plainWith(({ graph }) => {
      graph.initializer[0] = { ...graph.initializer[0]!, dataLocation: 1, rawData: new Uint8Array() };
    }),
    /initialiser w0 keeps its data in another file: embed it/,
  ],
  'fewer numbers than its weights have': [
    plainWith(({ graph }) => {
      graph.initializer[0]!.rawData = new Uint8Array(8);
    }),
    /initialiser w0 has 2 values for 12 elements/,
  ],
  'two inputs': [
    plainWith(({ graph }) => graph.input.push({ ...graph.input[0]!, name: 'mask' })),
    /it has 2 inputs, but one is wanted: x, mask: join them in the graph/,
  ],
  'a fixed number of rows': [
    plainWith(({ graph }) => {
      graph.input[0]!.type!.tensorType!.shape!.dim[0] = { dimValue: 1 };
    }),
    /its input x takes 1 rows and no other number: export it with an open first axis/,
  ],
  'two outputs and no logit': [
    plainWith(({ graph }) => {
      const [output] = graph.output;
      graph.output = ['r', 'h'].map((name) => ({ ...output!, name }));
    }),
    /it has no output named logit among r, h: name the value before the sigmoid so/,
  ],
  'nothing to train': [
    tinyModel({ features: 4, weights: {}, nodes: [{ op: 'Tanh', from: ['x'], to: 'logit' }] }),
    /nothing in it can be trained/,
  ],
  'a recurrent layer': [
    between('LSTM', ['w', 'r']),
    /node make r \(LSTM\): recurrent layers are not supported; use Conv over time, or attention\n/,
  ],
  'an operator that its operator set does not have': [
    between('Gelu'),
    /ONNX Runtime does not run the graph: .*Gelu.*: export it to another operator set/,
  ],
  'a cut': [between('Relu').subarray(0, 150), /these bytes are not an ONNX model/],
  'two initialisers of one name': [
    plainWith(({ graph }) => graph.initializer.push({ ...graph.initializer[0]! })),
    /it has two initialisers named w0: give each a name of its own/,
  ],
  'a value that two nodes compute': [
    plainWith(({ graph }) => graph.node.push({ ...graph.node[1]!, name: 'again' })),
    /two of its nodes compute r: give each value a name of its own/,
  ],
  'other inputs than the dictionary’s': [
    tinyModel({ features: 3, weights: { w0: [3, 1] }, nodes: [dense('x', 'w0', 'logit')] }),
    /takes 3 values a row, the dictionary gives 4: age, age_missing, smoker, smoker_missing/,
  ],
  'bytes of something else': [Buffer.from('a text'), /these bytes are not an ONNX model/],
  'no bytes': [Buffer.from(''), /this ONNX model has no graph/],
};

const studyText = (model: string, privacy = 'noiseMultiplier: 1\ndelta: 0.001') =>
  `model: ${model}\nrounds: 1\nstepsPerRound: 2\nsamplingRate: 0.5\nclipNormL2: 1\nlearningRate: 0.1\n${privacy}\n`;
const plain = (privacy: string) => studyText('logistic-regression', privacy);
const STUDIES: Readonly<Record<string, readonly [text: string, ...said: RegExp[]]>> = {
  'many errors': [
    'model: perceptron\nrounds: 0\nstepsPerRound: many\nsamplingRate: 2\nclipNormL2: -1\nfoo: 1\ndelta: 1\n',
    /study: foo is not a known field/,
    /study: model\.kind must be one of linear, logistic-regression, multilayer-perceptron, onnx/,
    /study: rounds must be a whole number from 1 to 10000/,
    /study: stepsPerRound must be/,
    /study: samplingRate must be above 0 and at most 1/,
    /study: clipNormL2 must be a number above 0/,
    /study: learningRate is missing/,
    /study: delta must be above 0 and below 1/,
  ],
  'a model too large to train': [
    studyText('{ kind: multilayer-perceptron, hidden: [10000, 10000, 1000] }'),
    /it has 110062001 parameters, and 100000000 is the most: take fewer or narrower layers/,
  ],
  'a text that is no YAML': ['model: [open\nrounds: {', /study: not YAML: .* at line 2/],
  'no text': ['', /study: it must be fields with values/],
  'a model that is not there': [
    studyText('{ onnx: nowhere.onnx }'),
    /nowhere\.onnx cannot be read: there is no/,
  ],
  'an epsilon that cannot be met': [
    plain('epsilon: 1e-6\ndelta: 1e-15'),
    /epsilon 0\.000001 cannot be met: .*fewer steps or a lower samplingRate/,
  ],
  'no privacy at all': [plain('delta: 0.1'), /give epsilon or noiseMultiplier/],
  'two kinds of privacy': [plain('epsilon: 1\nnoiseMultiplier: 1\ndelta: 0.1'), /exclude each other/],
  'no delta': [plain('epsilon: 1'), /delta is missing: give it in the study or with --delta/],
};

const DATA: Readonly<Record<string, readonly [text: string | Uint8Array, said: RegExp, file?: string]>> = {
  'a label out of range': [
    `${HEADER}${ROWS}p91,50,0,${SECRET}\n`,
    /LABEL_NOT_BINARY \(line 68, column ill\): .*mend it/,
  ],
  'a label that is missing': [
    `${HEADER}${ROWS}p91,50,0,\n`,
    /LABEL_MISSING \(line 68, column ill\): .*leave the row out/,
  ],
  'NaN in a feature': [
    `${HEADER}${ROWS}p91,NaN,0,1\n`,
    /VALUE_NOT_A_NUMBER \(line 68, column age\): .*NaN.*: mend it/,
  ],
  'infinity in a feature': [
    `${HEADER}${ROWS}p91,Infinity,0,1\n`,
    /VALUE_NOT_A_NUMBER \(line 68, column age\)/,
  ],
  'a value out of bounds': [
    `${HEADER}${ROWS}p91,${SECRET},0,1\n`,
    /VALUE_OUT_OF_BOUNDS \(line 68, column age\): .*mend/,
  ],
  'a row without a patient': [
    `${HEADER}${ROWS},50,0,1\n`,
    /PATIENT_ID_MISSING \(line 68, column id\): .*fill it in/,
  ],
  'a row of another length': [`${HEADER}${ROWS}p91,50,0\n`, /ROW_LENGTH \(line 68\): .*mend it/],
  'a quote that never ends': [`${HEADER}${ROWS}p91,"${SECRET},0,1\n`, /FILE_NOT_CSV.*: .*save it as such/],
  'an empty file': ['', /FILE_EMPTY: .*name one that has patients/],
  'a header and nothing else': [HEADER, /FILE_EMPTY/],
  'a wrong header': [`pid,years,smoke,sick\n${ROWS}`, /COLUMN_UNKNOWN \(column age\): .*: correct it/],
  'another separator': [
    (HEADER + ROWS).replaceAll(',', ';'),
    /FILE_NOT_CSV: .*comma-separated.*: save it as such/,
  ],
  'bytes that are no text': [Uint8Array.of(255, 254, 0, 1, 2, 200), /FILE_NOT_CSV/],
  'hardly any patients': [`${HEADER}p1,33,0,1\np2,44,1,0\n`, /TOO_FEW_PATIENTS: .*: add patients/],
  'damaged Parquet': ['PAR1 and then something else PAR1', /FILE_NOT_PARQUET: .*: write it anew, or as CSV/],
  'Parquet by name only': ['hello', /FILE_NOT_PARQUET/, 'hello.parquet'],
};

async function run(command: string, ...argv: string[]) {
  let [stdout, stderr] = ['', ''];
  const status = await runCommand(command, argv, {
    out: (text) => {
      stdout += text;
    },
    error: (text) => {
      stderr += text;
    },
  });
  return { status, stdout, stderr };
}

async function refuses(argv: readonly string[], said: readonly RegExp[]): Promise<void> {
  const [command, ...rest] = argv;
  const before = readdirSync(directory).length;
  const { status, stdout, stderr } = await run(command!, ...rest);
  assert.equal(status, 2, stderr);
  for (const pattern of said) assert.match(stderr, pattern);
  assert.doesNotMatch(stderr, /at .*[.]js:\d+|undefined|\[object/, 'no stack trace');
  assert.doesNotMatch(stdout + stderr, new RegExp(SECRET));
  assert.equal(readdirSync(directory).length, before, 'nothing is written');
}

const train = (
  change: { data?: string; study?: string; dictionary?: string; out?: string } = {},
): string[] => [
  ...[
    'train',
    '--data',
    at(change.data ?? 'good.csv'),
    '--dictionary',
    at(change.dictionary ?? 'dictionary.json'),
  ],
  ...['--study', at(change.study ?? 'study.yaml'), '--out', change.out ?? at('never-made')],
];

function write(name: string, content: string | Uint8Array): string {
  writeFileSync(at(name), content);
  return name;
}

before(() => {
  write('dictionary.json', JSON.stringify(DICTIONARY));
  write('good.csv', HEADER + ROWS);
  write('study.yaml', studyText('logistic-regression'));
  mkdirSync(at('folder'));
});

describe('train refuses', () => {
  for (const [what, [graph, ...said]] of Object.entries(GRAPHS)) {
    it(`a graph with ${what}`, async () => {
      write('bad.onnx', graph);
      await refuses(train({ study: write('graph.yaml', studyText('{ onnx: bad.onnx }')) }), said);
    });
  }
  for (const [what, [text, ...said]] of Object.entries(STUDIES)) {
    it(`a study with ${what}`, () => refuses(train({ study: write('bad.yaml', text) }), said));
  }
  for (const [what, [content, said, file = 'bad.csv']] of Object.entries(DATA)) {
    it(`data with ${what}, as check does`, async () => {
      await refuses(train({ data: write(file, content) }), [said]);
      await refuses(['check', '--file', at(file), '--dictionary', at('dictionary.json')], [said]);
    });
  }

  it('files that are too large to be held in memory, before reading them', async () => {
    write('large.csv', HEADER);
    truncateSync(at('large.csv'), 2 ** 28 + 1);
    await refuses(train({ data: 'large.csv' }), [/large\.csv: FILE_TOO_LARGE: .*256 MiB.*: keep the columns/]);
    await refuses(['dictionary', 'init', at('large.csv')], [/FILE_TOO_LARGE/]);
    rmSync(at('large.csv'));
  });

  it('files that are folders, or not there', async () => {
    await refuses(train({ data: 'folder' }), [/FILE_UNREADABLE: .*check the path/]);
    await refuses(train({ data: 'nowhere.csv' }), [/nowhere\.csv: FILE_UNREADABLE/]);
    await refuses(train({ study: 'nowhere.yaml' }), [
      /study .*nowhere\.yaml cannot be read: there is no such/,
    ]);
    await refuses(train({ dictionary: 'folder' }), [/dictionary .*folder cannot be read: it is a folder/]);
  });

  it('a folder that cannot be made, at once, before it reads a patient into training', async () => {
    await refuses(train({ out: at('good.csv') }), [
      /--out .*good\.csv cannot be written: it is a file: name/,
    ]);
    await refuses(train({ out: at('good.csv/x') }), [
      /--out .* cannot be written: a part of the path is a file/,
    ]);
    // Node's own recursive mkdir never comes back from there.
    if (existsSync('/proc/self')) {
      await refuses(train({ out: '/proc/nowhere/deep' }), [
        /--out \/proc\/nowhere\/deep cannot be written: .*choose/,
      ]);
    }
  });

  it('a dictionary with several errors, and one that is no JSON', async () => {
    const [age, smoker] = DICTIONARY.features;
    const wrong = {
      ...DICTIONARY,
      features: [
        { ...age, bounds: { low: 9, high: 1 } },
        { ...smoker, name: 'age' },
      ],
    };
    write('bad.json', JSON.stringify(wrong));
    const said = [
      /dictionary: features\.0\.bounds\.low must be below/,
      /dictionary: features has two features named/,
    ];
    await refuses(train({ dictionary: 'bad.json' }), said);
    await refuses(['check', '--file', at('good.csv'), '--dictionary', at('bad.json')], said);
    write('bad.json', `{"patientId": ${SECRET}`);
    await refuses(train({ dictionary: 'bad.json' }), [/dictionary: not JSON: mend it/]);
  });
});

describe('the other commands refuse', () => {
  it('simulate: a site without patients and one with a bad file, both at once', async () => {
    write('none.csv', HEADER);
    write('few.csv', `${HEADER}p1,33,0,1\n`);
    const argv = train().slice(3);
    const sites = ['a=good.csv', 'b=none.csv', 'c=few.csv'].flatMap((site) => [
      '--site',
      site.replace('=', `=${directory}/`),
    ]);
    await refuses(['simulate', ...sites, ...argv], [/none\.csv: FILE_EMPTY/, /few\.csv: TOO_FEW_PATIENTS/]);
  });

  it('account: events with several errors, and a target that no noise reaches', async () => {
    write('events.json', '[{"noiseMultiplier":0,"samplingRate":2,"steps":1.5,"x":1}]');
    await refuses(
      ['account', '--events', at('events.json'), '--delta', '1e-5'],
      [
        /\[0\]\.x is not a known field/,
        /\[0\]\.noiseMultiplier must be/,
        /\[0\]\.samplingRate/,
        /\[0\]\.steps/,
      ],
    );
    await refuses(
      [...'account --target-epsilon 1e-9 --sampling-rate 0.1 --steps 100000 --delta 1e-9'.split(' ')],
      [/no noise multiplier .*: raise --target-epsilon or --delta/],
    );
  });

  it('dictionary init: files it cannot read, columns that are not there, files that exist', async () => {
    await refuses(['dictionary', 'init', at('folder')], [/FILE_UNREADABLE: .*check the path/]);
    write('empty.csv', '');
    await refuses(['dictionary', 'init', at('empty.csv')], [/FILE_EMPTY/]);
    write('text.parquet', 'hello');
    await refuses(['dictionary', 'init', at('text.parquet')], [/FILE_NOT_PARQUET/]);
    await refuses(
      ['dictionary', 'init', at('good.csv'), '--label', 'nope'],
      [/--label: no column nope; there are id/],
    );
    await refuses(
      ['dictionary', 'init', at('good.csv'), '--out', at('good.csv')],
      [/exists already: name a new file/],
    );
    await refuses(
      ['dictionary', 'init', at('good.csv'), '--out', at('no/where')],
      [/cannot be written: there is no/],
    );
  });
});

describe('train accepts, with a stated behaviour', () => {
  const summaryOf = async (study: string) => {
    const { status, stdout, stderr } = await run(
      ...(train({ study, out: at('out') }) as [string, ...string[]]),
    );
    assert.equal(status, 0, stderr);
    return { summary: JSON.parse(stdout.trimEnd().split('\n').at(-1)!), stderr };
  };

  it('weights that two layers share: they are one parameter', async () => {
    write('tied.onnx', TIED);
    await summaryOf(write('tied.yaml', studyText('{ onnx: tied.onnx }')));
    assert.equal(JSON.parse(readFileSync(at('out/model-card.json'), 'utf8')).model.parameters, 20);
  });

  it('batches of zero patients: the steps are noise alone, and are charged', async () => {
    const study = write('rare.yaml', studyText('logistic-regression').replace('0.5', '0.001'));
    const { summary } = await summaryOf(study);
    assert.equal(summary.steps, 2);
    assert.ok(summary.epsilonPld >= 0);
  });

  it('a delta that is not below one over the patients, with a warning that says what would be', async () => {
    const { stderr } = await summaryOf(write('delta.yaml', plain('noiseMultiplier: 1\ndelta: 0.5')));
    assert.match(stderr, /note: delta 0\.5 is not below one over the patients of data.*Take one below 0\.01/);
  });
});
