// Runs that are interrupted and go on, as processes of their own: what is kept, what is charged, and the bytes.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { csvOf, DICTIONARY } from '../../testing/small-consortium.ts';
import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { runCaptured as run } from './testing/run-captured.ts';

const directory = mkdtempSync(join(tmpdir(), 'consilium-resume-'));
const at = (name: string) => join(directory, name);
const PROGRAM = resolve(import.meta.dirname, '../../../../bin/consilium-trainer.js');
const stateHome = process.env.XDG_STATE_HOME;
const ROUNDS = 40;

const studyText = (changes = '') =>
  'model: { kind: multilayer-perceptron, hidden: [6], localIntercept: true }\n' +
  `rounds: ${ROUNDS}\nstepsPerRound: 30\nsamplingRate: 0.5\nclipNormL2: 1\nlearningRate: 0.3\nnoiseMultiplier: 4\n` +
  'delta: 0.001\noptimizer: { kind: adam }\nschedule: { kind: cosine }\n' +
  `averaging: { decay: 0.9, over: rounds }\n${changes}`;

before(() => {
  process.env.XDG_STATE_HOME = at('state');
  writeFileSync(at('dictionary.json'), JSON.stringify(DICTIONARY));
  writeFileSync(at('a.csv'), csvOf(1));
  writeFileSync(at('b.csv'), csvOf(2));
  writeFileSync(at('study.yaml'), studyText());
});
after(() => {
  if (stateHome === undefined) delete process.env.XDG_STATE_HOME;
  else process.env.XDG_STATE_HOME = stateHome;
  rmSync(directory, { recursive: true });
});

const simulate = (out: string, ...more: readonly string[]): string[] => [
  ...['simulate', '--site', `a=${at('a.csv')}`, '--site', `b=${at('b.csv')}`],
  ...['--dictionary', at('dictionary.json'), '--study', at('study.yaml'), '--out', at(out), ...more],
];

/** Runs a command until it says something, then sends it signals; what it said, and how it ended. */
async function interrupted(argv: readonly string[], said: RegExp, ...signals: readonly NodeJS.Signals[]) {
  const child = spawn(process.execPath, [PROGRAM, ...argv], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'close');
  let stderr = '';
  const left = [...signals];
  for await (const text of child.stderr.setEncoding('utf8')) {
    stderr += text;
    const isTime = left.length === signals.length ? said : /is finished first/;
    if (left.length > 0 && isTime.test(stderr)) child.kill(left.shift());
  }
  const [code, signal] = await ended;
  return { stderr, code, signal };
}

const modelsOf = (out: string) =>
  ['a', 'b'].flatMap((site) =>
    ['model.onnx', 'model-raw.onnx'].map((file) =>
      readFileSync(at(`${out}/sites/${site}/${file}`), 'base64'),
    ),
  );
const cardOf = (out: string) => JSON.parse(readFileSync(at(`${out}/model-card.json`), 'utf8'));

describe('a run without privacy and with a seed', () => {
  const seeded = ['--without-privacy', '--seed', 'one'];

  it('makes the same bytes each time, and other bytes from another seed', async () => {
    for (const out of ['first', 'second']) {
      const { status, stderr } = await run('simulate', ...simulate(out, ...seeded).slice(1));
      assert.equal(status, 0, stderr);
    }
    assert.deepEqual(modelsOf('second'), modelsOf('first'));
    await run('simulate', ...simulate('other', '--without-privacy', '--seed', 'two').slice(1));
    assert.notDeepEqual(modelsOf('other'), modelsOf('first'));
    assert.equal(cardOf('first').privacy, null);
    assert.equal(cardOf('first').training.seed, 'one');
  });

  it('makes them with interruptions too, wherever it is killed', async () => {
    const argv = simulate('broken', ...seeded, '--checkpoint', at('broken-run'));
    const first = await interrupted(argv, /round 3 of/, 'SIGKILL');
    assert.equal(first.signal, 'SIGKILL', first.stderr);
    const second = await interrupted(['resume', at('broken-run')], /round 1\d of/, 'SIGINT');
    assert.match(second.stderr, /interrupted: 1\d of 40 rounds are kept in .*broken-run\. Go on with/);
    assert.match(second.stderr, /consilium-trainer resume/);
    assert.doesNotMatch(second.stderr, /charged/);
    assert.equal(existsSync(at('broken/sites')), false, 'no model before the last round');
    const { status, stderr } = await run('resume', at('broken-run'));
    assert.equal(status, 0, stderr);
    assert.deepEqual(modelsOf('broken'), modelsOf('first'));
    assert.deepEqual(cardOf('broken').metrics.curve, cardOf('first').metrics.curve);
    assert.equal(cardOf('broken').metrics.curve.length, ROUNDS + 1);
  });

  it('is the only one that takes a seed', async () => {
    const { status, stderr } = await run('simulate', ...simulate('never', '--seed', 'one').slice(1));
    assert.equal(status, 2);
    assert.match(stderr, /--seed is for --without-privacy: noise that a text decides hides nobody/);
    assert.equal(existsSync(at('never')), false);
  });
});

