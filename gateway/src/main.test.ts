import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { CommandProcess } from '@consilium/command-line/testing/command-process';
import { VARIABLES } from './config.ts';
import { REGISTER_MEMBER } from './http/examples.ts';
import { TestAuthority } from './testing/test-certificates.ts';

const MAIN = fileURLToPath(new URL('main.js', import.meta.url));
const commands = new CommandProcess(fileURLToPath(new URL('command-line.js', import.meta.url)));
after(() => commands.close());
const run = (args: readonly string[], env: Record<string, string> = {}) =>
  commands.run({ args, env: { PATH: process.env.PATH, ...env } });

function newDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'main-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

test('help says every variable and command', async () => {
  const { status, stdout } = await run(['--help']);
  assert.equal(status, 0);
  for (const [name] of VARIABLES) assert.ok(stdout.includes(name), name);
  for (const action of ['create --role', 'list', 'rotate ID', 'revoke ID'])
    assert.ok(stdout.includes(`key ${action}`));
  assert.match(stdout, /ready --connection/);
});

test('a wrong command or a wrong environment ends with 2 and says what is wrong', async () => {
  assert.equal((await run(['dance'])).status, 2);
  assert.equal((await run(['--loud'])).status, 2);
  assert.equal((await run(['key', 'create', '--role', 'king', '--file', '/nowhere'])).status, 2);
  assert.equal((await run(['ready'])).status, 2);
  assert.equal((await run(['ready', '--connection', '/nowhere', '--timeout', 'long'])).status, 2);
  assert.equal((await run(['ready', '--connection', '/nowhere'])).status, 2);
  const { status, stderr } = await run([]);
  assert.equal(status, 2);
  for (const name of ['CONSILIUM_CONNECTION', 'CONSILIUM_API_KEYS', 'CONSILIUM_DATA_DIR']) {
    assert.match(stderr, new RegExp(`${name} is not set`));
  }
});

test('a key is printed once, and only its hash is kept', async (t) => {
  const file = join(newDirectory(t), 'keys.json');
  const { status, stdout } = await run(['key', 'create', '--role', 'steward', '--file', file]);
  assert.equal(status, 0);
  assert.match(stdout, /^consilium_[\w-]{43}\n$/);
  assert.ok(!readFileSync(file, 'utf8').includes(stdout.trim()));
  const again = await run(['key', 'create', '--role', 'auditor', '--id', 'a', '--json'], {
    CONSILIUM_API_KEYS: file,
  });
  const made = JSON.parse(again.stdout);
  assert.deepEqual([made.id, made.role], ['a', 'auditor']);
  assert.equal(JSON.parse(readFileSync(file, 'utf8')).keys.length, 2);
  assert.equal((await run(['key', 'create', '--role', 'auditor', '--id', 'a', '--file', file])).status, 1);
});

test('keys are listed, rotated and revoked, each with --json, and wrong wishes end with 2', async (t) => {
  const directory = newDirectory(t);
  const file = join(directory, 'keys.json');
  const key = (...args: string[]) => run(['key', ...args, '--file', file]);
  const made = JSON.parse(
    (
      await key(
        'create',
        '--role',
        'auditor',
        '--id',
        'a',
        '--scopes',
        'read,events',
        '--expires',
        '90d',
        '--json',
      )
    ).stdout,
  );
  assert.deepEqual([made.role, made.scopes], ['auditor', ['read', 'events']]);
  assert.equal(Date.parse(made.expiresAt) - Date.parse(made.createdAt), 90 * 86_400_000);
  const { hash } = JSON.parse(readFileSync(file, 'utf8')).keys[0];
  writeFileSync(join(directory, 'key-uses.json'), JSON.stringify({ [hash]: '2026-11-29T12:00:00.000Z' }));
  const listed = (await key('list', '--json')).stdout;
  const { key: shown, ...rest } = made;
  const known = { ...rest, state: 'valid', lastUsedAt: '2026-11-29T12:00:00.000Z' };
  assert.deepEqual(JSON.parse(listed), { keys: [known] });
  assert.match(
    (await key('list')).stdout,
    /^ID +ROLE .*\na +auditor +- +read,events .* 2026-11-29T12:00:00\.000Z\n$/,
  );
  assert.ok(!`${listed}${(await key('list')).stdout}`.includes('sha256'));
  const next = (await key('rotate', 'a', '--overlap', '60')).stdout.trim();
  assert.match(next, /^consilium_[\w-]{43}$/);
  assert.notEqual(next, shown);
  assert.equal(JSON.parse((await key('list', '--json')).stdout).keys.length, 2);
  assert.deepEqual(JSON.parse((await key('revoke', 'a', '--json')).stdout), { id: 'a', revoked: true });
  assert.equal(JSON.parse((await key('list', '--json')).stdout).keys.length, 1);
  assert.equal((await key('revoke', 'a')).status, 1);
  const role = ['create', '--role', 'auditor'];
  const wrong = [
    ['rotate'],
    ['revoke'],
    ['revoke', 'a', 'b'],
    ['list', 'a'],
    ['dance'],
    ...['all', '', 'read,all'].map((scopes) => [...role, '--scopes', scopes]),
    ...['2020-01-01', 'tomorrow', '0d', '2027-13-01'].map((expires) => [...role, '--expires', expires]),
    ['rotate', 'a', '--overlap', 'long'],
  ];
  for (const words of wrong) assert.equal((await key(...words)).status, 2, words.join(' '));
  assert.equal((await run(['key', 'list'])).status, 2);
});

