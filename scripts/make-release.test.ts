// The release that hospitals install: what it brings, and that it works where nothing else is.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { makeRelease, neededBy, placeOf } from './make-release.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'release-'));
after(() => rmSync(folder, { recursive: true }));
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
const out = join(folder, 'consilium');
let made: Promise<string> | undefined;
/** What only the trainer and the chaincode load, which nobody starts here: most of everything. */
function unused(): string[] {
  const { packages: lock } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const namesOf = (of: typeof lock) => neededBy('network', of).dependencies.map(({ name }) => name);
  const loaded = new Set(namesOf({ ...lock, trainer: {}, chaincode: {} }));
  return namesOf(lock).filter((name) => !loaded.has(name));
}
/** Its digest. */
const makeOnce = () => {
  made ??= makeRelease({ root, out, omit: unused() });
  return made;
};
const isBuilt = existsSync(join(root, 'network/dist/src/main.js'));

test('what is needed is found as Node finds it, and what is not there but optional is left out', () => {
  const lock = {
    network: { dependencies: { '@consilium/gateway': '1', yaml: '2' } },
    gateway: { dependencies: { pino: '1' }, optionalDependencies: { fsevents: '1' } },
    trainer: { dependencies: { unused: '1' } },
    'node_modules/@consilium/gateway': { link: true, resolved: 'gateway' },
    'node_modules/yaml': { version: '2.0.0', integrity: 'sha512-a' },
    'node_modules/pino': { version: '1.0.0', integrity: 'sha512-b', dependencies: { yaml: '1' } },
    'node_modules/pino/node_modules/yaml': { version: '1.0.0', integrity: 'sha512-c' },
    'node_modules/unused': { version: '1.0.0' },
  };
  const { workspaces, dependencies } = neededBy('network', lock);
  assert.deepEqual(workspaces, ['gateway', 'network']);
  assert.deepEqual(
    dependencies.map(({ name, version, path }) => `${name} ${version} ${path}`),
    [
      'pino 1.0.0 node_modules/pino',
      'yaml 1.0.0 node_modules/pino/node_modules/yaml',
      'yaml 2.0.0 node_modules/yaml',
    ],
  );
  assert.throws(
    () => neededBy('trainer', { trainer: { dependencies: { gone: '1' } } }),
    /trainer needs gone/,
  );
  const packages = [{ name: '@consilium/gateway', folder: 'gateway' }];
  assert.equal(placeOf('gateway/node_modules/pino', packages), '@consilium/gateway/node_modules/pino');
  assert.equal(placeOf('node_modules/pino', packages), 'pino');
});

test('it installs from its files alone, keeps the version before to go back to, and refuses files that were changed', {
  skip: isBuilt ? false : 'not run: not built',
}, async () => {
  const digest = await makeOnce();
  const prefix = join(folder, 'opt');
  const { FABRIC_BIN_DIR, TMPDIR } = process.env;
  const env = { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, HOME: folder, FABRIC_BIN_DIR, TMPDIR };
  const run = (command: string, ...args: string[]) =>
    spawnSync(command, args, { cwd: folder, env, encoding: 'utf8' });
  const install = (from: string, ...more: string[]) =>
    run('sh', join(from, 'install.sh'), '--prefix', prefix, ...more);
  const wrong = install(out, '--digest', '0'.repeat(64));
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /nothing is installed/);
  assert.equal(existsSync(prefix), false);
  for (const _ of ['first', 'again']) {
    const { status, stdout, stderr } = install(out, '--digest', digest);
    assert.equal(status, 0, stderr);
    assert.match(stdout, new RegExp(`SHA256SUMS ${digest}`));
  }
  const version = readFileSync(join(out, 'VERSION'), 'utf8').trim();
  assert.deepEqual(readdirSync(join(prefix, 'versions')), [version]);
  // The agreed digest of the chaincode is that of the clone and of the installed release alike.
  const config = join(prefix, 'current/node_modules/@consilium/network/hospitals-apart/consortium.yaml');
  const command = join(prefix, 'bin/consilium-network');
  const checked = run(command, 'config-check', '--config', config);
  assert.equal(checked.status, 0, checked.stderr);
  assert.ok(checked.stdout.includes(readFileSync(join(out, 'CHAINCODE_SHA256'), 'utf8').trim()));
  assert.equal(run(join(prefix, 'bin/consilium-gateway'), '--help').status, 0);
  const changed = join(folder, 'changed');
  cpSync(out, changed, { recursive: true });
  writeFileSync(join(changed, 'CHAINCODE_SHA256'), `${'0'.repeat(64)}\n`);
  assert.match(install(changed).stderr, /is not the one that was published/);
  // Its digest is the same, and what was added would be the program that starts everything.
  writeFileSync(join(changed, 'CHAINCODE_SHA256'), readFileSync(join(out, 'CHAINCODE_SHA256')));
  for (const added of ['node.tgz', `packages/consilium-added-${version}.tgz`]) {
    cpSync(join(out, 'dependencies.tgz'), join(changed, added));
    assert.match(install(changed, '--digest', digest).stderr, new RegExp(`${added} is not in SHA256SUMS`));
    rmSync(join(changed, added));
  }
  // The next version, in the way in which whoever publishes it makes it.
  writeFileSync(join(changed, 'VERSION'), `${version}-next\n`);
  for (const name of readdirSync(join(changed, 'packages'))) {
    const next = name.replace(`-${version}.tgz`, `-${version}-next.tgz`);
    cpSync(join(changed, 'packages', name), join(changed, 'packages', next));
    rmSync(join(changed, 'packages', name));
  }
  const sums = run(
    'sh',
    '-c',
    `cd '${changed}' && find . -type f ! -name SHA256SUMS | sed 's,^./,,' | sort |
    xargs sha256sum > SHA256SUMS`,
  );
  assert.equal(sums.status, 0, sums.stderr);
  assert.equal(install(changed).status, 0);
  assert.equal(readlinkSync(join(prefix, 'current')), `versions/${version}-next`);
  assert.equal(install(out, '--back').status, 0);
  assert.equal(readlinkSync(join(prefix, 'current')), `versions/${version}`);
  assert.equal(run(command, '--help').status, 0);
  writeFileSync(join(changed, 'PLATFORM'), 'Plan9-mips\n');
  assert.match(install(changed).stderr, /is not the one that was published/);
});

