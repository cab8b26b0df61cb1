// Features that are codes, with a graph that embeds them, from a file to an answer: those of the example.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Dictionary } from '@consilium/domain';
import { readForwardModel, runColumns } from '@consilium/onnx-grad';
import type { ModelCard } from '../report/model-card.ts';
import { runCaptured as run } from './testing/run-captured.ts';

const root = import.meta.dirname.replace(/[/\\]trainer[/\\].*$/, '');
const example = (name: string) => resolve(root, 'examples/embed-codes', name);
const dictionary: Dictionary = JSON.parse(readFileSync(example('dictionary.json'), 'utf8'));
const directory = mkdtempSync(join(tmpdir(), 'consilium-codes-'));
after(() => rmSync(directory, { recursive: true }));
const at = (name: string) => join(directory, name);
const write = (name: string, content: string) => {
  writeFileSync(at(name), content);
  return at(name);
};

const HEART = resolve(root, 'network/studies/heart-disease/data/processed.cleveland.data');
const trained = (study: string, words: Dictionary, out: string) =>
  run(
    ...(['train', '--data', HEART, '--dictionary', write('words.json', JSON.stringify(words))] as const),
    ...['--study', study, '--out', at(out)],
  );
/** Age, sex, pain and thallium of somebody; the rest is not looked at. */
const row = (pain: string, thallium: string): string => `50,1,${pain},0,0,0,0,0,0,0,0,0,${thallium},1\n`;

/** Another number of categories of chest pain. */
const withPains = (categories: string[]): Dictionary => ({
  ...dictionary,
  features: dictionary.features.map((feature) =>
    feature.name === 'cp' && feature.kind === 'code' ? { ...feature, categories } : feature,
  ),
});

describe('a graph that embeds codes', () => {
  before(async () => {
    const { status, stderr } = await trained(example('study.yaml'), dictionary, 'out');
    assert.equal(status, 0, stderr);
  });
  const tableOf = (onnx: Uint8Array) => {
    const model = readForwardModel(onnx);
    const { offset, size, shape } = model.parameters.find(({ name }) => name === 'pain.weight')!;
    return { shape, values: model.values.subarray(offset, offset + size) };
  };

  it('has a row of its own for each code, all of which are trained', () => {
    const [first, last] = [example('graph.onnx'), join(at('out'), 'model.onnx')].map((file) =>
      tableOf(readFileSync(file)),
    );
    assert.deepEqual(last!.shape, [5, 3]);
    for (let code = 0; code < 5; code++) {
      const own = [first, last].map((table) => [...table!.values.subarray(3 * code, 3 * code + 3)]);
      assert.notDeepEqual(own[0], own[1], `code ${code}`);
    }
  });

  it('is described on the card: one input, and what each code means', () => {
    const card: ModelCard = JSON.parse(readFileSync(join(at('out'), 'model-card.json'), 'utf8'));
    assert.equal(card.data.inputs, 6);
    assert.deepEqual(card.data.encoding[0], { name: 'cp', kind: 'code', categories: ['1', '2', '3', '4'] });
    const text = readFileSync(join(at('out'), 'model-card.md'), 'utf8');
    assert.match(text, /\| cp \| `cp` \| 0 for 1, 1 for 2, 2 for 3, 3 for 4, 4 where it is not known \|/);
  });

  it('predicts, from codes of the file and from what is not known, as the graph from raw values does', async () => {
    const data = write('new.csv', row('1', '3') + row('4', '7') + row('?', '7') + row('4.0', ''));
    const { status, stderr, last } = await run('predict', '--model', at('out'), '--data', data, '--json');
    assert.equal(status, 0, stderr);
    const predicted: number[] = JSON.parse(last).rows.map((one: { probability: number }) => one.probability);
    const said = await runColumns(readFileSync(join(at('out'), 'model-raw.onnx')), {
      cp: ['1', '4', '?', '4.0'],
      thal: ['3', '7', '7', ''],
      age: Float64Array.of(50, 50, 50, 50),
      sex: ['1', '1', '1', '1'],
    });
    predicted.forEach((value, i) => {
      assert.ok(Math.abs(value - (said.probability as Float32Array)[i]!) < 1e-6, `row ${i + 1}`);
    });
    assert.equal(new Set(predicted).size, 4, 'each code has its own answer');
    const wrong = await run('predict', '--model', at('out'), '--data', write('wrong.csv', row('5', '3')));
    assert.equal(wrong.status, 2);
    assert.match(wrong.stderr, /VALUE_NOT_A_CATEGORY \(line 1, column cp\)/);
  });

  it('is evaluated by its categories', async () => {
    const json = ['--data', HEART, '--by', 'thal', '--json'];
    const { status, stderr, last } = await run('evaluate', '--model', at('out'), ...json);
    assert.equal(status, 0, stderr);
    const { by } = JSON.parse(last);
    assert.deepEqual(Object.keys(by.thal), ['3', '6', '7', 'missing']);
  });
});

describe('check and train refuse', () => {
  const check = (words: Dictionary, study = example('study.yaml')) =>
    run(
      ...(['check', '--file', HEART, '--dictionary', write('words.json', JSON.stringify(words))] as const),
      ...['--study', study],
    );

  it('nothing where the tables are large enough', async () => {
    for (const words of [dictionary, withPains(['1', '2', '3'])]) {
      const { stderr } = await check(words);
      assert.doesNotMatch(stderr, /embedding/);
    }
  });

  it('an embedding without a row for what is not known, by the name of the feature', async () => {
    const words = withPains(['1', '2', '3', '4', '5']);
    const said =
      /input cp has codes from 0 to 5, where 5 is for what is not known, and the graph does not run on 5: give/;
    const refusals = [await check(words), await trained(example('study.yaml'), words, 'never')];
    for (const { status, stderr } of refusals) {
      assert.equal(status, 2, stderr);
      assert.match(stderr, said);
      assert.doesNotMatch(stderr, /its input thal/);
    }
  });

  it('codes for a model that would take them for quantities', async () => {
    const text = readFileSync(example('study.yaml'), 'utf8');
    const study = write('built.yaml', text.replace(/^model: .*$/m, 'model: logistic-regression'));
    const { status, stderr } = await trained(study, dictionary, 'never');
    assert.equal(status, 2, stderr);
    assert.match(
      stderr,
      /kind code \(cp, thal\) are for an embedding, .* make them categorical, or bring a graph/,
    );
  });
});