describe('a private run', () => {
  it('finishes its round when it is interrupted, and loses nothing', async () => {
    const argv = simulate('gentle', '--checkpoint', at('gentle-run'));
    const { stderr, signal } = await interrupted(argv, /round 2 of/, 'SIGINT');
    assert.equal(signal, 'SIGINT', stderr);
    assert.match(stderr, /round \d+ of 40 is finished first, since its draws are charged/);
    assert.match(stderr, /interrupted: \d+ of 40 rounds are kept in .*gentle-run\. Go on with/);
    assert.doesNotMatch(stderr, /was begun/);
    const again = await run('resume', at('gentle-run'), '--json');
    assert.equal(again.status, 0, again.stderr);
    assert.doesNotMatch(again.stderr, /was begun and interrupted/);
    const card = cardOf('gentle');
    assert.equal(card.privacy.training.events[0].steps, ROUNDS * 30);
    assert.equal(card.metrics.curve.length, ROUNDS + 1);
    assert.doesNotMatch(JSON.stringify(card.warnings), /interrupted/);
    assert.equal(JSON.parse(again.last).pooled.steps, ROUNDS * 30);
  });

  it('that is killed while it draws keeps the charge, and never draws that round again', async () => {
    const argv = simulate('killed', '--checkpoint', at('killed-run'), '--score-noise', '5');
    // The line of a round is said after it is on disk, so that a later one has been begun.
    const { signal } = await interrupted(argv, /round 5 of/, 'SIGKILL');
    assert.equal(signal, 'SIGKILL');
    const { status, stderr } = await run('resume', at('killed-run'));
    assert.equal(status, 0, stderr);
    const [, lost] =
      /round (\d+) was begun and interrupted: what was drawn for it is lost and stays/.exec(stderr) ?? [];
    const card = cardOf('killed');
    const scored = card.metrics.curve.map(({ round }: { round: number }) => round);
    const wanted = Array.from({ length: ROUNDS }, (_, i) => i + 1).filter((round) => round !== Number(lost));
    assert.deepEqual(scored, wanted);
    assert.equal(card.privacy.training.events[0].steps, ROUNDS * 30);
    assert.equal(card.privacy.heldOut.events[0].steps, ROUNDS + 1, 'all planned scores are charged');
    assert.ok(card.metrics.pooled.baseline > 0.3, 'the baseline that was drawn once');
    if (lost !== undefined)
      assert.match(JSON.stringify(card.warnings), new RegExp(`round ${lost} was begun and`));
  });

  it('that is interrupted twice ends at once and says what is lost', async () => {
    writeFileSync(at('long.yaml'), studyText().replace('stepsPerRound: 30', 'stepsPerRound: 2000'));
    const argv = simulate('twice', '--checkpoint', at('twice-run')).map((word) =>
      word === at('study.yaml') ? at('long.yaml') : word,
    );
    const { stderr, signal } = await interrupted(argv, /round 1 of/, 'SIGTERM', 'SIGTERM');
    assert.equal(signal, 'SIGTERM', stderr);
    assert.match(
      stderr,
      /Round \d+ was begun: what was drawn for it is lost and stays charged|\d+ of 40 rounds are kept/,
    );
  });

  it('goes on only with what it began with', async () => {
    const argv = simulate('changed', '--checkpoint', at('changed-run'));
    await interrupted(argv, /round 1 of/, 'SIGINT');
    const refused = async (said: RegExp) => {
      const { status, stderr } = await run('resume', at('changed-run'));
      assert.equal(status, 2, stderr);
      assert.match(stderr, said);
    };
    appendFileSync(at('b.csv'), 'p999,50,1,0\n');
    await refused(/was begun with another data of b: restore what it was/);
    writeFileSync(at('b.csv'), csvOf(2));
    writeFileSync(at('study.yaml'), studyText().replace('0.3', '0.2'));
    await refused(/was begun with another study/);
    writeFileSync(at('study.yaml'), studyText());
    const other = { ...DICTIONARY, label: { ...DICTIONARY.label, title: 'Well' } };
    writeFileSync(at('dictionary.json'), JSON.stringify(other));
    await refused(/was begun with another dictionary/);
    writeFileSync(at('dictionary.json'), JSON.stringify(DICTIONARY));
    const { status, stderr } = await run('resume', at('changed-run'));
    assert.equal(status, 0, stderr);
  });

  it('takes no folder that holds a run, and resume names what it needs', async () => {
    const again = await run('simulate', ...simulate('again', '--checkpoint', at('changed-run')).slice(1));
    assert.equal(again.status, 2);
    assert.match(again.stderr, /holds a run already: consilium-trainer resume/);
    assert.equal(existsSync(at('again')), false, 'no empty folder is left');
    const none = await run('resume');
    assert.equal(none.status, 2);
    assert.match(none.stderr, /DIR is missing: name the folder of the checkpoint/);
  });

  it('names no hospital that would be a folder outside of its own', async () => {
    const files = ['a', '../../outside'].map((name) => ({ name, path: at('a.csv') }));
    const options = { dictionary: at('dictionary.json'), study: at('study.yaml'), out: at('named/out') };
    const request = { command: 'simulate', files, options } as const;
    Checkpoint.create(at('named-run'), { request, digests: {}, isPrivate: false }).close();
    const { status, stderr } = await run('resume', at('named-run'));
    assert.equal(status, 2);
    assert.match(stderr, /named-run names a hospital as no command does: start a new run/);
  });
});