/** A port where nothing answers. */
async function deadPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = '';
  for await (const chunk of child.stdout ?? []) {
    text += chunk;
    if (text.includes('\n')) break;
  }
  return text;
}

/** What a gateway needs whose peer is away. */
async function withoutPeer(t: TestContext): Promise<{ data: string; key: string; env: NodeJS.ProcessEnv }> {
  const directory = newDirectory(t);
  const { cert: certificate, key: privateKey } = await (await TestAuthority.create('Org1')).issue('auditor');
  const connection = join(directory, 'connection.json');
  const organisation = {
    mspId: 'Org1MSP',
    name: 'org1',
    endpoint: `localhost:${await deadPort()}`,
    tlsRootCertificate: rootCertificates[0],
    clients: { auditor: { certificate, privateKey } },
  };
  writeFileSync(connection, JSON.stringify({ channel: 'consortium', organisations: [organisation] }));
  const keys = join(directory, 'keys.json');
  const key = (await run(['key', 'create', '--role', 'auditor', '--file', keys])).stdout.trim();
  const data = join(directory, 'data');
  const env = {
    PATH: process.env.PATH,
    CONSILIUM_CONNECTION: connection,
    CONSILIUM_API_KEYS: keys,
    CONSILIUM_DATA_DIR: data,
    CONSILIUM_PORT: '0',
    CONSILIUM_EVALUATE_TIMEOUT_MS: '2000',
  };
  return { data, key, env };
}

test('a gateway without its peer starts, says so, and ends cleanly on SIGTERM', async (t) => {
  const { data, key, env } = await withoutPeer(t);
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  t.after(() => child.kill('SIGKILL'));
  assert.match(await firstLine(child), /^consilium-gateway of Org1MSP serves at http:\/\/127\.0\.0\.1:\d+ /);
  const { url, port, pid } = JSON.parse(readFileSync(join(data, 'gateway.json'), 'utf8'));
  assert.equal(pid, child.pid);
  assert.ok(port > 0);
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  const ready = await fetch(`${url}/readyz`);
  assert.equal(ready.status, 503);
  const { checks } = (await ready.json()) as { checks: object[] };
  assert.deepEqual(checks, [{ name: 'peer', problem: 'the peer of Org1MSP does not answer' }]);
  const asked = await fetch(`${url}/v1/members`, { headers: { authorization: `Bearer ${key}` } });
  assert.equal(asked.status, 503);
  assert.equal(((await asked.json()) as { code: string }).code, 'LEDGER_UNAVAILABLE');
  const events = await fetch(`${url}/v1/events`, { headers: { authorization: `Bearer ${key}` } });
  assert.equal(events.status, 503);
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
  assert.equal(existsSync(join(data, 'gateway.json')), false);
});

test('a gateway that cannot begin to serve ends with 1 and says why, whatever it had begun', async (t) => {
  const { env } = await withoutPeer(t);
  const other = createServer().listen(0, '127.0.0.1');
  t.after(() => other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const child = spawn(process.execPath, [MAIN], {
    env: { ...env, CONSILIUM_PORT: String(port), CONSILIUM_LOG_LEVEL: 'silent' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  const exit = once(child, 'exit');
  let said = '';
  for await (const text of child.stderr!.setEncoding('utf8')) said += text;
  assert.match(said, new RegExp(`EADDRINUSE.*${port}`));
  assert.deepEqual(await exit, [1, null]);
});

test('a gateway ends on SIGTERM while its peer takes calls and answers none', {
  timeout: 120_000,
}, async (t) => {
  const directory = newDirectory(t);
  const authority = await TestAuthority.create('Org1');
  const peer = createSecureServer(await authority.issue('peer'));
  const asked = new Promise<void>((resolve) => {
    peer.on('stream', (stream, { ':path': path }) => {
      stream.on('error', () => {});
      if (path === '/gateway.Gateway/Endorse') resolve();
    });
  });
  await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve));
  t.after(() => peer.close());
  const { cert: certificate, key: privateKey } = await authority.issue('operator');
  const connection = join(directory, 'connection.json');
  const organisation = {
    mspId: 'Org1MSP',
    name: 'org1',
    endpoint: `127.0.0.1:${(peer.address() as AddressInfo).port}`,
    tlsRootCertificate: authority.pem,
    clients: { operator: { certificate, privateKey } },
  };
  writeFileSync(connection, JSON.stringify({ channel: 'consortium', organisations: [organisation] }));
  const keys = join(directory, 'keys.json');
  const key = (await run(['key', 'create', '--role', 'operator', '--file', keys])).stdout.trim();
  const data = join(directory, 'data');
  const child = spawn(process.execPath, [MAIN], {
    env: {
      PATH: process.env.PATH,
      CONSILIUM_CONNECTION: connection,
      CONSILIUM_API_KEYS: keys,
      CONSILIUM_DATA_DIR: data,
      CONSILIUM_PORT: '0',
      CONSILIUM_EVALUATE_TIMEOUT_MS: '600000',
      CONSILIUM_ENDORSE_TIMEOUT_MS: '600000',
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.after(() => child.kill('SIGKILL'));
  await firstLine(child);
  const { url } = JSON.parse(readFileSync(join(data, 'gateway.json'), 'utf8'));
  const cutOff = assert.rejects(
    fetch(`${url}/v1/members`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'idempotency-key': 'join',
      },
      body: JSON.stringify(REGISTER_MEMBER),
    }),
  );
  await asked;
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
  await cutOff;
});
