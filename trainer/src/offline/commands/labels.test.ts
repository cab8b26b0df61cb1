// Labels of every kind through the commands: what is learned, how it is scored, and what is refused.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { LabelRule } from '@consilium/domain';
import { buildForwardModel, readForwardModel } from '@consilium/onnx-grad';
import { openSession } from '@consilium/onnx-grad/testing/graph-parts';
import { tinyModel } from '@consilium/onnx-grad/testing/tiny-models';
import { DICTIONARY } from '../../testing/small-consortium.ts';
import type { ModelCard } from '../report/model-card.ts';
import { runCaptured as run } from './testing/run-captured.ts';

const directory = mkdtempSync(join(tmpdir(), 'consilium-labels-'));
after(() => rmSync(directory, { recursive: true }));
const at = (name: string) => join(directory, name);

const RULES = {
  categorical: { kind: 'categorical', categories: ['none', 'mild', 'severe'] },
  numeric: {
    kind: 'numeric',
    unit: 'mmHg',
    bounds: { low: 60, high: 260 },
    reference: { low: 90, high: 150 },
  },
  count: { kind: 'count', high: 50 },
} as const satisfies Record<string, LabelRule>;
type Kind = keyof typeof RULES;

/** Labels follow from the age, and a little from what else there is. Invented by a formula. */
function labelOf(kind: Kind, { age, i }: { readonly age: number; readonly i: number }): string | number {
  const more = (i * 7) % 5;
  if (kind === 'categorical') return age + more > 68 ? 'severe' : age + more > 45 ? 'mild' : 'none';
  if (kind === 'numeric') return 70 + age + more;
  return Math.round(Math.exp((age - 20) / 30)) + (more === 0 ? 1 : 0);
}

function csvOf(kind: Kind, seed: number, patients: number): string {
  const lines = ['id,age,smoker,ill'];
  for (let i = 0; i < patients; i += 1) {
    const age = 20 + ((i * 37 + seed * 11) % 70);
    lines.push(`p${i},${age},${(i + seed) % 2},${labelOf(kind, { age, i })}`);
  }
  return `${lines.join('\n')}\n`;
}

const study = (model: string, more = ''): string =>
  `model: ${model}\nrounds: 5\nstepsPerRound: 40\nsamplingRate: 1\nclipNormL2: 1\nlearningRate: 0.2\n` +
  `momentum: 0.5\nepsilon: 20\ndelta: 0.0001\n${more}`;
const dataOf = (kind: Kind) =>
  ['a', 'b'].flatMap((name) => ['--site', `${name}=${at(`${kind}-${name}.csv`)}`]);

before(() => {
  for (const kind of Object.keys(RULES) as Kind[]) {
    const label = { ...DICTIONARY.label, title: 'What is asked', rule: RULES[kind] };
    writeFileSync(at(`${kind}.json`), JSON.stringify({ ...DICTIONARY, label }));
    writeFileSync(at(`${kind}-a.csv`), csvOf(kind, 1, 150));
    writeFileSync(at(`${kind}-b.csv`), csvOf(kind, 2, 120));
  }
});

async function simulate(kind: Kind, text: string, ...more: string[]) {
  writeFileSync(at('study.yaml'), text);
  const out = at(`out-${kind}`);
  const outcome = await run(
    ...['simulate', ...dataOf(kind), '--dictionary', at(`${kind}.json`), '--study', at('study.yaml')],
    ...['--out', out, ...more],
  );
  assert.equal(outcome.status, 0, outcome.stderr);
  const card: ModelCard = JSON.parse(readFileSync(join(out, 'model-card.json'), 'utf8'));
  const markdown = readFileSync(join(out, 'model-card.md'), 'utf8');
  return {
    ...outcome,
    card,
    markdown,
    summary: JSON.parse(outcome.last),
    model: readFileSync(join(out, 'model.onnx')),
  };
}

/** A model's output of meaning for the rows of patients of an age, none of whom smokes. */
async function saidOf(model: Uint8Array, output: string, ages: readonly number[]): Promise<number[]> {
  const data = Float32Array.from(ages.flatMap((age) => [age / 60 - 1, 0, -1, 0]));
  const session = await openSession(model, { threads: 1 });
  const answer = await session.run(
    { x: { type: 'float32', shape: [ages.length, 4], data } },
    { outputs: [output] },
  );
  await session.close();
  return [...answer[output]!.data];
}

/** A linear graph of so many outputs that ends in an operator. */
const endingIn = (op: string, outputs = 1): Uint8Array =>
  tinyModel({
    features: 4,
    weights: { w: [4, outputs], b: [outputs] },
    nodes: [
      { op: 'Gemm', from: ['x', 'w', 'b'], to: 'h' },
      { op, from: ['h'], to: 'logit' },
    ],
  });

const KEYS = ['accuracy', 'auc', 'baseline', 'epsilonPld', 'epsilonRdp', 'delta', 'steps', 'seconds'];

