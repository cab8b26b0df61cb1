// What a user can get wrong, tried through the commands: every line must name what is wrong and the remedy, exit with
// status 2, write nothing, and show no patient's value.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { readForwardModel } from '@consilium/onnx-grad';
import { decodeModel, encodeModel, type ModelProto } from '@consilium/onnx-grad/testing/graph-parts';
import { tinyModel } from '@consilium/onnx-grad/testing/tiny-models';
import { DICTIONARY } from '../../testing/small-consortium.ts';
import {
  at,
  dense,
  HEADER,
  ROWS,
  refuses,
  SECRET,
  studyText,
  train,
  useGoodFiles,
  write,
} from './testing/refusals.ts';
import { runCaptured as run } from './testing/run-captured.ts';

useGoodFiles();

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

const changed = (bytes: Uint8Array, change: (model: ModelProto) => ModelProto): Uint8Array =>
  encodeModel(change(decodeModel(bytes)));

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
  'no steps': [
    plain('noiseMultiplier: 1').replace('stepsPerRound: 2', 'stepsPerRound: 0'),
    /study: stepsPerRound must be a whole number from 1 to 100000: the score of an untrained model is shown/,
  ],
  'a field that has another name': [
    plain('noiseMultiplier: 1\nsteps: 0'),
    /study: steps is not a known field: did you mean stepsPerRound\?/,
  ],
  'more steps than can be accounted for': [
    plain('noiseMultiplier: 1\ndelta: 0.1').replace(
      'rounds: 1\nstepsPerRound: 2',
      'rounds: 1000\nstepsPerRound: 100000',
    ),
    /study: rounds times stepsPerRound are 100000000 steps, and 10000000 is the most .*: take fewer/,
  ],
  'aliases that stand for too much': [
    `a: &a [${'1,'.repeat(20)}]\nb: &b [${'*a,'.repeat(20)}]\nc: &c [${'*b,'.repeat(20)}]\nd: [${'*c,'.repeat(20)}]\n`,
    /study: its aliases \(\*\) stand for too much/,
  ],
  'two documents': [`${studyText('linear')}---\n`, /study: it holds several documents: keep the first/],
  'a list': ['- 1\n', /study: it must be fields with values, at least model, rounds and stepsPerRound/],
  'a model that is a number': [studyText('5'), /study: model must be linear, .* or \{onnx: FILE\}/],
  'hardly any noise': [
    plain('noiseMultiplier: 1e-9\ndelta: 0.1'),
    /study: noiseMultiplier must be at least 0\.01: less/,
  ],
  'numbers that cannot be computed with': [
    studyText('linear')
      .replace('clipNormL2: 1', 'clipNormL2: 1e300')
      .replace('learningRate: 0.1', 'learningRate: 1e300'),
    /study: clipNormL2 must be a positive number, from 1e-30 to 1e30\n/,
    /study: learningRate must be a positive number, from 1e-30 to 1e30\n/,
  ],
  'fewer rows in a run than a patient has': [
    `${studyText('linear')}rowsPerRun: 1\n`,
    /study: rowsPerRun must be an integer from \d+ \(the most rows of a patient\) to 4096/,
  ],
  'a warm-up longer than the study': [
    `${studyText('linear')}schedule: { kind: cosine, warmUpSteps: 9 }\n`,
    /study: schedule\.warmUpSteps must be an integer from 0 to below the study's 2 steps/,
  ],
  'bounds for other layers than there are': [
    `${studyText('linear')}clipping: { kind: per-layer, bounds: [1, 2, 3] }\n`,
    /study: clipping\.bounds must have one number for each of layers/,
  ],
  'an average of one round': [
    `${studyText('linear')}averaging: { decay: 0.5 }\n`,
    /study: averaging: over one round/,
  ],
};