test('a hospital begins with an installed release alone: its authorities, identities and definition', {
  skip: isBuilt ? false : 'not run: not built',
}, async (t) => {
  const digest = await makeOnce();
  const prefix = join(folder, 'opt-of-a-hospital');
  const { FABRIC_BIN_DIR, IPFS_BIN, HOME, TMPDIR } = process.env;
  const path = `${dirname(process.execPath)}:/usr/bin:/bin`;
  const env = { PATH: path, HOME, FABRIC_BIN_DIR, IPFS_BIN, TMPDIR };
  const place = join(folder, 'hospital');
  mkdirSync(place);
  const run = (command: string, ...args: string[]) =>
    spawnSync(command, args, { cwd: place, env, encoding: 'utf8' });
  const installed = run('sh', join(out, 'install.sh'), '--prefix', prefix, '--digest', digest);
  assert.equal(installed.status, 0, installed.stderr);
  const examples = join(prefix, 'current/node_modules/@consilium/network/hospitals-apart');
  cpSync(join(examples, 'consortium.yaml'), join(place, 'consortium.yaml'));
  const own = readFileSync(join(examples, 'hospital.yaml'), 'utf8')
    .replace('/srv/consilium-mailbox', join(place, 'mailbox'))
    .replace('/srv/consilium', join(place, 'folder'));
  const ports = `ports: { identityAuthority: ${await freePort()}, tlsAuthority: ${await freePort()} }`;
  const file = join(place, 'hospital.yaml');
  writeFileSync(file, `${own}\n${ports}\n`);
  const hospital = (command: string) =>
    run(join(prefix, 'bin/consilium-network'), 'hospital', command, '--hospital', file, '--json');
  const { status, stdout, stderr } = hospital('init');
  const missing = /not found: .*/.exec(stderr)?.[0];
  if (status !== 0 && missing !== undefined) return t.skip(`not run: ${missing}`);
  assert.equal(status, 0, stderr);
  const { roots, isAgreed } = JSON.parse(stdout) as { roots: object; isAgreed: boolean };
  assert.deepEqual([Object.keys(roots), isAgreed], [['identity', 'tls'], false]);
  const [definition] = readdirSync(join(place, 'mailbox'));
  assert.match(definition!, /^definition-.+\.json$/);
  assert.doesNotMatch(readFileSync(join(place, 'mailbox', definition!), 'utf8'), /PRIVATE KEY/);
  // It goes on where it ended, and the others' definitions are what is missing next.
  assert.equal(hospital('init').stdout, stdout);
  const found = hospital('found');
  assert.equal(found.status, 2);
  assert.match(found.stderr, /definition|roots/);
});
