import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

const root = join(import.meta.dirname, '../..');
const COMMANDS = ['network', 'gateway', 'trainer', 'test-network'].flatMap((name) => [
  `${name}/bin/consilium-${name}.js`,
  `${name}/dist/src/main.js`,
]);
const built = COMMANDS.every((file) => existsSync(join(root, file)));

test('every command says to an older Node in one line which it needs, with the status of wrong usage', {
  skip: !built && 'not run: the packages are not built',
}, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'older-node-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const older = join(folder, 'older.mjs');
  const versions = "{ ...process.versions, node: '20.20.2' }";
  writeFileSync(older, `Object.defineProperty(process, 'versions', { value: ${versions} });`);
  const preload = ['--import', pathToFileURL(older).href];
  for (const file of COMMANDS) {
    const command = [join(root, file), '--help'];
    const refused = spawnSync(process.execPath, [...preload, ...command], { encoding: 'utf8' });
    assert.equal(refused.status, 2, file);
    assert.match(
      refused.stderr,
      /^Consilium needs Node\.js 24 or newer, and this is 20\.20\.2: .*make setup.*\n$/,
    );
    assert.equal(refused.stdout, '', file);
    assert.equal(spawnSync(process.execPath, command).status, 0, file);
  }
});
