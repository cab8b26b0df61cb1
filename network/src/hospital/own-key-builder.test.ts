// The peer's builder for packages that hold no key.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { ccaasPackage } from '../native/chaincode-package.ts';
import { ownFolder } from '../programs.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-builder-'));
after(() => rmSync(root, { recursive: true }));
const step = (name: string) => join(ownFolder, 'builders/own-key/bin', name);
const folder = (name: string) => {
  const path = join(root, name);
  mkdirSync(path, { recursive: true });
  return path;
};
const { PATH = '' } = process.env;

/** As the peer calls the builder. */
function metadata(content: object): string {
  const path = folder(`metadata-${Object.values(content).join('-')}`);
  writeFileSync(join(path, 'metadata.json'), JSON.stringify(content));
  return path;
}

test('it takes packages of its own type alone', () => {
  const detect = (content: object) =>
    execFileSync(step('detect'), [root, metadata(content)], { stdio: 'pipe' });
  detect({ type: 'consilium-ccaas', label: 'consilium_1' });
  assert.throws(() => detect({ type: 'ccaas', label: 'consilium_1' }));
  assert.throws(() => detect({ type: 'consilium-ccaas-2', label: 'consilium_1' }));
});

test('the released connection has the address of the package and the keys of the peer, for its owner alone', () => {
  const [source, output, release, tls] = ['source', 'output', 'release', 'tls'].map(folder) as [
    string,
    string,
    string,
    string,
  ];
  writeFileSync(join(source, 'connection.json'), JSON.stringify({ address: '127.0.0.1:7070' }));
  const texts = ['server.key', 'server.crt', 'ca.crt'].map((name) => {
    const text = `-----BEGIN ${name}-----\nAA+/==\nBB\n-----END ${name}-----\n`;
    writeFileSync(join(tls, name), text);
    return text;
  });
  execFileSync(step('build'), [source, root, output]);
  execFileSync(step('release'), [output, release], { env: { PATH, CONSILIUM_CHAINCODE_TLS: tls } });
  const file = join(release, 'chaincode/server/connection.json');
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), {
    address: '127.0.0.1:7070',
    dial_timeout: '10s',
    tls_required: true,
    client_auth_required: true,
    client_key: texts[0],
    client_cert: texts[1],
    root_cert: texts[2],
  });
  assert.equal(statSync(file).mode & 0o077, 0);
});

test('without keys, or with an address that is none, nothing is released', () => {
  const output = folder('odd');
  writeFileSync(join(output, 'connection.json'), JSON.stringify({ address: '$(reboot)' }));
  const release = () =>
    execFileSync(step('release'), [output, folder('odd-release')], {
      env: { PATH, CONSILIUM_CHAINCODE_TLS: folder('tls') },
      stdio: 'pipe',
    });
  assert.throws(release);
  assert.throws(() =>
    execFileSync(step('release'), [folder('output'), folder('x')], { env: { PATH }, stdio: 'pipe' }),
  );
});

test('a package for it holds an address, and neither a key nor a word on TLS', () => {
  const { bytes } = ccaasPackage({ label: 'consilium_1', address: '127.0.0.1:7070', withOwnKey: true });
  const archive = gunzipSync(bytes);
  const inner = archive.subarray(archive.indexOf(Buffer.from([0x1f, 0x8b])));
  const code = gunzipSync(inner).toString('latin1');
  assert.ok(code.includes('{"address":"127.0.0.1:7070"}'));
  assert.doesNotMatch(code, /key|tls/);
});
