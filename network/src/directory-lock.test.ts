import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DirectoryLockedError, lockDirectory } from './directory-lock.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-lock-'));
after(() => rmSync(root, { recursive: true }));

test('a directory has one holder at a time, and is free again when that one lets go', () => {
  const lock = lockDirectory(root);
  assert.throws(() => lockDirectory(root), DirectoryLockedError);
  lock.release();
  lockDirectory(root).release();
});

test('a holder that is killed holds nothing any more', async () => {
  const module = JSON.stringify(new URL('./directory-lock.js', import.meta.url).href);
  const script = `const { lockDirectory } = await import(${module});
    globalThis.held = lockDirectory(${JSON.stringify(root)}); console.log('held'); setInterval(() => 0, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(holder.stdout, 'data');
  assert.throws(() => lockDirectory(root), DirectoryLockedError);
  const gone = once(holder, 'exit');
  holder.kill('SIGKILL');
  await gone;
  lockDirectory(root).release();
});
