import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Dictionary, LabelRule } from '@consilium/domain';
import { runColumns } from '@consilium/onnx-grad';
import { SNAPPY_PARQUET } from '../../data/testing/parquet-files.ts';
import { csvOf, DICTIONARY } from '../../testing/small-consortium.ts';
import type { ModelCard } from '../report/model-card.ts';
import { runCaptured as run } from './testing/run-captured.ts';

const directory = mkdtempSync(join(tmpdir(), 'consilium-trained-'));
after(() => rmSync(directory, { recursive: true }));
const at = (name: string) => join(directory, name);
const cardOf = (folder: string): ModelCard =>
  JSON.parse(readFileSync(join(at(folder), 'model-card.json'), 'utf8'));

const STUDY = `
model: linear
rounds: 2
stepsPerRound: 4
samplingRate: 0.5
clipNormL2: 1
learningRate: 1
epsilon: 8
delta: 0.001
`;

async function trained(
  folder: string,
  { dictionary = DICTIONARY, data = 'a.csv', study = STUDY, more = [] as readonly string[] } = {},
): Promise<void> {
  writeFileSync(at(`${folder}.json`), JSON.stringify(dictionary));
  writeFileSync(at(`${folder}.yaml`), study);
  const { status, stderr } = await run(
    ...(['train', '--data', at(data), '--dictionary', at(`${folder}.json`)] as const),
    ...['--study', at(`${folder}.yaml`), '--out', at(folder), ...more],
  );
  assert.equal(status, 0, stderr);
}
const predict = (folder: string, data: string, ...more: readonly string[]) =>
  run('predict', '--model', at(folder), '--data', at(data), ...more);
const evaluate = (folder: string, data: string, ...more: readonly string[]) =>
  run('evaluate', '--model', at(folder), '--data', at(data), ...more);

const NEW_PATIENTS = 'age,id,smoker\n60,x1,1\n30,"x,2",0\n?,x3,?\n';

const moved = (row: string): string => row.replace(/^(.*),(.*)\n$/, '$2,$1\n');

before(async () => {
  writeFileSync(at('a.csv'), csvOf(1, 200));
  writeFileSync(at('b.csv'), csvOf(5, 90));
  writeFileSync(at('new.csv'), NEW_PATIENTS);
  await trained('yes-no');
});

