import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { assertionOf, TRAINER_KEY } from './testing/asserted-request.ts';
import { csvOf, DICTIONARY } from './testing/small-consortium.ts';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'consilium-main-'));
after(() => rmSync(directory, { recursive: true }));

const run = (...args: string[]) =>
  spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', env: { PATH: process.env.PATH } });

describe('consilium-trainer', () => {
  it('explains itself', () => {
    const { status, stdout } = run('--help');
    assert.equal(status, 0);
    assert.match(stdout, /CONSILIUM_GATEWAY_URL/);
  });

  it('refuses wrong usage with 2, as its commands do, and an empty environment, with every name', () => {
    for (const words of [[], ['dance'], ['--loud'], ['serve', 'now'], ['serve', '--loud']]) {
      assert.equal(run(...words).status, 2, words.join(' '));
    }
    assert.match(run('dance').stderr, /no command dance\nTry consilium-trainer --help/);
    const { status, stderr } = run('serve');
    assert.equal(status, 2);
    assert.match(stderr, /CONSILIUM_GATEWAY_URL is not set[\s\S]*CONSILIUM_MSP_ID is not set/);
  });

  it('runs the commands without a ledger, with their own exit codes', () => {
    const { status, stderr } = run('train', '--data', 'patients.csv');
    assert.equal(status, 2);
    assert.match(stderr, /consilium-trainer train: --dictionary is missing/);
  });

  it('checks a file: 0 for a good one, 2 with the problems for a bad one', () => {
    const dictionary = join(directory, 'dictionary.json');
    writeFileSync(dictionary, JSON.stringify(DICTIONARY));
    const file = join(directory, 'patients.csv');
    writeFileSync(file, csvOf(1));
    const good = run('check', '--file', file, '--dictionary', dictionary, '--json');
    assert.equal(good.status, 0, good.stderr);
    assert.deepEqual(JSON.parse(good.stdout), {
      ok: true,
      recordCountBand: { low: 50, high: 99 },
      problems: [],
      problemCount: 0,
      notes: [],
    });
    writeFileSync(file, `${csvOf(1)}p99,987654,1,0\n`);
    const bad = run('check', '--file', file, '--dictionary', dictionary);
    assert.equal(bad.status, 2);
    assert.match(bad.stderr, /VALUE_OUT_OF_BOUNDS \(line \d+, column age\)/);
    assert.doesNotMatch(bad.stdout + bad.stderr, /987654/);
  });

  it('serves until it is asked to stop, whether or not its gateway is there', async () => {
    const environment = {
      PATH: process.env.PATH,
      CONSILIUM_GATEWAY_URL: 'http://127.0.0.1:9',
      CONSILIUM_GATEWAY_KEY: 'key',
      CONSILIUM_TRAINER_KEY: TRAINER_KEY,
      CONSILIUM_IPFS_URL: 'http://127.0.0.1:9',
      CONSILIUM_DATA_DIR: join(directory, 'data'),
      CONSILIUM_MSP_ID: 'A',
    };
    const child = spawn(process.execPath, [MAIN, 'serve', '--json'], {
      env: environment,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const gone = once(child, 'exit');
    try {
      const [line] = await once(child.stdout, 'data');
      const { url } = JSON.parse(String(line)) as { url: string };
      const response = await fetch(`${url}/local/encryption-key`, {
        headers: {
          authorization: `Bearer ${await assertionOf({ role: 'operator', target: '/local/encryption-key' })}`,
        },
      });
      const { code } = (await response.json()) as { code: string };
      assert.equal(code, 'TRAINER_GATEWAY_UNREACHABLE', 'the gateway knows which channel the proof is for');
    } finally {
      child.kill('SIGTERM');
    }
    assert.equal((await gone)[0], 0);
    const list = run('key', 'list', '--data-dir', environment.CONSILIUM_DATA_DIR);
    assert.match(list.stdout, /^[A-Za-z0-9_-]{43}\n$/);
    const rotated = run('key', 'rotate', '--json', '--data-dir', environment.CONSILIUM_DATA_DIR);
    const { encryptionPublicKey } = JSON.parse(rotated.stdout) as { encryptionPublicKey: string };
    assert.equal(
      run('key', 'list', '--data-dir', environment.CONSILIUM_DATA_DIR).stdout,
      `${encryptionPublicKey}\n${list.stdout}`,
    );
  });

  it('makes no key where there is no folder, or none yet, and says what to do', () => {
    assert.match(run('key', 'rotate').stderr, /--data-dir is missing, and CONSILIUM_DATA_DIR is not set/);
    assert.match(
      run('key', 'rotate', '--data-dir', join(directory, 'none')).stderr,
      /no such file or folder/,
    );
    const { status, stderr } = run('key', 'rotate', '--data-dir', directory);
    assert.equal(status, 2);
    assert.match(stderr, /has no key yet: start the trainer once/);
  });
});