const DATA: Readonly<Record<string, readonly [text: string | Uint8Array, said: RegExp, file?: string]>> = {
  'a label out of range': [
    `${HEADER}${ROWS}p91,50,0,${SECRET}\n`,
    /LABEL_NOT_BINARY \(line 68, column ill\): .*correct it/,
  ],
  'a label that is missing': [
    `${HEADER}${ROWS}p91,50,0,\n`,
    /LABEL_MISSING \(line 68, column ill\): .*leave the row out/,
  ],
  'NaN in a feature': [
    `${HEADER}${ROWS}p91,NaN,0,1\n`,
    /VALUE_NOT_A_NUMBER \(line 68, column age\): .*NaN.*: correct it/,
  ],
  'infinity in a feature': [
    `${HEADER}${ROWS}p91,Infinity,0,1\n`,
    /VALUE_NOT_A_NUMBER \(line 68, column age\)/,
  ],
  'a value out of bounds': [
    `${HEADER}${ROWS}p91,${SECRET},0,1\n`,
    /VALUE_OUT_OF_BOUNDS \(line 68, column age\): .*correct/,
  ],
  'a row without a patient': [
    `${HEADER}${ROWS},50,0,1\n`,
    /PATIENT_ID_MISSING \(line 68, column id\): .*fill it in/,
  ],
  'a row of another length': [`${HEADER}${ROWS}p91,50,0\n`, /ROW_LENGTH \(line 68\): .*correct it/],
  'a quote that never ends': [
    `${HEADER}${ROWS}p91,"${SECRET},0,1\n`,
    /QUOTE_OPEN \(line 68\): .*close the quote/,
  ],
  'an empty file': ['', /FILE_EMPTY: .*give a file that has patients/],
  'a header and nothing else': [HEADER, /FILE_EMPTY/],
  'a wrong header': [`pid,years,smoke,sick\n${ROWS}`, /COLUMN_UNKNOWN \(column age\): .*: correct it/],
  'a separator that is none': [
    (HEADER + ROWS).replaceAll(',', '#'),
    /FILE_NOT_TABLE: .*name its --delimiter/,
  ],
  'bytes that are no text': [Uint8Array.of(65, 0, 1, 2, 200), /FILE_HAS_NUL: .*export it as CSV/],
  'hardly any patients': [`${HEADER}p1,33,0,1\np2,44,1,0\n`, /TOO_FEW_PATIENTS: .*: add patients/],
  'damaged Parquet': ['PAR1 and then something else PAR1', /PARQUET_CUT_SHORT: .*: copy or export it again/],
  'Parquet by name only': ['hello', /FILE_NOT_PARQUET/, 'hello.parquet'],
};

describe('train refuses', () => {
  for (const [what, [text, ...said]] of Object.entries(STUDIES)) {
    it(`a study with ${what}`, () => refuses(train({ study: write('bad.yaml', text) }), said));
  }
  for (const [what, [content, said, file = 'bad.csv']] of Object.entries(DATA)) {
    it(`data with ${what}, as check does`, async () => {
      await refuses(train({ data: write(file, content) }), [said]);
      await refuses(['check', '--file', at(file), '--dictionary', at('dictionary.json')], [said]);
    });
  }

  it('files that are folders, or not there', async () => {
    await refuses(train({ data: 'folder' }), [/FOLDER_EMPTY: .*name another folder/]);
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
    await refuses(train({ dictionary: 'bad.json' }), [/dictionary: not JSON: correct it/]);
  });
});

