import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { arch, platform, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const scripts = fileURLToPath(new URL('..', import.meta.url));
const PLATFORMS = ['Linux-x86_64', 'Linux-aarch64', 'Darwin-arm64', 'Darwin-x86_64'];

describe('node-24.sh on a machine whose Node is too old', () => {
  let dir: string;
  let tarball: string;
  let integrity: string;

  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'node-24-'));
    const bin = join(dir, 'package', 'bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, 'node'), '#!/bin/sh\necho fetched\n', { mode: 0o755 });
    tarball = join(dir, 'node.tgz');
    execFileSync('tar', ['-czf', tarball, '-C', dir, 'package']);
    integrity = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
  });

  after(() => rmSync(dir, { recursive: true, force: true }));

  /** Runs a copy of the script beside a lock of these lines, an old `node`, and an `npm` that hands out `served`. */
  function run({ lock, served }: { readonly lock: string; readonly served: string }) {
    const root = mkdtempSync(join(dir, 'clone-'));
    mkdirSync(join(root, 'scripts'));
    cpSync(join(scripts, 'node-24.sh'), join(root, 'scripts', 'node-24.sh'));
    writeFileSync(join(root, 'scripts', 'node-24.lock'), lock);
    const bin = join(root, 'bin');
    mkdirSync(bin);
    const program = (name: string, text: string) => {
      writeFileSync(join(bin, name), text);
      chmodSync(join(bin, name), 0o755);
    };
    program('node', `#!/bin/sh\nif [ "$1" = -p ]; then echo 20; else exec "${process.execPath}" "$@"; fi\n`);
    program(
      'npm',
      `#!/bin/sh
echo "$2" >> "${root}/asked"
while [ "$1" != --pack-destination ]; do shift; done
cp "${served}" "$2/"
`,
    );
    const start = () =>
      spawnSync('bash', [join(root, 'scripts', 'node-24.sh')], {
        encoding: 'utf8',
        env: { ...process.env, PATH: `${bin}:${dirname('/bin/sh')}:/usr/bin:/bin` },
      });
    return { ...start(), root, start };
  }

  const lockOf = (digest: string) => PLATFORMS.map((name) => `${name} some-node 24.1.2 ${digest}\n`).join('');

  it('fetches the locked version once and prints its folder', () => {
    const { status, stdout, root, start } = run({ lock: lockOf(integrity), served: tarball });
    assert.equal(status, 0);
    assert.equal(stdout, `${root}/.tools/some-node-24.1.2/bin\n`);
    assert.equal(execFileSync(join(stdout.trim(), 'node'), { encoding: 'utf8' }), 'fetched\n');
    assert.equal(start().stdout, stdout);
    assert.equal(readFileSync(join(root, 'asked'), 'utf8'), 'some-node@24.1.2\n');
    assert.deepEqual(readdirSync(join(root, '.tools')), ['some-node-24.1.2']);
  });

  it('refuses a tarball with one changed byte, and unpacks nothing of it', () => {
    const bytes = readFileSync(tarball);
    bytes[bytes.length - 1]! ^= 1;
    const tampered = join(dir, 'tampered.tgz');
    writeFileSync(tampered, bytes);
    const { status, stdout, stderr, root } = run({ lock: lockOf(integrity), served: tampered });
    assert.equal(status, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /some-node@24\.1\.2 is not the file that scripts\/node-24\.lock names/);
    assert.deepEqual(readdirSync(join(root, '.tools')), []);
  });

  it('refuses a platform that the lock does not name', () => {
    const { status, stderr } = run({ lock: '# nothing\n', served: tarball });
    assert.equal(status, 1);
    assert.match(stderr, /No Node\.js 24 package for \S+: install Node\.js 24 or newer yourself/);
  });
});

describe('node-24.lock', () => {
  const lines = readFileSync(join(scripts, 'node-24.lock'), 'utf8').split('\n');
  const entries = lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split(' '));

  it('names an exact version and a sha512 for each platform, and no address', () => {
    assert.deepEqual(
      entries.map(([name]) => name),
      PLATFORMS,
    );
    for (const [, name, version, digest, ...more] of entries) {
      assert.match(name!, /^node-[a-z0-9-]+$/);
      assert.match(version!, /^24\.\d+\.\d+$/);
      assert.match(digest!, /^sha512-[A-Za-z0-9+/]{86}==$/);
      assert.deepEqual(more, []);
    }
  });

  it('covers this machine', { skip: !['linux', 'darwin'].includes(platform()) }, () => {
    const machine = { x64: 'x86_64', arm64: platform() === 'linux' ? 'aarch64' : 'arm64' }[arch() as 'x64'];
    const system = platform() === 'linux' ? 'Linux' : 'Darwin';
    assert.ok(entries.some(([name]) => name === `${system}-${machine}`));
  });
});
