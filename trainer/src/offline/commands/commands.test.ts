import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { encodingOf, inputNames } from '@consilium/domain';
import { buildForwardModel, readForwardModel } from '@consilium/onnx-grad';
import { decodeModel, readFloats } from '@consilium/onnx-grad/testing/graph-parts';
import { csvOf, DICTIONARY } from '../../testing/small-consortium.ts';
import type { ModelCard } from '../report/model-card.ts';
import { loadSite } from '../simulation/load-sites.ts';
import { COMMANDS } from './run-command.ts';
import { runCaptured as run } from './testing/run-captured.ts';

const directory = mkdtempSync(join(tmpdir(), 'consilium-commands-'));
after(() => rmSync(directory, { recursive: true }));

const at = (name: string) => join(directory, name);
const cardOf = (folder: string): ModelCard =>
  JSON.parse(readFileSync(join(at(folder), 'model-card.json'), 'utf8'));
const STUDY = `
title: Who is <ill>?
model: { kind: logistic-regression, localIntercept: true }
rounds: 3
stepsPerRound: 4
samplingRate: 0.5
clipNormL2: 1
learningRate: 1
epsilon: 8
delta: 0.001
`;
const common = ['--dictionary', at('dictionary.json'), '--study', at('study.yaml')];
const sites = ['a', 'b', 'c'].flatMap((name) => ['--site', `${name}=${at(`${name}.csv`)}`]);

before(() => {
  writeFileSync(at('dictionary.json'), JSON.stringify(DICTIONARY));
  writeFileSync(at('study.yaml'), STUDY);
  ['a', 'b', 'c'].forEach((name, seed) => {
    writeFileSync(at(`${name}.csv`), csvOf(seed + 1, 60 + 20 * seed));
  });
});