describe('the other commands refuse', () => {
  it('simulate: a site without patients and one with a bad file, both at once', async () => {
    write('none.csv', HEADER);
    write('few.csv', `${HEADER}p1,33,0,1\n`);
    const argv = train().slice(3);
    const sites = ['a=good.csv', 'b=none.csv', 'c=few.csv'].flatMap((site) => [
      '--site',
      site.replace('=', `=${at('')}/`),
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

  it('simulate: hospitals of one name', async () => {
    const sites = ['--site', `a=${at('good.csv')}`, '--site', `a=${at('good.csv')}`];
    await refuses(
      ['simulate', ...sites, ...train().slice(3)],
      [/--site: two hospitals have one name: give each/],
    );
  });

  it('dictionary init: one column for label and patient', () =>
    refuses(
      ['dictionary', 'init', at('good.csv'), '--label', 'id', '--id', 'id'],
      [/--label and --id name one column: a label tells no patients apart/],
    ));

  it('dictionary init: files it cannot read, columns that are not there, files that exist', async () => {
    await refuses(['dictionary', 'init', at('folder')], [/folder: FOLDER_EMPTY: .*name another folder/]);
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

describe('train refuses on its command line', () => {
  for (const [argv, said] of [
    [['--steps', '0'], /Unknown option '--steps': there are --dictionary, --study, .*--data/],
    [['--epsilon', '-1'], /'--epsilon' argument is ambiguous\. .*use '--epsilon=-XYZ'/],
    [['--noise-multiplier', '1e-9'], /--noise-multiplier must be at least 0\.01: less protects nobody/],
    [['--epsilon=0'], /--epsilon must be a number above 0/],
    [['--delta', '1'], /--delta must be a number above 0 and below 1/],
  ] as const) {
    it(argv.join(' '), () => refuses([...train(), ...argv], [said]));
  }

  it('an empty path', () => refuses(['train', '--data', '', ...train().slice(3)], [/--data is missing/]));
});

describe('train accepts, with a stated behaviour', () => {
  const summaryOf = async (study: string) => {
    const { status, stdout, stderr } = await run(
      ...(train({ study, out: at('out') }) as [string, ...string[]]),
    );
    assert.equal(status, 0, stderr);
    return { summary: JSON.parse(stdout.trimEnd().split('\n').at(-1)!), stderr };
  };

  it('weights that two layers share: they are one parameter, and terminal, card and check name it', async () => {
    write('tied.onnx', TIED);
    const said =
      /weight w0 is used by nodes make a and make b: trained as one\. .* give them different values/;
    const tied = write('tied.yaml', studyText('{ onnx: tied.onnx }'));
    assert.match((await summaryOf(tied)).stderr, said);
    const card = JSON.parse(readFileSync(at('out/model-card.json'), 'utf8'));
    assert.equal(card.model.parameters, 20);
    assert.ok(card.warnings.some((warning: string) => said.test(warning)));
    const check = ['--file', at('good.csv'), '--dictionary', at('dictionary.json'), '--study', at(tied)];
    const [shown, json] = [await run('check', ...check), await run('check', ...check, '--json')];
    assert.equal(shown.status, 0, shown.stderr);
    assert.match(shown.stderr, said);
    assert.match(JSON.parse(json.stdout).notes.join(), said);
  });

  it('weights that the study says are shared on purpose: nothing is said of them', async () => {
    write('tied.onnx', TIED);
    const meant = write('meant.yaml', `${studyText('{ onnx: tied.onnx }')}tiedParameters: [w0]\n`);
    assert.doesNotMatch((await summaryOf(meant)).stderr, /trained as one/);
    const wrong = write('wrong.yaml', `${studyText('{ onnx: tied.onnx }')}tiedParameters: [w9]\n`);
    await refuses(train({ study: wrong }), [/tiedParameters: no parameter matches w9; there are w0, w1/]);
  });

  it('layers that an exporter merged: each is trained as its own, and check writes the graph as it is trained', async () => {
    const merged = changed(TIED, ({ graph, ...model }) => {
      model.producerName = 'pytorch';
      const identity = { opType: 'Identity', attribute: [], name: 'Identity_0' };
      graph.node.unshift({ ...identity, input: ['w0'], output: ['second.w0'] });
      graph.node.find(({ output }) => output[0] === 'b')!.input[1] = 'second.w0';
      return { ...model, graph };
    });
    write('merged.onnx', merged);
    const study = write('merged.yaml', studyText('{ onnx: merged.onnx }'));
    const { stderr } = await summaryOf(study);
    assert.match(stderr, /weight w0 was merged with second\.w0 by the exporter, .*: trained apart\. /);
    assert.equal(JSON.parse(readFileSync(at('out/model-card.json'), 'utf8')).model.parameters, 36);
    const check = ['--file', at('good.csv'), '--dictionary', at('dictionary.json')];
    const written = await run(
      'check',
      '--json',
      ...check,
      '--study',
      at(study),
      '--graph-out',
      at('apart.onnx'),
    );
    assert.equal(written.status, 0, written.stderr);
    assert.deepEqual(JSON.parse(written.stdout).model, { parameters: 36 });
    assert.equal(readForwardModel(readFileSync(at('apart.onnx'))).parameterCount, 36);
    const again = await run('check', ...check, '--study', at(study), '--graph-out', at('merged.onnx'));
    assert.equal(again.status, 2);
    assert.match(again.stderr, /--graph-out .*merged\.onnx exists already: name a new file/);
    assert.deepEqual(new Uint8Array(readFileSync(at('merged.onnx'))), new Uint8Array(merged));
    const without = await run('check', ...check, '--graph-out', at('never.onnx'));
    assert.equal(without.status, 2);
    assert.match(without.stderr, /--graph-out needs --study/);
    assert.ok(!existsSync(at('never.onnx')));
  });

  it('batches of zero patients: the steps are noise alone, and are charged', async () => {
    const study = write('rare.yaml', studyText('logistic-regression').replace('0.5', '0.001'));
    const { summary } = await summaryOf(study);
    assert.equal(summary.steps, 2);
    assert.ok(summary.epsilonPld >= 0);
  });

  it('parameters that run away: it fails with the remedy, and takes the folder away again', async () => {
    const study = write('away.yaml', studyText('linear').replace('learningRate: 0.1', 'learningRate: 1e30'));
    const { status, stderr } = await run(
      ...(train({ study, out: at('gone/deep') }) as [string, ...string[]]),
    );
    assert.equal(status, 1, stderr);
    assert.match(stderr, /is not a number in .*: lower the learning rate or the steps per round/);
    assert.ok(!existsSync(at('gone')));
  });

  it('a delta that is not small against the patients, with a warning that says what would be', async () => {
    const { stderr } = await summaryOf(write('delta.yaml', plain('noiseMultiplier: 1\ndelta: 0.002')));
    assert.match(
      stderr,
      /note: delta 0\.002 is not small against the patients of data.*Take at most 0\.00\d+\./,
    );
  });
});

describe('a dictionary', () => {
  it('is judged once: what its schema, its rules and its open places say comes together', async () => {
    const good = JSON.parse(readFileSync(at('dictionary.json'), 'utf8'));
    const [first, ...rest] = good.features;
    const twoKinds = { ...good, maxRowsPerPatient: 0, features: [first, first, ...rest] };
    write('two-kinds.json', JSON.stringify(twoKinds));
    await refuses(
      ['check', '--file', at('good.csv'), '--dictionary', at('two-kinds.json')],
      [/maxRowsPerPatient must be/, new RegExp(`dictionary: .*${first.name}`)],
    );
    const open = { ...good, maxRowsPerPatient: 0, label: { ...good.label, title: 'TODO' } };
    write('open.json', JSON.stringify(open));
    await refuses(
      ['check', '--file', at('good.csv'), '--dictionary', at('open.json')],
      [/maxRowsPerPatient must be/, /label\.title still says TODO/],
    );
  });
});

describe('data that is written in another way', () => {
  it('is read, what was guessed is stated on standard error, and JSON stays alone on standard output', async () => {
    const file = write('german.csv', readFileSync(at('good.csv'), 'utf8').replaceAll(',', ';'));
    const words = ['check', '--file', at(file), '--dictionary', at('dictionary.json')] as const;
    const { status, stdout, stderr } = await run(...words, '--json');
    assert.equal(status, 0);
    assert.equal(JSON.parse(stdout).ok, true);
    assert.match(stderr, /german\.csv: taken to have fields separated by semicolons\n/);
    const told = await run(...words, '--delimiter', 'semicolon');
    assert.deepEqual([told.status, told.stderr], [0, '']);
    await refuses([...words, '--delimiter', ';'], [/--delimiter must be one of comma, semicolon, tab, bar/]);
    await refuses([...words, '--encoding', 'latin'], [/--encoding must be one of utf-8, /]);
  });

  it('says how far it is with a long file on standard error alone', async () => {
    const dictionary = JSON.parse(readFileSync(at('dictionary.json'), 'utf8'));
    const rows = Array.from({ length: 600_000 }, (_, i) => `p${i},50,0,1\n`);
    const file = write(
      'long.csv',
      `${readFileSync(at('good.csv'), 'utf8').split('\n')[0]}\n${rows.join('')}`,
    );
    assert.equal(dictionary.patientId, 'id');
    const { stdout, stderr } = await run(
      'check',
      '--file',
      at(file),
      '--dictionary',
      at('dictionary.json'),
      '--json',
    );
    assert.equal(JSON.parse(stdout).recordCountBand.low, 600_000);
    assert.match(stderr, /^\S*long\.csv: 500,000 rows read\n$/);
  });
});