describe('predict', () => {
  it('answers every row of another file in its order, by id, without looking for a label', async () => {
    const { status, stdout, stderr } = await predict('yes-no', 'new.csv');
    assert.equal(status, 0, stderr);
    const lines = stdout.trimEnd().split('\n');
    assert.equal(lines[0], 'row,patient,probability');
    assert.match(lines[1]!, /^1,x1,0\.\d+$/);
    assert.match(lines[2]!, /^2,"x,2",0\.\d+$/);
    assert.match(lines[3]!, /^3,x3,0\.\d+$/);
    assert.equal(lines.length, 4);
    assert.match(stderr, /3 rows predicted/);
  });

  it('answers as the graph from raw values does', async () => {
    const { last } = await predict('yes-no', 'new.csv', '--json');
    const { rows, target } = JSON.parse(last);
    assert.deepEqual(target, { kind: 'binary' });
    const raw = readFileSync(join(at('yes-no'), 'model-raw.onnx'));
    const said = await runColumns(raw, {
      age: Float64Array.of(60, 30, Number.NaN),
      smoker: ['1', '0', '?'],
    });
    rows.forEach((row: { row: number; patient: string; probability: number }, place: number) => {
      assert.equal(row.row, place + 1);
      assert.ok(Math.abs(row.probability - (said.probability as Float32Array)[place]!) < 1e-6);
    });
  });

  it('takes a file without ids of patients', async () => {
    writeFileSync(at('no-ids.csv'), 'age,smoker\n60,1\n');
    const { status, stdout, stderr } = await predict('yes-no', 'no-ids.csv');
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^row,probability\n1,0\.\d+\n$/);
  });

  it('reads files that are written in another way, by a guess that it states or as it is said', async () => {
    const usual = (await predict('yes-no', 'new.csv')).stdout;
    writeFileSync(at('commas.csv'), 'age;id;smoker\n60,0;x1;1\n30,0;"x,2";0\n?;x3;?\n');
    const guessed = await predict('yes-no', 'commas.csv');
    assert.equal(guessed.stdout, usual);
    assert.match(
      guessed.stderr,
      /commas\.csv: taken to have fields separated by semicolons, decimal commas\n/,
    );
    const said = await predict(
      ...(['yes-no', 'commas.csv', '--delimiter', 'semicolon', '--decimal-mark', 'comma'] as const),
    );
    assert.equal(said.stdout, usual);
    assert.doesNotMatch(said.stderr, /taken to have/);
    const wrong = await predict('yes-no', 'commas.csv', '--delimiter', 'comma');
    assert.equal(wrong.status, 2);
    assert.equal(wrong.stdout, '');
  });

  it('reads Parquet with more columns than the dictionary names, and sites from one of them', async () => {
    writeFileSync(at('twelve.parquet'), SNAPPY_PARQUET);
    const { status, stdout, stderr } = await predict('yes-no', 'twelve.parquet');
    assert.equal(status, 0, stderr);
    const lines = stdout.trimEnd().split('\n');
    assert.equal(lines.length, 13);
    assert.match(lines[12]!, /^12,p11,0\.\d+$/);
    const scored = await evaluate('yes-no', 'twelve.parquet', '--site-column', 'smoker', '--json');
    assert.equal(scored.status, 0, scored.stderr);
    const { pooled, sites } = JSON.parse(scored.last);
    assert.equal(pooled.count, 12);
    assert.deepEqual(Object.keys(sites), ['0', '1', 'no site']);
    const missing = await evaluate('yes-no', 'twelve.parquet', '--site-column', 'ward');
    assert.equal(missing.status, 2);
    assert.match(missing.stderr, /--site-column ward: the file has no such column/);
  });

  it('answers a file of many batches row by row, and a folder as one file', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => `${20 + (i % 60)},r${i},${i % 2}\n`);
    mkdirSync(at('parts'));
    writeFileSync(at('whole.csv'), `age,id,smoker\n${rows.join('')}`);
    writeFileSync(join(at('parts'), '1.csv'), `age,id,smoker\n${rows.slice(0, 5000).join('')}`);
    writeFileSync(join(at('parts'), '2.csv'), `smoker,age,id\n${rows.slice(5000).map(moved).join('')}`);
    const { stdout } = await predict('yes-no', 'whole.csv');
    const lines = stdout.trimEnd().split('\n').slice(1);
    assert.equal(lines.length, rows.length);
    const of = new Map<number, string>();
    lines.forEach((line, i) => {
      const [row, patient, probability] = line.split(',');
      assert.deepEqual([row, patient], [String(i + 1), `r${i}`]);
      const known = of.get(i % 60) ?? probability!;
      of.set(i % 60, known);
      assert.equal(probability, known, 'rows that are alike have one answer');
    });
    assert.equal(of.size, 60);
    assert.ok(new Set(of.values()).size > 50, 'others have others');
    assert.equal((await predict('yes-no', 'parts')).stdout, stdout);
    const json = JSON.parse((await predict('yes-no', 'parts', '--json')).last);
    assert.equal(json.rows.length, rows.length);
    assert.deepEqual(Object.values(json.rows[19_999]).map(String), lines[19_999]!.split(','));
    assert.equal((await predict('yes-no', 'parts', '--out', at('parts.csv'))).status, 0);
    assert.equal(readFileSync(at('parts.csv'), 'utf8'), stdout);
    writeFileSync(join(at('parts'), '3.csv'), 'age,id,smoker\nold,y1,1\n');
    const refused = await predict('yes-no', 'parts');
    assert.equal(refused.status, 2);
    assert.match(refused.stderr, /VALUE_NOT_A_NUMBER \(3\.csv, line 2, column age\)/);
  });

  it('speaks the label’s own terms: a class with its probabilities, a number in its unit, a count', async () => {
    const label = (rule: LabelRule): Dictionary => ({
      ...DICTIONARY,
      label: { ...DICTIONARY.label, rule },
    });
    const rules: readonly [string, LabelRule, RegExp][] = [
      [
        'class',
        { kind: 'categorical', categories: ['0', '1'] },
        /^row,patient,class,probability=0,probability=1\n1,x1,[01],0\.\d+,0\.\d+\n/,
      ],
      [
        'number',
        { kind: 'numeric', unit: 'points', bounds: { low: -50, high: 50 } },
        /^row,patient,value\n1,x1,-?\d+\.\d+\n/,
      ],
      ['number-of', { kind: 'count', high: 9 }, /^row,patient,count\n1,x1,\d+(\.\d+)?\n/],
    ];
    for (const [folder, rule, expected] of rules) {
      await trained(folder, { dictionary: label(rule) });
      const { status, stdout, stderr } = await predict(folder, 'new.csv');
      assert.equal(status, 0, stderr);
      assert.match(stdout, expected);
      const { last } = await predict(folder, 'new.csv', '--json');
      const [row] = JSON.parse(last).rows;
      assert.deepEqual(Object.keys(row), stdout.split('\n')[0]!.split(','));
      const raw = readFileSync(join(at(folder), 'model-raw.onnx'));
      const said = await runColumns(raw, { age: Float64Array.of(60), smoker: ['1'] });
      for (const name of ['class', 'value', 'count']) {
        if (said[name] === undefined) continue;
        const value = said[name][0];
        if (typeof value === 'string') assert.equal(row[name], value);
        else assert.ok(Math.abs(row[name] - value!) <= 1e-5 * Math.max(1, Math.abs(value!)));
      }
    }
  });

  it('refuses a file with any problem, lists them all with column and remedy, and writes nothing', async () => {
    writeFileSync(at('bad.csv'), 'id,age,smoker\np1,old,1\np2,300,yes\np3,40,0\n');
    const out = ['--out', at('predictions.csv')];
    const { status, stdout, stderr } = await predict('yes-no', 'bad.csv', ...out);
    assert.equal(status, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /VALUE_NOT_A_NUMBER.*column age/);
    assert.match(stderr, /VALUE_OUT_OF_BOUNDS.*column age/);
    assert.match(stderr, /VALUE_A_WORD.*column smoker/);
    assert.doesNotMatch(stderr, /old|300|yes/, 'no value of a patient is shown');
    assert.ok(!existsSync(at('predictions.csv')));
    writeFileSync(at('short.csv'), 'id,age\np1,40\n');
    const short = await predict('yes-no', 'short.csv', ...out);
    assert.equal(short.status, 2);
    assert.match(short.stderr, /COLUMN_\w+ \(column smoker\)/);
    assert.ok(!existsSync(at('predictions.csv')));
  });

  it('writes a file that is not there yet, and leaves one that is', async () => {
    const out = ['--out', at('own.csv')];
    assert.equal((await predict('yes-no', 'new.csv', ...out)).status, 0);
    const written = readFileSync(at('own.csv'), 'utf8');
    assert.match(written, /^row,patient,probability\n/);
    const again = await predict('yes-no', 'a.csv', ...out);
    assert.equal(again.status, 2);
    assert.match(again.stderr, /--out .*exists already: name a new file/);
    assert.equal(readFileSync(at('own.csv'), 'utf8'), written);
  });

  it('says of texts that a spreadsheet takes for formulas that they are none, and changes none', async () => {
    writeFileSync(at('formulas.csv'), 'age,id,smoker\n60,"=HYPERLINK(""a"",""b"")",1\n50,@x,1\n40,-7,0\n');
    const { status, stdout, stderr } = await predict('yes-no', 'formulas.csv');
    assert.equal(status, 0, stderr);
    assert.match(stdout, /\n1,"=HYPERLINK\(""a"",""b""\)",0\.\d+\n2,@x,0\.\d+\n3,-7,0\.\d+\n$/);
    assert.match(
      stderr,
      /note: in 2 rows a patient or a class begins with =, \+, - or @: .*as text, or take --json/,
    );
    assert.doesNotMatch((await predict('yes-no', 'formulas.csv', '--json')).stderr, /begins with/);
    assert.doesNotMatch((await predict('yes-no', 'new.csv')).stderr, /begins with/);
  });

  it('says of a file without column names that it needs all of the dictionary’s columns', async () => {
    const dictionary = { ...DICTIONARY, header: false, columns: ['id', 'age', 'smoker', 'ill'] };
    writeFileSync(at('headless.csv'), csvOf(1, 100).split('\n').slice(1).join('\n'));
    await trained('headless', { dictionary, data: 'headless.csv' });
    writeFileSync(at('unlabelled.csv'), 'x1,60,1\nx2,40,0\n');
    const refused = await predict('headless', 'unlabelled.csv');
    assert.equal(refused.status, 2);
    assert.match(refused.stderr, /leave the label’s fields empty/);
    writeFileSync(at('empty-label.csv'), 'x1,60,1,\nx2,40,0,\n');
    assert.equal((await predict('headless', 'empty-label.csv')).status, 0);
  });
});

