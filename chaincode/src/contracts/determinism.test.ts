// Determinism guard: every transaction that the contracts' tests make is executed again by processes in other
// circumstances, as the organisations' peers are, and answers, events and write sets are compared to the byte.
import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { TRANSACTIONS } from '@consilium/domain';
import { RECORDED_SUITES } from '../testing/recorded-suites.ts';
import type { Recorded } from '../testing/recording.ts';
import { type Circumstances, MISTAKES, type Mistake } from '../testing/replay.ts';

const run = promisify(execFile);
const here = import.meta.dirname;
const DAY_MS = 86_400_000;

interface Peer {
  readonly env: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
  readonly circumstances: Circumstances;
}
const PEERS: Readonly<Record<string, Peer>> = {
  'a process in Cairo, a year ahead, that is asked the last first': {
    env: { TZ: 'Africa/Cairo', LANG: 'ar_EG.UTF-8', LC_ALL: 'ar_EG.UTF-8', HOME: '/nowhere' },
    circumstances: { clockMs: 400 * DAY_MS, reversed: true },
  },
  'a process on Kiritimati with Turkish settings, days behind, that never optimises': {
    env: { TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8', NODE_ENV: 'production' },
    flags: ['--no-opt'],
    circumstances: { clockMs: -3 * DAY_MS, reversed: false },
  },
};

const ALL_MISTAKES = Object.keys(MISTAKES) as Mistake[];

let dir = '';
/** What the suites did that ran before in this process, where they did. */
let recording = process.env.CONSILIUM_RECORDING;
/** How many of the first 50 transactions differ at each peer where a chaincode makes a mistake. */
const mistaken: Partial<Record<Mistake, number>>[] = [];

async function prepare(): Promise<void> {
  dir = await mkdtemp(join(tmpdir(), 'consilium-determinism-'));
  recording ??= await recordSuites(join(dir, 'recording.jsonl'));
  const first = join(dir, 'first.jsonl');
  writeFileSync(first, readFileSync(recording, 'utf8').split('\n').slice(0, 50).join('\n'));
  for (const peer of Object.values(PEERS)) {
    const circumstances = { ...peer.circumstances, mistakes: ALL_MISTAKES };
    mistaken.push(await replay({ ...peer, circumstances }, first));
  }
}

/** Runs the suites in a process of their own. One that fails does so in its own place; it is guarded all the same. */
async function recordSuites(file: string): Promise<string> {
  const suites = RECORDED_SUITES.map((suite) => join(here, `${suite}.test.js`));
  const env: NodeJS.ProcessEnv = { ...process.env, CONSILIUM_RECORDING: file };
  delete env.NODE_TEST_CONTEXT;
  const args = ['--test', '--test-isolation=none', '--test-reporter=dot', ...suites];
  await run(process.execPath, args, { env, maxBuffer: 2 ** 27 }).catch(() => {});
  return file;
}

async function replay<Answer>({ env, flags = [], circumstances }: Peer, file = recording!): Promise<Answer> {
  const program = resolve(here, '../testing/replay.js');
  const options = { env: { PATH: process.env.PATH ?? '', ...env } };
  const parameters = [...flags, program, file, JSON.stringify(circumstances)];
  const { stdout } = await run(process.execPath, parameters, options);
  return JSON.parse(stdout) as Answer;
}

describe('the determinism guard', () => {
  before(prepare);
  after(() => rm(dir, { recursive: true, force: true }));

  it('every suite of contracts is recorded, but for those that execute nothing of their own', () => {
    const suites = readdirSync(here).flatMap((file) => /^(.+)\.test\.js$/.exec(file)?.[1] ?? []);
    const apart = [
      'bytes-on-ledger',
      'determinism',
      'dispatch',
      'growth',
      'long-rows',
      'threat-model',
      'turns',
    ];
    assert.deepEqual(suites.filter((suite) => !RECORDED_SUITES.includes(suite)).sort(), apart);
  });

  it('the recording has every transaction of the table, accepted and, where it writes, refused', () => {
    const lines = readFileSync(recording!, 'utf8').trimEnd().split('\n');
    const recorded = lines.map((line) => JSON.parse(line) as Recorded);
    const said = (refused: boolean) =>
      new Set(
        recorded.filter(({ outcome }) => outcome.startsWith('refused') === refused).map(({ name }) => name),
      );
    const accepted = said(false);
    const missing = TRANSACTIONS.filter(({ name }) => !accepted.has(name)).map(({ name }) => name);
    assert.deepEqual(missing, []);
    assert.ok(said(true).size > 20);
  });

  for (const [title, peer] of Object.entries(PEERS)) {
    it(`the same bytes from ${title}`, async () => {
      type Answer = { executed: number; different: number; examples: string[] };
      const { executed, different, examples } = await replay<Answer>(peer);
      assert.ok(executed > 1000, `${executed} transactions`);
      assert.deepEqual({ different, examples }, { different: 0, examples: [] });
    });
  }

  for (const mistake of ALL_MISTAKES) {
    it(`a chaincode that lets its ${mistake} into an answer would be found`, () => {
      assert.ok(mistaken.some((found) => (found[mistake] ?? 0) > 0));
    });
  }
});
