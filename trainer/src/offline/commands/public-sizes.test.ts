// What of a hospital's size a run uses and shows: the public band for steps and weights, the patients themselves for
// the throughput beside exact scores.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { csvOf, DICTIONARY } from '../../testing/small-consortium.ts';
import type { ModelCard } from '../report/model-card.ts';
import { DEFAULT_SPLIT_SEED, loadSite, type Site } from '../simulation/load-sites.ts';
import { runCaptured as run } from './testing/run-captured.ts';

const directory = mkdtempSync(join(tmpdir(), 'consilium-sizes-'));
after(() => rmSync(directory, { recursive: true }));
const at = (name: string) => join(directory, name);

const COUNTS = { small: 1260, large: 1490 } as const;
const siteOf = (name: string, path = at(`${name}.csv`)) =>
  loadSite({ name, path }, { dictionary: DICTIONARY, unit: 'patient', splitSeed: DEFAULT_SPLIT_SEED });
const unitsOf = ({ training }: Site): number => training.rowOffsets.length - 1;
const cardOf = (folder: string): ModelCard =>
  JSON.parse(readFileSync(join(at(folder), 'model-card.json'), 'utf8'));
const markdownOf = (folder: string) => readFileSync(join(at(folder), 'model-card.md'), 'utf8');
const study = ['--dictionary', at('dictionary.json'), '--study', at('study.yaml')];

before(() => {
  writeFileSync(at('dictionary.json'), JSON.stringify(DICTIONARY));
  writeFileSync(
    at('study.yaml'),
    'model: logistic-regression\nrounds: 2\nstepsPerRound: 3\nsamplingRate: 1\nclipNormL2: 1\nlearningRate: 0.1\n' +
      'noiseMultiplier: 4\ndelta: 0.00005\n',
  );
  for (const [name, patients] of Object.entries(COUNTS)) {
    writeFileSync(at(`${name}.csv`), csvOf(1, patients));
  }
});

describe('the numbers that steps and averages use', () => {
  it('are those of the band, whatever the number of patients in it', async () => {
    const [small, large] = [await siteOf('small'), await siteOf('large')];
    assert.notEqual(unitsOf(small), unitsOf(large));
    assert.deepEqual([small.band, large.band], [small.band, { low: 1250, high: 1499 }]);
    assert.deepEqual([small.weight, small.bandSize], [large.weight, large.bandSize]);
    assert.equal(large.weight, 1374);
  });

  it('are on the terminal and on the card', async () => {
    const { status, stderr } = await run('train', '--data', at('small.csv'), ...study, '--out', at('one'));
    assert.equal(status, 0, stderr);
    assert.match(
      stderr,
      /data: each step's sum of gradients is divided by 1099\.2, from the public band of 1250 to 1499 patients/,
    );
    assert.deepEqual(cardOf('one').data.divisors, { data: 1099.2 });
    assert.match(markdownOf('one'), /each step's sum of gradients is divided by 1099\.2: samplingRate times/);
  });

  it('are shown for each hospital', async () => {
    const sites = Object.keys(COUNTS).flatMap((name) => ['--site', `${name}=${at(`${name}.csv`)}`]);
    const { status, stderr } = await run('simulate', ...sites, ...study, '--out', at('several'));
    assert.equal(status, 0, stderr);
    assert.match(stderr, /small: each step's .*1099\.2[\s\S]*large: each step's .*1099\.2/);
    assert.match(markdownOf('several'), /divided by small: 1099\.2; large: 1099\.2: /);
  });
});

describe('examples a second', () => {
  it('are those that were processed, where scores are exact', async () => {
    const { last } = await run('train', '--data', at('small.csv'), ...study, '--out', at('exact'));
    const { trainingSeconds, examplesPerSecond } = JSON.parse(last);
    const processed = 6 * unitsOf(await siteOf('data', at('small.csv')));
    assert.ok(
      Math.abs((examplesPerSecond * trainingSeconds) / processed - 1) < 2e-3,
      'within the rounding to four digits',
    );
    assert.match(
      markdownOf('exact'),
      /So is the number of examples a second, which counts the training patients/,
    );
  });

  it('follow from the band beside noised scores, since they would count patients', async () => {
    const argv = ['--data', at('small.csv'), ...study, '--score-noise', '5', '--out', at('noised')];
    const { last, stderr } = await run('train', ...argv);
    const { trainingSeconds, examplesPerSecond } = JSON.parse(last);
    assert.ok(Math.abs((examplesPerSecond * trainingSeconds) / (6 * 1099.2) - 1) < 2e-3, stderr);
    assert.match(markdownOf('noised'), /examples a second by the bands/);
  });
});