describe('a model that was trained', () => {
  const copied = (name: string, change: (card: ModelCard) => object): string => {
    cpSync(at('yes-no'), at(name), { recursive: true });
    writeFileSync(join(at(name), 'model-card.json'), JSON.stringify(change(cardOf('yes-no'))));
    return name;
  };
  const refused = async (folder: string, expected: RegExp, ...more: readonly string[]) => {
    const { status, stdout, stderr } = await predict(folder, 'new.csv', ...more);
    assert.equal(status, 2, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, expected);
  };

  it('is the file that its card names, in the card’s folder', async () => {
    const other = copied('other', (card) => card);
    writeFileSync(join(at(other), 'model.onnx'), readFileSync(join(at('yes-no'), 'model-raw.onnx')));
    await refused(other, /is not the file that the card names/);
    const outside = copied('outside', (card) => ({
      ...card,
      model: { ...card.model, files: [{ ...card.model.files[0], file: '../yes-no/model.onnx' }] },
    }));
    await refused(outside, /names no model of its folder/);
    mkdirSync(at('nothing'));
    await refused('nothing', /model-card.json cannot be read: there is no such file/);
    await refused(
      copied('no-card', () => ({})),
      /no card of this version/,
    );
  });

  it('has a card, whatever somebody may have written into it', async () => {
    const { model, data } = cardOf('yes-no');
    const broken: readonly object[] = [
      { card: 2, model, data },
      { card: 1, data },
      { card: 1, model, data: { ...data, encoding: [null] } },
      { card: 1, model, data: { ...data, encoding: [{ name: 7 }] } },
      { card: 1, model, data: { ...data, target: undefined } },
      { card: 1, model, data: { ...data, patients: null } },
      { card: 1, model: { ...model, files: ['model.onnx'] }, data },
    ];
    for (const [place, card] of broken.entries()) {
      await refused(
        copied(`broken-${place}`, () => card),
        /no card of this version/,
      );
    }
    const none = { card: 1, model: { ...model, files: [] }, data };
    await refused(
      copied('no-files', () => none),
      /names no model of its folder/,
    );
    const [age] = data.encoding;
    await refused(
      copied('short-encoding', () => ({ card: 1, model, data: { ...data, encoding: [age] } })),
      /the model has no feature smoker/,
    );
    const text = { card: 1, model, data: { ...data, dictionary: 'none' } };
    await refused(
      copied('no-dictionary', () => text),
      /dictionary: /,
    );
  });

  it('has no card that is deeper or longer than any, or that could steer a terminal', async () => {
    const card = cardOf('yes-no');
    const { model, data } = card;
    const [feature] = data.encoding;
    await refused(
      copied('long', () => ({ card: 1, model, data: { ...data, encoding: Array(501).fill(feature) } })),
      /no card of this version/,
    );
    const steering = { ...data, patients: { '\u001b[2J': data.patients.data } };
    const { status, stderr } = await predict(
      copied('steering', () => ({ card: 1, model, data: steering })),
      ...['new.csv', '--site', 'other'],
    );
    assert.equal(status, 2);
    assert.match(stderr, /no card of this version/);
    assert.ok(!stderr.includes('\u001b'));
    const nested = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    for (const [place, own] of [
      { ...data, dictionary: 'here' },
      { ...data, target: { kind: 'here' } },
    ].entries()) {
      const folder = copied(`deep-${place}`, () => card);
      const text = JSON.stringify({ ...card, data: own }).replace('"here"', nested);
      writeFileSync(join(at(folder), 'model-card.json'), text);
      await refused(folder, /no card of this version/);
    }
  });

  it('is no file without end, and no card or model is larger than any', async () => {
    const card = copied('endless-card', (own) => own);
    rmSync(join(at(card), 'model-card.json'));
    symlinkSync('/dev/zero', join(at(card), 'model-card.json'));
    await refused(
      card,
      /--model: the card .*model-card.json has more than 16 MiB: name the file that was meant/,
    );
    const model = copied('endless-model', (own) => own);
    truncateSync(join(at(model), 'model.onnx'), 2 ** 29 + 1);
    await refused(model, /--model .*model.onnx has more than 512 MiB/);
  });

  it('is called private only where its card says so', async () => {
    const { stderr } = await predict(
      copied('silent', ({ privacy: _, ...card }) => card),
      'new.csv',
    );
    assert.match(stderr, /NOT PRIVATE/);
  });

  it('takes the dictionary of an earlier card from the command line, and no other encoding', async () => {
    const older = copied('older', ({ data: { dictionary: _, splitRule: __, ...data }, ...card }) => ({
      ...card,
      data,
    }));
    await refused(older, /--dictionary is missing/);
    const given = ['--dictionary', at('yes-no.json')];
    assert.equal((await predict(older, 'new.csv', ...given)).status, 0);
    const { status, stderr } = await evaluate(older, 'b.csv', ...given, '--held-out');
    assert.equal(status, 2);
    assert.match(stderr, /--held-out: the card is of an earlier version/);
    const seedless = copied('seedless', ({ data: { splitSeed: _, ...data }, ...card }) => ({
      ...card,
      data,
    }));
    const without = await evaluate(seedless, 'b.csv', '--held-out');
    assert.equal(without.status, 2);
    assert.match(without.stderr, /--held-out: the card has no split seed/);
    const [age, smoker] = DICTIONARY.features;
    const wider = { ...age, bounds: { low: 0, high: 200 } };
    writeFileSync(at('wider.json'), JSON.stringify({ ...DICTIONARY, features: [wider, smoker] }));
    await refused('yes-no', /feature 1 must be .*"high":120/, '--dictionary', at('wider.json'));
    writeFileSync(at('fewer.json'), JSON.stringify({ ...DICTIONARY, features: [age] }));
    await refused('yes-no', /feature 2 must be/, '--dictionary', at('fewer.json'));
  });

  it('reads a file with other columns by another dictionary of the same encoding', async () => {
    const [age, smoker] = DICTIONARY.features;
    const renamed = { ...DICTIONARY, features: [{ ...age, column: 'Alter' }, smoker] };
    writeFileSync(at('renamed.json'), JSON.stringify(renamed));
    writeFileSync(at('renamed.csv'), NEW_PATIENTS.replace('age', 'Alter'));
    const { stdout } = await predict('yes-no', 'renamed.csv', '--dictionary', at('renamed.json'));
    assert.equal(stdout, (await predict('yes-no', 'new.csv')).stdout);
  });

  it('is the hospital’s own where each has one', async () => {
    writeFileSync(at('own.yaml'), STUDY.replace('linear', '{ kind: linear, localIntercept: true }'));
    const { status, stderr } = await run(
      ...(['simulate', '--site', `a=${at('a.csv')}`, '--site', `b=${at('b.csv')}`] as const),
      ...['--dictionary', at('yes-no.json'), '--study', at('own.yaml'), '--out', at('two')],
    );
    assert.equal(status, 0, stderr);
    assert.deepEqual(
      cardOf('two').model.rawFiles?.map(({ file }) => file),
      ['sites/a/model-raw.onnx', 'sites/b/model-raw.onnx'],
    );
    await refused('two', /--site is missing: .*a, b/);
    await refused('two', /--site c: the card has no such hospital: there are a, b/, '--site', 'c');
    const [a, b] = await Promise.all(['a', 'b'].map((site) => predict('two', 'new.csv', '--site', site)));
    assert.equal(a!.status, 0);
    assert.notEqual(a!.stdout, b!.stdout);
  });
});

