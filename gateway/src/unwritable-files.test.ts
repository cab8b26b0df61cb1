// A gateway as a process whose files belong to somebody else, or whose disk takes no more: it stops and says which file
// and what to do, and writes over nothing.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { createApiKey } from './http/key-file.ts';
import { Outbox } from './outbox/outbox.ts';
import { KeptWebhooks } from './webhooks/kept-webhooks.ts';

const MAIN = fileURLToPath(new URL('main.js', import.meta.url));
/** Who runs the gateway where the test itself may do everything. */
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
/** Serves when it got so far; a start that is refused ends by itself. */
const SERVES = /serves at/;

interface Placed {
  readonly directory: string;
  readonly data: string;
  start(prefix?: readonly string[]): { status: number | null; stdout: string; stderr: string };
}

/** A folder with all that a gateway had when it ran before. */
function place(t: TestContext): Placed {
  const directory = mkdtempSync(join(tmpdir(), 'unwritable-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const client = {
    certificate: rootCertificates[0],
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };
  const organisation = {
    ...{ mspId: 'Org1MSP', name: 'org1', endpoint: 'localhost:1' },
    ...{ tlsRootCertificate: rootCertificates[0], clients: { auditor: client } },
  };
  const connection = join(directory, 'connection.json');
  writeFileSync(connection, JSON.stringify({ channel: 'consortium', organisations: [organisation] }));
  const keys = join(directory, 'keys.json');
  createApiKey({ path: keys, role: 'auditor' });
  const data = join(directory, 'data');
  mkdirSync(data, { mode: 0o700 });
  new Outbox(data).close();
  new KeptWebhooks(data).close();
  if (isRoot) {
    const own = [directory, connection, keys, data, ...readdirSync(data).map((name) => join(data, name))];
    for (const path of own) chownSync(path, NOBODY, NOBODY);
  }
  const start = (prefix: readonly string[] = []) => {
    const [command = '', ...args] = [...prefix, process.execPath, MAIN];
    return spawnSync(command, args, {
      encoding: 'utf8',
      ...(isRoot && { uid: NOBODY, gid: NOBODY }),
      env: {
        PATH: process.env.PATH,
        CONSILIUM_CONNECTION: connection,
        CONSILIUM_API_KEYS: keys,
        CONSILIUM_DATA_DIR: data,
        CONSILIUM_PORT: '0',
        CONSILIUM_LOG_LEVEL: 'silent',
      },
    });
  };
  return { directory, data, start };
}

/** Takes a file or a folder from the user who runs the gateway. */
function takeAway(path: string, mode: number): void {
  if (isRoot) chownSync(path, 0, 0);
  chmodSync(path, mode);
}

/** Why nobody else can run a gateway from here; undefined where they can. */
function whyNot(): string | undefined {
  if (!isRoot) return undefined;
  const { status } = spawnSync(process.execPath, ['--check', MAIN], { uid: NOBODY, gid: NOBODY });
  return status === 0 ? undefined : 'not run: user 65534 cannot read this program';
}

test('a gateway does not start over files of another owner or mode, and says whose they must be', (t) => {
  const why = whyNot();
  if (why !== undefined) {
    t.skip(why);
    return;
  }
  for (const [name, mode, status] of [
    ['data/outbox.sqlite', 0o600, 1],
    ['data/outbox.sqlite.head', 0o600, 1],
    ['data/webhooks.sqlite', 0o600, 1],
    ['keys.json', 0o600, 2],
    ['data', 0o755, 1],
  ] as const) {
    const { directory, start } = place(t);
    const path = join(directory, name);
    takeAway(path, isRoot ? mode : mode & 0o555 & ~0o444);
    const { status: ended, stdout, stderr } = start();
    assert.equal(ended, status, `${name}: ${stderr}`);
    assert.doesNotMatch(stdout, SERVES);
    assert.ok(stderr.includes(path), `${name}: ${stderr}`);
    assert.match(stderr, /must own it and its folder/, name);
    assert.doesNotMatch(stderr, /damaged|remove/, name);
    chmodSync(path, 0o700);
  }
});

test('a gateway whose disk takes nothing does not start, says so, and leaves its files as they were', (t) => {
  const why =
    whyNot() ?? (spawnSync('prlimit', ['--version']).status === 0 ? undefined : 'not run: no prlimit');
  if (why !== undefined) {
    t.skip(why);
    return;
  }
  const { data, start } = place(t);
  const contents = () =>
    readdirSync(data)
      .filter((name) => /^(outbox|webhooks)\.sqlite(\.head)?$/.test(name))
      .map((name) => [name, readFileSync(join(data, name)).toString('hex')]);
  const before = contents();
  const { status, stdout, stderr } = start(['prlimit', '--fsize=0']);
  assert.equal(status, 1, stderr);
  assert.doesNotMatch(stdout, SERVES);
  assert.match(stderr, /make room on its disk/);
  assert.deepEqual(contents(), before);
});
