// What the tests of wrong input share: a folder of files, commands that are run over it, and what every refusal must
// be.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import type { TinyNode } from '@consilium/onnx-grad/testing/tiny-models';
import { csvOf, DICTIONARY } from '../../../testing/small-consortium.ts';
import { runCaptured } from './run-captured.ts';

const directory = mkdtempSync(join(tmpdir(), 'consilium-bad-input-'));
export const at = (name: string): string => join(directory, name);

/** A value that no patient of the good file has; it must never be repeated. */
export const SECRET = '987654';
export const HEADER = 'id,age,smoker,ill\n';
export const ROWS: string = csvOf(1).slice(HEADER.length);

export const dense = (from: string, weights: string, to: string): TinyNode => ({
  op: 'MatMul',
  from: [from, weights],
  to,
});

export const studyText = (model: string, privacy = 'noiseMultiplier: 1\ndelta: 0.001'): string =>
  `model: ${model}\nrounds: 1\nstepsPerRound: 2\nsamplingRate: 0.5\nclipNormL2: 1\nlearningRate: 0.1\n${privacy}\n`;

/** Runs a command that must end with status 2, say what is expected, no value of a patient and no stack. */
export async function refuses(argv: readonly string[], said: readonly RegExp[]): Promise<void> {
  const [command, ...rest] = argv;
  const before = readdirSync(directory).length;
  const { status, stdout, stderr } = await runCaptured(command!, ...rest);
  assert.equal(status, 2, stderr);
  for (const pattern of said) assert.match(stderr, pattern);
  assert.doesNotMatch(stderr, /at .*[.]js:\d+|undefined|\[object/, 'no stack trace');
  assert.doesNotMatch(stdout + stderr, new RegExp(SECRET));
  assert.equal(readdirSync(directory).length, before, 'nothing is written');
}

export const train = (
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

export function write(name: string, content: string | Uint8Array): string {
  writeFileSync(at(name), content);
  return name;
}

/** A folder with a dictionary, data and a study that go together, for as long as a file's tests run. */
export function useGoodFiles(): void {
  before(() => {
    write('dictionary.json', JSON.stringify(DICTIONARY));
    write('good.csv', HEADER + ROWS);
    write('study.yaml', studyText('logistic-regression'));
    mkdirSync(at('folder'));
  });
  after(() => rmSync(directory, { recursive: true }));
}