describe('evaluate', () => {
  it('names the file as it was given', async () => {
    const given = relative(process.cwd(), at('b.csv'));
    const { stdout } = await run('evaluate', '--model', at('yes-no'), '--data', given);
    assert.ok(stdout.startsWith(`all rows of ${given}, exact scores (not private):\n`), stdout);
  });

  it('comes to the card’s own scores on the patients whom the card’s seed holds out', async () => {
    const { metrics } = cardOf('yes-no');
    const { status, stderr, last } = await evaluate('yes-no', 'a.csv', '--held-out', '--json');
    assert.equal(status, 0, stderr);
    const answer = JSON.parse(last);
    assert.deepEqual(answer.pooled.score, metrics.pooled);
    assert.deepEqual(answer.pooled.calibration, metrics.assessment?.pooled.calibration);
    assert.equal(answer.scores, 'exact');
    const all = JSON.parse((await evaluate('yes-no', 'a.csv', '--json')).last);
    assert.equal(all.pooled.count, 220, 'every row');
  });

  it('gives metrics with intervals, calibration and thresholds, by site and by category', async () => {
    const [head, ...rows] = csvOf(5, 90).trimEnd().split('\n');
    const bySite = [`${head},ward`, ...rows.map((row, i) => `${row},${i % 3 === 0 ? 'north' : 'south'}`)];
    writeFileSync(at('wards.csv'), `${bySite.join('\n')}\n`);
    const { status, stdout, stderr, last } = await evaluate(
      ...(['yes-no', 'wards.csv', '--site-column', 'ward', '--by', 'smoker'] as const),
      ...['--threshold', '0.4', '--threshold', '0.25'],
    );
    assert.equal(status, 0, stderr);
    assert.match(stdout, /exact scores \(not private\)/);
    assert.match(stdout, /pooled +accuracy \d.\d+ \(\d.\d+ to \d.\d+\), AUC/);
    assert.match(stdout, /north +slope/);
    assert.match(stdout, /0\.25 +sensitivity/);
    const answer = JSON.parse(last);
    assert.deepEqual(answer.thresholds, [0.25, 0.4]);
    assert.deepEqual(Object.keys(answer.sites), ['north', 'south']);
    assert.equal(answer.sites.north.count + answer.sites.south.count, answer.pooled.count);
    assert.deepEqual(Object.keys(answer.by.smoker), ['0', '1']);
    assert.equal(answer.by.smoker[0].count + answer.by.smoker[1].count, answer.pooled.count);
    const { auc } = answer.pooled.score;
    assert.ok(auc.low <= auc.value && auc.value <= auc.high);
  });

  it('counts a site of fewer than ten rows, and gives no score of it', async () => {
    const [head, ...rows] = csvOf(5, 90).trimEnd().split('\n');
    const siteOf = (i: number) => (i < 9 ? 'small' : i < 19 ? 'enough' : 'large');
    writeFileSync(
      at('small-ward.csv'),
      `${[`${head},ward`, ...rows.map((row, i) => `${row},${siteOf(i)}`)].join('\n')}\n`,
    );
    const { status, stdout, last } = await evaluate('yes-no', 'small-ward.csv', '--site-column', 'ward');
    assert.equal(status, 0);
    assert.match(stdout, /small +too few rows: 9; scores are given from 10 rows on\n/);
    const { sites } = JSON.parse(last);
    assert.deepEqual(sites.small, { count: 9, score: null, calibration: null });
    assert.deepEqual([sites.enough.count, sites.enough.score.accuracy.value >= 0], [10, true]);
  });

  it('gives nobody’s id where a column of ids is named for the sites', async () => {
    const ids = csvOf(5, 120)
      .trimEnd()
      .split('\n')
      .map((row) => `${row},${row.split(',')[0]}`);
    ids[0] = `${ids[0]}2`;
    writeFileSync(at('ids.csv'), `${ids.join('\n')}\n`);
    const { status, stdout, stderr } = await evaluate('yes-no', 'ids.csv', '--site-column', 'id2');
    assert.equal(status, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /--site-column has more than 100 values/);
    assert.doesNotMatch(stderr, /p\d/);
  });

  it('judges a model of one hospital alone, and one of several, on the same patients', async () => {
    writeFileSync(at('shared.yaml'), STUDY);
    const common = ['--dictionary', at('yes-no.json'), '--study', at('shared.yaml')];
    for (const seed of ['one', 'two']) {
      const split = ['--seed-split', seed];
      const alone = await run('train', '--data', at('a.csv'), ...common, ...split, '--out', at('alone'));
      assert.equal(alone.status, 0, alone.stderr);
      const sites = ['--site', `north=${at('a.csv')}`, '--site', `south=${at('b.csv')}`];
      const several = await run('simulate', ...sites, ...common, ...split, '--out', at('several'));
      assert.equal(several.status, 0, several.stderr);
      const facts = (score: ModelCard['metrics']['pooled']) => [score?.count, score?.baseline];
      assert.deepEqual(facts(cardOf('several').metrics.sites.north!), facts(cardOf('alone').metrics.pooled));
      const [own, federated] = await Promise.all(
        ['alone', 'several'].map((folder) => evaluate(folder, 'a.csv', '--held-out', '--json')),
      );
      assert.deepEqual(JSON.parse(own!.last).pooled.score, cardOf('alone').metrics.pooled);
      assert.deepEqual(JSON.parse(federated!.last).pooled.score, cardOf('several').metrics.sites.north);
    }
  });

  it('refuses what it cannot look at, with the remedy', async () => {
    const cases: readonly [readonly string[], RegExp][] = [
      [['--by', 'age'], /--by age: a numeric feature has no categories: .*there are smoker/],
      [['--by', 'sex'], /--by sex: no feature has this name: there are smoker/],
      [['--threshold', '1'], /--threshold must be a number above 0 and below 1/],
      [['--site-column', 'ward'], /--site-column ward: the file has no such column/],
    ];
    for (const [more, expected] of cases) {
      const { status, stdout, stderr } = await evaluate('yes-no', 'b.csv', ...more);
      assert.equal(status, 2);
      assert.equal(stdout, '');
      assert.match(stderr, expected);
    }
    writeFileSync(at('unlabelled-b.csv'), NEW_PATIENTS);
    const { status, stderr } = await evaluate('yes-no', 'unlabelled-b.csv');
    assert.equal(status, 2);
    assert.match(stderr, /COLUMN_\w+ \(column ill\)/);
  });
});

