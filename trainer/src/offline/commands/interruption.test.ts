import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { csvOf, DICTIONARY } from '../../testing/small-consortium.ts';
import { lossText } from './interruption.ts';

const directory = mkdtempSync(join(tmpdir(), 'consilium-interruption-'));
const at = (name: string) => join(directory, name);
const PROGRAM = resolve(import.meta.dirname, '../../../../bin/consilium-trainer.js');

before(() => {
  writeFileSync(at('dictionary.json'), JSON.stringify(DICTIONARY));
  writeFileSync(at('a.csv'), csvOf(1));
  writeFileSync(
    at('study.yaml'),
    'model: logistic-regression\nrounds: 1000\nstepsPerRound: 1000\nsamplingRate: 0.5\nclipNormL2: 1\n' +
      'learningRate: 0.01\nnoiseMultiplier: 100\ndelta: 0.001\n',
  );
});
after(() => rmSync(directory, { recursive: true }));

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`a run that ${signal} interrupts says what is lost, leaves no folder, and ends by the signal`, async () => {
    const out = at(`out-${signal}`);
    const child = spawn(
      process.execPath,
      [
        ...[PROGRAM, 'train', '--data', at('a.csv'), '--dictionary', at('dictionary.json')],
        ...['--study', at('study.yaml'), '--out', out],
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const ended = once(child, 'close');
    let [said, printed] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text) => {
      printed += text;
    });
    for await (const text of child.stderr.setEncoding('utf8')) {
      if (/round 1 of 1000: accuracy/.test(said) && !child.killed) child.kill(signal);
      said += text;
    }
    const [code, by] = await ended;
    assert.deepEqual([code, by], [null, signal], said);
    assert.match(
      said,
      /interrupted: the model and \d+ finished of 1000 rounds are lost, no file was written/,
    );
    assert.match(said, /the next run starts from the beginning \(--checkpoint keeps what is finished\)/);
    assert.equal(printed, '');
    assert.equal(existsSync(out), false);
  });
}

test('before a round is finished the model is what is lost, and noised scores stay charged', () => {
  const stage = { rounds: 5, finished: 0, scoresShown: 1 } as const;
  assert.match(lossText({ ...stage, scores: 'exact' }), /^interrupted: the model is lost, .* not private\.$/);
  assert.match(
    lossText({ ...stage, scores: 'noised' }),
    /1 noised scores were shown and stay charged to the held-out patients\.$/,
  );
});