describe('train', () => {
  it('writes a model, its card and its curve, and ends with one line of JSON', async () => {
    const { status, stdout, stderr, last } = await run(
      'train',
      '--data',
      at('a.csv'),
      ...common,
      '--out',
      at('one'),
    );
    assert.equal(status, 0, stderr);
    const summary = JSON.parse(last);
    assert.deepEqual(Object.keys(summary).slice(0, 9), [
      'accuracy',
      'auc',
      'baseline',
      'epsilonPld',
      'epsilonRdp',
      'delta',
      'steps',
      'seconds',
      'examplesPerSecond',
    ]);
    assert.equal(summary.steps, 12);
    assert.equal(summary.scores, 'exact');
    assert.equal(summary.private, true);
    assert.ok(summary.epsilonPld <= 8 && summary.epsilonRdp > summary.epsilonPld);
    const parts = summary.trainingSeconds + summary.scoringSeconds;
    assert.ok(Math.abs(parts / summary.seconds - 1) < 1e-3, 'seconds hold training and scoring');
    assert.ok(summary.scoringSeconds > 0);
    assert.match(stdout, /seconds of training, .* of scoring \(reading the files/);
    assert.match(stdout, /ε = 7\.\d+ at δ = 0\.001 for each patient/);
    assert.match(stderr, /round 3 of 3: accuracy/);

    const card = cardOf('one');
    assert.equal(card.privacy?.training.events[0]?.steps, 12);
    assert.match(card.data.dictionarySha256, /^[0-9a-f]{64}$/);
    assert.deepEqual(card.data.patients, { data: { low: 50, high: 99 } });
    assert.equal(card.metrics.curve.length, 4);
    const { accuracy, count } = card.metrics.pooled!;
    assert.ok(accuracy!.low <= accuracy!.value && accuracy!.value <= accuracy!.high);
    assert.ok(count! > 0);
    const markdown = readFileSync(join(at('one'), 'model-card.md'), 'utf8');
    assert.match(markdown, /exact and therefore not private/);
    assert.match(markdown, /\| age \| `age`, `age_missing` \| -1 at \d+ a, 1 at \d+ a, linear/);
    assert.match(markdown, /- by `consilium-trainer train`, \d{4}-\d\d-\d\d\n/);
    assert.equal(inputNames(card.data.encoding).length, card.data.inputs);
    const svg = readFileSync(join(at('one'), 'learning-curve.svg'), 'utf8');
    assert.match(svg, /^<svg [\s\S]*Who is &#60;ill&#62;\?[\s\S]*<\/svg>\n$/);
    assert.equal(readForwardModel(readFileSync(join(at('one'), 'model.onnx'))).features, 4);
  });

  it('trains without privacy only when asked to, and says so everywhere', async () => {
    const { status, stdout, stderr, last } = await run(
      ...['train', '--data', at('b.csv'), ...common, '--without-privacy', '--out', at('bare')],
    );
    assert.equal(status, 0, stderr);
    const summary = JSON.parse(last);
    assert.deepEqual(
      [summary.private, summary.epsilonPld, summary.epsilonRdp, summary.delta],
      [false, null, null, null],
    );
    assert.match(stdout, /NOT PRIVATE/);
    assert.match(stderr, /\[NOT PRIVATE\] round 3/);
    assert.match(readFileSync(join(at('bare'), 'model-card.md'), 'utf8'), /THIS MODEL IS NOT PRIVATE/);
    assert.match(readFileSync(join(at('bare'), 'learning-curve.svg'), 'utf8'), /NOT PRIVATE/);
    assert.equal(cardOf('bare').privacy, null);
    assert.ok(summary.accuracy > summary.baseline + 0.05, 'age decides who is ill');
  });

  it('trains a graph of one’s own, by record, with noised scores', async () => {
    const { features } = encodingOf(DICTIONARY);
    const inputs = inputNames(features).length;
    writeFileSync(
      at('own.onnx'),
      buildForwardModel({
        kind: 'multilayer-perceptron',
        features: inputs,
        hidden: [3],
        localIntercept: false,
      }),
    );
    writeFileSync(
      at('own.yaml'),
      STUDY.replace(/model:.*/, 'model: { onnx: own.onnx }\nunit: record\nclassWeights: [1, 2]'),
    );
    const { status, stderr, last } = await run(
      ...['train', '--data', at('a.csv'), '--dictionary', at('dictionary.json'), '--study', at('own.yaml')],
      ...['--score-noise', '5', '--out', at('own'), '--json'],
    );
    assert.equal(status, 0, stderr);
    const summary = JSON.parse(last);
    assert.equal(summary.auc, null);
    const { privacy, metrics } = cardOf('own');
    assert.equal(privacy?.unit, 'record');
    assert.equal(metrics.scores, 'noised');
    assert.equal(summary.scores, 'noised');
    const { timing } = cardOf('own');
    for (const time of [timing.seconds, timing.trainingSeconds!, timing.scoringSeconds!]) {
      assert.equal(time, Number(time.toPrecision(1)), 'no time that counts rows');
    }
    assert.equal(summary.seconds, timing.seconds);
    assert.equal(metrics.pooled?.count, null);
    assert.equal(privacy?.heldOut?.events[0]?.steps, 4);
    assert.ok(summary.epsilonRdp >= privacy!.heldOut!.epsilonRdp);
  });

  it('says that no rows are held out beside exact scores, and nothing of how many there are beside noised ones', async () => {
    const [name, path] = ['few', at('few.csv')];
    writeFileSync(path, csvOf(4, 12));
    const heldOutRows = async (splitSeed: string) => {
      const site = await loadSite({ name, path }, { dictionary: DICTIONARY, unit: 'patient', splitSeed });
      return site.heldOut.labels.length;
    };
    let seed = 0;
    while ((await heldOutRows(`${seed}`)) > 0) seed++;
    const given = ['--site', `${name}=${path}`, ...common, '--seed-split', `${seed}`];
    for (const [more, isTold] of [
      [[], true],
      [['--score-noise', '5'], false],
    ] as const) {
      const { status, stderr } = await run('simulate', ...given, ...more, '--out', at('few'), '--json');
      assert.equal(status, 0, stderr);
      assert.equal(/no held-out patients/.test(stderr), isTold);
      assert.equal(/no held-out patients/.test(cardOf('few').warnings.join()), isTold);
    }
  });
});

describe('simulate', () => {
  it('scores each hospital and all of them, and gives each its own model where it has its own parameters', async () => {
    const { status, stdout, stderr, last } = await run(
      'simulate',
      ...sites,
      ...common,
      '--out',
      at('many'),
      '--json',
    );
    assert.equal(status, 0, stderr);
    assert.equal(stdout.trimEnd(), last);
    const summary = JSON.parse(last);
    const { pooled, sites: bySite, ...first } = summary;
    assert.deepEqual(first, pooled, 'scripts read the same fields of train and simulate');
    assert.deepEqual(Object.keys(bySite.a), Object.keys(pooled));
    assert.deepEqual(Object.keys(summary.sites), ['a', 'b', 'c']);
    assert.equal(summary.pooled.epsilonRdp, summary.sites.a.epsilonRdp);
    const models = ['a', 'b', 'c'].map((name) => readFileSync(at(`many/sites/${name}/model.onnx`)));
    const values = models.map((bytes) => readForwardModel(bytes));
    const own = values.map(({ values: all, parameters }) => {
      const { offset } = parameters.find(({ name }) => name === 'local.intercept')!;
      return all[offset];
    });
    assert.equal(new Set(own).size, 3, 'intercepts differ');
    const shared = values.map(({ values: all, parameters }) => {
      const { offset, size } = parameters.find(({ name }) => name === 'weight0')!;
      return [...all.subarray(offset, offset + size)];
    });
    assert.deepEqual(shared[0], shared[1]);
    assert.deepEqual(shared[0], shared[2]);
  });

  it('takes another rule and a server optimiser', async () => {
    writeFileSync(
      at('robust.yaml'),
      `${STUDY.replace(/model:.*/, 'model: logistic-regression')}
aggregation: { rule: median }
serverOptimizer: { kind: fedadam, learningRate: 0.1 }`,
    );
    const { status, stderr, last } = await run(
      ...['simulate', ...sites, '--dictionary', at('dictionary.json'), '--study', at('robust.yaml')],
      ...['--out', at('robust')],
    );
    assert.equal(status, 0, stderr);
    assert.ok(JSON.parse(last).pooled.accuracy >= 0);
    assert.ok(existsSync(at('robust/model.onnx')));
  });

  it('trains with Adam, a schedule, weight decay and an average, over all rounds, and the card says so', async () => {
    writeFileSync(
      at('adam.yaml'),
      `${STUDY.replace('learningRate: 1', 'learningRate: 0.3').replace('rounds: 3', 'rounds: 5')}
optimizer: { kind: adam, secondMomentum: 0.95 }
schedule: { kind: cosine, warmUpSteps: 3, finalFraction: 0.1 }
weightDecay: 0.001
averaging: { decay: 0.5, over: steps }
rowsPerRun: 32`,
    );
    const { status, stderr, last } = await run(
      ...['simulate', ...sites, '--dictionary', at('dictionary.json'), '--study', at('adam.yaml')],
      ...['--out', at('adam')],
    );
    assert.equal(status, 0, stderr);
    const { pooled } = JSON.parse(last);
    assert.ok(pooled.accuracy > pooled.baseline, `${pooled.accuracy} of ${pooled.baseline}`);
    const { training, privacy } = cardOf('adam');
    assert.deepEqual(training.optimizer, { kind: 'adam', secondMomentum: 0.95 });
    assert.deepEqual(training.averaging, { decay: 0.5, over: 'steps' });
    assert.deepEqual(
      privacy?.training.events.map(({ steps }) => steps),
      [20],
    );
  });

  it('leaves frozen weights as they are, and the card says which', async () => {
    const frozen = (patterns: string) => {
      writeFileSync(at('frozen.yaml'), `${STUDY}\nfrozenParameters: ${patterns}\n`);
      return run(
        ...['train', '--data', at('a.csv'), '--dictionary', at('dictionary.json')],
        ...['--study', at('frozen.yaml'), '--out', at('frozen')],
      );
    };
    const { status, stderr } = await frozen('[weight0]');
    assert.equal(status, 0, stderr);
    assert.deepEqual(cardOf('frozen').training.frozenParameters, ['weight0']);
    const { graph } = decodeModel(readFileSync(at('frozen/model.onnx')));
    const weights = readFloats(graph.initializer.find(({ name }) => name === 'weight0')!);
    assert.ok(
      weights.every((value) => value === 0),
      'a linear model starts at zeros',
    );
    const refused = await frozen('[weights*]');
    assert.equal(refused.status, 2);
    assert.match(
      refused.stderr,
      /frozenParameters: no parameter matches weights\*; there are weight0, bias0/,
    );
  });

  it('clips by layers, and with a norm that follows the patients, at the same charge, and the card says so', async () => {
    const clippings = {
      flat: '{ kind: flat }',
      layers: '{ kind: per-layer, bounds: [2, 1], layers: [[weight0], [bias0, local.intercept]] }',
      adaptive: '{ kind: adaptive, targetQuantile: 0.7, countNoiseMultiplier: 12 }',
    };
    const cards = [];
    for (const [name, clipping] of Object.entries(clippings)) {
      writeFileSync(at(`${name}.yaml`), `${STUDY}\nclipping: ${clipping}\n`);
      const { status, stderr } = await run(
        ...['train', '--data', at('a.csv'), '--dictionary', at('dictionary.json')],
        ...['--study', at(`${name}.yaml`), '--out', at(name)],
      );
      assert.equal(status, 0, stderr);
      cards.push(cardOf(name));
    }
    const [flat, layers, adaptive] = cards;
    assert.deepEqual(layers!.privacy, flat!.privacy);
    assert.deepEqual(adaptive!.privacy, flat!.privacy);
    assert.equal((layers!.training.clipping as { kind: string }).kind, 'per-layer');
    assert.equal(layers!.training.stepNoise, undefined);
    const { data } = adaptive!.training.stepNoise as Record<string, { gradients: number; count: number }>;
    const z = adaptive!.privacy!.noiseMultiplier;
    assert.equal(data!.count, 12);
    assert.ok(Math.abs(data!.gradients ** -2 + 12 ** -2 - z ** -2) < 1e-9);
    const markdown = readFileSync(join(at('adaptive'), 'model-card.md'), 'utf8');
    assert.match(markdown, /noised count of patients[\s\S]*which together are the one that is stated/);
    const bare = await run(
      ...['train', '--data', at('a.csv'), '--dictionary', at('dictionary.json')],
      ...['--study', at('adaptive.yaml'), '--without-privacy', '--out', at('bare-adaptive')],
    );
    assert.equal(bare.status, 0, bare.stderr);
    assert.equal(cardOf('bare-adaptive').training.clipping, undefined);
  });

  it('refuses clipping that does not fit the model or the plan, by field', async () => {
    for (const [clipping, why] of [
      [
        '{ kind: per-layer, bounds: uniform, layers: [[conv*]] }',
        /clipping\.layers: no parameter matches conv\*/,
      ],
      [
        '{ kind: adaptive, countNoiseMultiplier: 0.1 }',
        /clipping\.countNoiseMultiplier must be at least twice/,
      ],
      ['{ kind: per-layer, bounds: [1] }', /clipping\.bounds must have one number for each of layers/],
    ] as const) {
      writeFileSync(at('odd.yaml'), `${STUDY}\nclipping: ${clipping}\n`);
      const { status, stderr } = await run(
        ...['train', '--data', at('a.csv'), '--dictionary', at('dictionary.json'), '--study', at('odd.yaml')],
      );
      assert.equal(status, 2);
      assert.match(stderr, why);
    }
  });

  it('refuses optimisers and schedules that contradict themselves, by field', async () => {
    writeFileSync(
      at('odd.yaml'),
      `${STUDY}\nmomentum: 0.5\noptimizer: { kind: sgd }\nschedule: { kind: step, warmUpSteps: 12 }\n`,
    );
    const { status, stderr } = await run(
      ...['train', '--data', at('a.csv'), '--dictionary', at('dictionary.json'), '--study', at('odd.yaml')],
    );
    assert.equal(status, 2);
    assert.match(stderr, /momentum is the optimizer’s own field/);
    assert.match(stderr, /schedule\.warmUpSteps must be .* the study's 12 steps/);
    assert.match(stderr, /schedule\.everySteps must be a positive integer/);
  });

  it('refuses a rule that means nothing for so few hospitals, with the reason and the remedy', async () => {
    const refusal = async (aggregation: string, given: readonly string[]) => {
      writeFileSync(at('few.yaml'), `${STUDY}\naggregation: ${aggregation}\n`);
      const { status, stderr } = await run(
        ...['simulate', ...given, '--dictionary', at('dictionary.json'), '--study', at('few.yaml')],
        ...['--out', at('unwritten')],
      );
      assert.equal(status, 2);
      assert.equal(existsSync(at('unwritten')), false);
      return stderr;
    };
    assert.match(
      await refusal('{ rule: multi-krum, faulty: 1 }', sites),
      /study: aggregation: multi-krum needs at least 5 hospitals to bear a false update, and here are 3: add/,
    );
    assert.match(
      await refusal('{ rule: trimmed-mean, faulty: 2 }', sites),
      /trimmed-mean needs at least 5 hospitals to bear 2 false updates, and here are 3: .* lower faulty/,
    );
    assert.match(await refusal('{ rule: median }', sites.slice(0, 2)), /at least 3 hospitals .* here is 1:/);
  });

  it('refuses what cannot be trained before anything is scored', async () => {
    writeFileSync(at('early.yaml'), `${STUDY}\nclipping: { kind: adaptive, countNoiseMultiplier: 0.1 }\n`);
    const { status, stderr } = await run(
      ...['simulate', ...sites, '--dictionary', at('dictionary.json'), '--study', at('early.yaml')],
      ...['--out', at('early')],
    );
    assert.equal(status, 2);
    assert.match(stderr, /clipping\.countNoiseMultiplier must be at least twice noiseMultiplier/);
    assert.doesNotMatch(stderr, /before training/);
  });
});

describe('the commands', () => {
  it('explain themselves', async () => {
    for (const command of ['train', 'simulate', 'dictionary', 'account']) {
      const { status, stdout } = await run(command, '--help');
      assert.equal(status, 0);
      assert.match(stdout, new RegExp(`consilium-trainer ${command}[\\s\\S]*Exit (status|codes)`));
    }
  });

  it('name every option that they take, and no other, and take -h for --help', async () => {
    for (const command of Object.keys(COMMANDS)) {
      const { stdout: help } = await run(command, '--help');
      const { stderr } = await run(command, '--no-such-option');
      const [, taken = ''] = /there are (--[a-z, -]+)/.exec(stderr) ?? [];
      const named = [...help.matchAll(/--[a-z][a-z-]*/g)].map(([option]) => option);
      assert.deepEqual([...new Set(named)].sort(), taken.split(', ').sort(), command);
      assert.equal((await run(command, '-h')).stdout, help, command);
    }
  });

  it('answer wrong usage and bad input with 2, name all problems, and show no patient’s value', async () => {
    assert.equal((await run('train', '--loud')).status, 2);
    assert.match((await run('train', ...common)).stderr, /--data is missing/);
    assert.match(
      (await run('train', '--data', 'a', '--data', 'b')).stderr,
      /--data is given twice: give it once/,
    );
    assert.match((await run('dictionary', 'init')).stderr, /: FILE is missing: dictionary init FILE/);
    writeFileSync(at('bad.csv'), `${csvOf(1)}p90,987654,1,0\np91,50,7,0\n`);
    const { status, stderr } = await run('train', '--data', at('bad.csv'), ...common);
    assert.equal(status, 2);
    assert.match(stderr, /VALUE_OUT_OF_BOUNDS \(line \d+, column age\)[\s\S]*VALUE_NOT_BINARY/);
    assert.doesNotMatch(stderr, /987654/);
    assert.match((await run('simulate', '--site', 'nofile', ...common)).stderr, /--site must be NAME=FILE/);
  });

  it('draft a dictionary that is refused until it is filled in', async () => {
    const { status, stderr } = await run(
      ...['dictionary', 'init', at('a.csv'), '--id', 'id', '--label', 'ill', '--out', at('draft.json')],
    );
    assert.equal(status, 0, stderr);
    assert.match(stderr, /age: unit, and bounds/);
    const refused = await run(
      ...['train', '--data', at('a.csv'), '--dictionary', at('draft.json'), '--study', at('study.yaml')],
    );
    assert.equal(refused.status, 2);
    assert.match(refused.stderr, /dictionary: features\.0 \(age\)\.bounds\.low still says TODO/);
    assert.equal((await run('dictionary', 'init', at('a.csv'), '--out', at('draft.json'))).status, 2);
  });
});