describe('calibration on the card', () => {
  it('is there beside exact scores, with a picture', async () => {
    await trained('parted', { more: ['--by', 'smoker', '--threshold', '0.3'] });
    const { assessment } = cardOf('parted').metrics;
    assert.deepEqual(assessment?.thresholds, [0.3]);
    assert.ok(assessment.pooled.calibration!.count >= 10);
    assert.deepEqual(Object.keys(assessment.by), ['smoker']);
    const markdown = readFileSync(join(at('parted'), 'model-card.md'), 'utf8');
    assert.match(
      markdown,
      /## Calibration[\s\S]*\| data \| .*\n[\s\S]*\| data \| 0\.3 \|[\s\S]*## By smoker/,
    );
    assert.match(markdown, /!\[Calibration\]\(calibration\.svg\)/);
    const svg = readFileSync(join(at('parted'), 'calibration.svg'), 'utf8');
    assert.match(svg, /^<svg [\s\S]*Calibration[\s\S]*slope[\s\S]*<\/svg>\n$/);
  });

  it('is left out beside noised scores, in every file, and cannot be asked for', async () => {
    await trained('noised', { more: ['--score-noise', '5'] });
    const card = cardOf('noised');
    assert.equal(card.metrics.scores, 'noised');
    assert.equal(card.metrics.assessment, undefined);
    assert.ok(!existsSync(join(at('noised'), 'calibration.svg')));
    const markdown = readFileSync(join(at('noised'), 'model-card.md'), 'utf8');
    assert.match(markdown, /Calibration, sensitivity and specificity are left out/);
    assert.doesNotMatch(markdown, /Brier|slope/);
    for (const more of [
      ['--by', 'smoker'],
      ['--threshold', '0.5'],
    ]) {
      const { status, stderr } = await run(
        ...(['train', '--data', at('a.csv'), '--dictionary', at('yes-no.json')] as const),
        ...['--study', at('yes-no.yaml'), '--out', at('never'), '--score-noise', '5', ...more],
      );
      assert.equal(status, 2);
      assert.match(stderr, new RegExp(`--score-noise excludes ${more[0]}`));
      assert.ok(!existsSync(at('never')));
    }
  });

  it('takes the old picture of an earlier run away where there is none to put in its place', async () => {
    await trained('again');
    assert.ok(existsSync(join(at('again'), 'calibration.svg')));
    await trained('again', { more: ['--score-noise', '5'] });
    assert.ok(!existsSync(join(at('again'), 'calibration.svg')));
  });
});
