// Runs whose model would be worthless or unprotected, and that look well all the same.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { csvOf, DICTIONARY } from '../../testing/small-consortium.ts';
import { runCaptured as run } from './testing/run-captured.ts';

const directory = mkdtempSync(join(tmpdir(), 'consilium-careless-'));
after(() => rmSync(directory, { recursive: true }));
const at = (name: string) => join(directory, name);
const study = ['--dictionary', at('dictionary.json'), '--study', at('study.yaml')];
const markdownOf = (folder: string) => readFileSync(join(at(folder), 'model-card.md'), 'utf8');
const healthy = (text: string) => text.replaceAll(/,[01]$/gm, ',0');

before(() => {
  writeFileSync(at('dictionary.json'), JSON.stringify(DICTIONARY));
  writeFileSync(
    at('study.yaml'),
    'model: logistic-regression\nrounds: 1\nstepsPerRound: 2\nsamplingRate: 0.5\nclipNormL2: 1\nlearningRate: 0.1\n' +
      'noiseMultiplier: 2\ndelta: 0.001\n',
  );
  writeFileSync(at('a.csv'), csvOf(1, 60));
  writeFileSync(at('healthy.csv'), healthy(csvOf(2, 60)));
});

describe('labels of one class', () => {
  it('are warned about on the terminal, and not on the card of a private model', async () => {
    const { status, stderr } = await run('train', '--data', at('healthy.csv'), ...study, '--out', at('one'));
    assert.equal(status, 0, stderr);
    assert.match(
      stderr,
      /note: All training labels are of one class: there is nothing to learn.*Check label\.column/,
    );
    assert.doesNotMatch(markdownOf('one'), /of one class/);
  });

  it('are on the card too where the model is not private', async () => {
    const argv = ['--data', at('healthy.csv'), ...study, '--without-privacy', '--out', at('bare')];
    const { stderr } = await run('train', ...argv);
    assert.match(stderr, /note: All training labels are of one class/);
    assert.match(markdownOf('bare'), /All training labels are of one class/);
  });

  it('are warned about by hospital, and labels of both classes are not', async () => {
    const sites = ['--site', `a=${at('a.csv')}`, '--site', `b=${at('healthy.csv')}`];
    const mixed = await run('simulate', ...sites, ...study, '--out', at('mixed'));
    assert.match(mixed.stderr, /note: All training labels of b are of one class/);
    assert.doesNotMatch(mixed.stderr, /labels of a /);
    const good = await run('train', '--data', at('a.csv'), ...study, '--out', at('good'));
    assert.doesNotMatch(good.stderr, /of one class/);
  });
});

describe('a delta of one over the number of patients or more', () => {
  const argv = ['train', '--data', at('a.csv'), ...study] as const;

  it('is refused, naming the largest that is advised', async () => {
    const [command, ...rest] = argv;
    for (const delta of ['0.5', '0.0102']) {
      const { status, stderr } = await run(command, ...rest, '--delta', delta, '--out', at('refused'));
      assert.equal(status, 2, stderr);
      assert.match(
        stderr,
        /delta 0\.\d+ protects nobody among .* of data \(at most 99\).*at most 0\.001, or say --allow-large-delta/,
      );
      assert.equal(existsSync(at('refused')), false, 'nothing was made');
    }
  });

  it('is taken where it is asked for in so many words, and noted on the card', async () => {
    const [command, ...rest] = argv;
    const allowed = ['--delta', '0.5', '--allow-large-delta', '--out', at('allowed')];
    const { status, stderr } = await run(command, ...rest, ...allowed);
    assert.equal(status, 0, stderr);
    assert.match(markdownOf('allowed'), /delta 0\.5 is not small against the patients of data/);
  });

  it('is of no matter without privacy', async () => {
    const [command, ...rest] = argv;
    const { status } = await run(
      command,
      ...rest,
      '--delta',
      '0.5',
      '--without-privacy',
      '--out',
      at('none'),
    );
    assert.equal(status, 0);
  });
});