describe('a label with categories', () => {
  it('is learned with one logit each and class weights, and scored by accuracy and macro AUC', async () => {
    const { summary, card, markdown, stderr, model } = await simulate(
      'categorical',
      study('{ kind: multilayer-perceptron, hidden: [8] }', 'classWeights: [1, 1, 1.5]\n'),
    );
    const { pooled, sites } = summary;
    assert.deepEqual(Object.keys(pooled).slice(0, KEYS.length), KEYS);
    assert.ok(pooled.accuracy > pooled.baseline + 0.1 && pooled.auc > 0.8, JSON.stringify(pooled));
    assert.deepEqual(
      [pooled.label, pooled.rmse, pooled.deviance, sites.a.mae],
      ['categorical', null, null, null],
    );
    assert.ok(pooled.epsilonPld <= 20);
    assert.deepEqual(card.training.loss, { kind: 'categorical-cross-entropy' });
    assert.match(markdown, /\| \| accuracy \| macro AUC \| baseline \| rows \|/);
    assert.match(markdown, /one of none, mild, severe/);
    assert.match(stderr, /round 5 of 5: accuracy 0\.\d+, macro AUC/);
    assert.equal(readForwardModel(model).outputs, 3);
    const probabilities = await saidOf(model, 'probabilities', [25, 85]);
    assert.ok(Math.abs(probabilities.slice(0, 3).reduce((sum, own) => sum + own, 0) - 1) < 1e-6);
    assert.ok(probabilities[0]! > probabilities[2]! && probabilities[5]! > probabilities[3]!);
  });

  it('has noised scores too: each class’s count is part of the baseline’s one release', async () => {
    const { summary, card } = await simulate(
      'categorical',
      study('logistic-regression'),
      '--score-noise',
      '2',
    );
    assert.ok(summary.pooled.accuracy > 0.4 && summary.pooled.auc === null);
    assert.equal(card.privacy?.heldOut?.events[0]?.steps, 6);
  });
});

