import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const CHECK = ['require-node.js', 'package.json'].map((name) => `packages/process-start/${name}`);
const ENDLESS = `
process.on('SIGTERM', () => {
  console.log('stopped what it started');
  process.exit();
});
setInterval(() => {}, 1000);
console.log('runs');
`;

test('a bench whose script is asked to end is asked too, and the script waits for it', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'bench-script-'));
  t.after(() => rmSync(root, { recursive: true }));
  const bench = join(root, 'package/dist/bench/endless.js');
  mkdirSync(dirname(bench), { recursive: true });
  writeFileSync(bench, ENDLESS);
  mkdirSync(join(root, 'scripts'));
  mkdirSync(join(root, 'packages/process-start'), { recursive: true });
  const repository = join(import.meta.dirname, '../..');
  for (const file of ['scripts/bench.sh', ...CHECK]) {
    copyFileSync(join(repository, file), join(root, file));
  }
  const child = spawn('bash', [join(root, 'scripts/bench.sh')], { stdio: ['ignore', 'pipe', 'ignore'] });
  let said = '';
  child.stdout.on('data', (text) => {
    said += text;
    if (said === 'runs\n') child.kill('SIGTERM');
  });
  const status = await new Promise((resolve) => child.once('close', resolve));
  assert.equal(status, 143);
  assert.equal(said, 'runs\nstopped what it started\n');
});