describe('a numeric label', () => {
  it('is learned over its reference range, and scored and said in its unit', async () => {
    const { summary, card, markdown, stdout, model } = await simulate('numeric', study('linear'));
    const { pooled } = summary;
    assert.deepEqual(
      [pooled.label, pooled.accuracy, pooled.auc, pooled.deviance],
      ['numeric', null, null, null],
    );
    assert.ok(pooled.rmse < pooled.baseline / 2 && pooled.mae <= pooled.rmse && pooled.r2 > 0.7, stdout);
    const { rmse, r2 } = card.metrics.pooled!;
    assert.ok(rmse!.low <= rmse!.value && rmse!.value <= rmse!.high && r2!.high <= 1);
    assert.deepEqual(card.data.target, { kind: 'numeric', unit: 'mmHg', low: 90, high: 150 });
    assert.match(markdown, /RMSE \| MAE \| R² \| baseline[\s\S]*\d mmHg \(/);
    assert.match(stdout, /pooled +RMSE [\d.]+ mmHg \([\d.]+ mmHg to/);
    const [young, old] = await saidOf(model, 'value', [30, 80]);
    assert.ok(Math.abs(young! - 102) < 12 && Math.abs(old! - 152) < 12, `${young}, ${old}`);
  });

  it('takes Huber’s loss, whose delta is in the label’s unit', async () => {
    const { summary } = await simulate('numeric', study('linear', 'loss: { kind: huber, delta: 15 }\n'));
    assert.ok(summary.pooled.rmse < summary.pooled.baseline / 2);
  });
});

describe('a count', () => {
  it('is learned by Poisson deviance as the logarithm of its expectation', async () => {
    const { summary, markdown, model } = await simulate('count', study('linear'));
    const { pooled } = summary;
    assert.deepEqual([pooled.label, pooled.accuracy, pooled.rmse], ['count', null, null]);
    assert.ok(pooled.deviance < pooled.baseline / 2, JSON.stringify(pooled));
    assert.match(markdown, /Poisson deviance \| baseline/);
    const [young, old] = await saidOf(model, 'value', [25, 85]);
    assert.ok(young! > 0.3 && young! < 3 && old! > 5 && old! < 15, `${young}, ${old}`);
  });

  it('is learned by a graph that ends in the exp of its logarithm, which the loss takes by itself', async () => {
    writeFileSync(at('exp.onnx'), endingIn('Exp'));
    const { summary, model } = await simulate('count', study('{ onnx: exp.onnx }'));
    assert.ok(summary.pooled.deviance < summary.pooled.baseline / 2, JSON.stringify(summary.pooled));
    const [young, old] = await saidOf(model, 'logit', [25, 85]);
    assert.ok(young! > 0.3 && young! < 3 && old! > 5 && old! < 15, `${young}, ${old}`);
  });
});

describe('what does not go together is refused, with the remedy', () => {
  const graphs = {
    'one.onnx': buildForwardModel({ kind: 'linear', features: 4, localIntercept: false }),
    'three.onnx': buildForwardModel({
      ...{ kind: 'linear', features: 4, localIntercept: false },
      target: RULES.categorical,
    }),
    'sigmoid.onnx': endingIn('Sigmoid'),
    'exp.onnx': endingIn('Exp'),
    'three-exp.onnx': endingIn('Exp', 3),
  } as const;
  const CASES: readonly [what: string, kind: Kind, text: string, said: RegExp, ...options: string[]][] = [
    [
      'a loss of another label',
      'numeric',
      study('linear', 'loss: poisson-deviance\n'),
      /study: loss: a numeric label is learned with squared-error or huber, not poisson-deviance/,
    ],
    [
      'class weights of a number',
      'numeric',
      study('linear', 'classWeights: [1, 2]\n'),
      /classWeights: a numeric label has no classes: leave them out/,
    ],
    [
      'too few class weights',
      'categorical',
      study('linear', 'classWeights: [1, 2]\n'),
      /classWeights must be 3 positive numbers/,
    ],
    ['Huber without its delta', 'numeric', study('linear', 'loss: huber\n'), /study: loss\.delta is missing/],
    [
      'logistic regression of a number',
      'count',
      study('logistic-regression'),
      /needs a binary or categorical label; for a count one say linear/,
    ],
    [
      'a graph with too few logits',
      'categorical',
      study('{ onnx: one.onnx }'),
      /the graph has 1 outputs a row; a categorical label needs 3/,
    ],
    [
      'a graph with too many outputs',
      'numeric',
      study('{ onnx: three.onnx }'),
      /the graph has 3 outputs a row; a numeric label needs 1/,
    ],
    [
      'noised scores of a number',
      'count',
      study('linear'),
      /--score-noise hides patients in counts, and a count label has none: leave it out/,
      '--score-noise',
      '2',
    ],
    [
      'a graph that squeezes its numbers',
      'numeric',
      study('{ onnx: sigmoid.onnx }'),
      /node make logit \(Sigmoid\): the graph ends in it, and a numeric label is learned without it: export the value/,
    ],
    [
      'a graph that squeezes its counts',
      'count',
      study('{ onnx: sigmoid.onnx }'),
      /node make logit \(Sigmoid\): the graph ends in it, and a count label is learned without it: export the value/,
    ],
    [
      'a graph of counts for a number',
      'numeric',
      study('{ onnx: exp.onnx }'),
      /node make logit \(Exp\): the graph ends in it, and a numeric label is learned without it: export the value/,
    ],
    [
      'a graph of counts for categories',
      'categorical',
      study('{ onnx: three-exp.onnx }'),
      /node make logit \(Exp\): the graph ends in it, and a categorical label is learned without it: export the/,
    ],
  ];
  for (const [what, kind, text, said, ...options] of CASES) {
    it(what, async () => {
      for (const [name, graph] of Object.entries(graphs)) writeFileSync(at(name), graph);
      writeFileSync(at('refused.yaml'), text);
      const { status, stderr } = await run(
        ...['train', '--data', at(`${kind}-a.csv`), '--dictionary', at(`${kind}.json`)],
        ...['--study', at('refused.yaml'), '--out', at('never'), ...options],
      );
      assert.equal(status, 2, stderr);
      assert.match(stderr, said);
    });
  }

  it('a label that its rule does not know, by line, without repeating it', async () => {
    for (const [kind, text, code] of [
      ['categorical', 'deadly', 'LABEL_NOT_A_CATEGORY'],
      ['numeric', '987654', 'LABEL_OUT_OF_BOUNDS'],
      ['count', '2.5', 'LABEL_NOT_A_COUNT'],
    ] as const) {
      writeFileSync(at('bad.csv'), `${csvOf(kind, 1, 30)}p90,50,0,${text}\n`);
      const { status, stderr } = await run(
        'check',
        '--file',
        at('bad.csv'),
        '--dictionary',
        at(`${kind}.json`),
      );
      assert.equal(status, 2);
      assert.match(stderr, new RegExp(`${code} \\(line 32, column ill\\): .*[Cc]orrect`));
      assert.doesNotMatch(stderr, new RegExp(text));
    }
  });
});

describe('a draft', () => {
  it('has the label’s kind by a guess, or as an option says', async () => {
    const ruleOf = async (kind: Kind, ...more: string[]) => {
      const { status, stdout, stderr } = await run(
        ...['dictionary', 'init', at(`${kind}-a.csv`), '--label', 'ill', '--json', ...more],
      );
      assert.equal(status, 0, stderr);
      return JSON.parse(stdout).dictionary.label.rule;
    };
    const open = { low: 'TODO', high: 'TODO' };
    assert.deepEqual(await ruleOf('categorical'), { kind: 'categorical', categories: ['TODO'] });
    assert.deepEqual(await ruleOf('numeric'), { kind: 'numeric', unit: 'TODO', bounds: open });
    assert.deepEqual(await ruleOf('count'), { kind: 'greater-than', threshold: 'TODO' });
    assert.deepEqual(await ruleOf('count', '--label-kind', 'count'), { kind: 'count', high: 'TODO' });
    const codes = await ruleOf('count', '--label-kind', 'categorical');
    assert.deepEqual(codes.categories.slice(0, 2), ['1', '2'], 'codes that many rows share');
    const { status, stderr } = await run('dictionary', 'init', at('count-a.csv'), '--label-kind', 'ordinal');
    assert.equal(status, 2);
    assert.match(stderr, /--label-kind must be one of binary, /);
  });
});
