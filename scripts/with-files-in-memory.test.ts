import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const SCRIPT = join(import.meta.dirname, '../with-files-in-memory.sh');

/** Starts the script over a program, which says its folder at once. */
async function start(program: string, given: Readonly<Record<string, string>> = {}) {
  const { TMPDIR: _, ...environment } = process.env;
  const child = spawn(
    SCRIPT,
    [process.execPath, '--eval', `console.log(require('os').tmpdir());${program}`],
    {
      env: { ...environment, ...given },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const ended = once(child, 'close');
  const [said] = await once(child.stdout.setEncoding('utf8'), 'data');
  return { child, ended, folder: String(said).trim() };
}

test('a command has a folder of its own, which is gone with it, and its status is passed on', async () => {
  const { ended, folder } = await start(
    "require('fs').writeFileSync(require('os').tmpdir() + '/left', '');process.exit(7)",
  );
  assert.deepEqual(await ended, [7, null]);
  // Without room in memory it is the system's.
  if (folder.startsWith('/dev/shm/')) assert.equal(existsSync(folder), false);
});

test('a folder that is named is taken, and stays', async () => {
  const { ended, folder } = await start('', { TMPDIR: import.meta.dirname });
  assert.deepEqual(await ended, [0, null]);
  assert.equal(folder, import.meta.dirname);
  assert.ok(existsSync(folder));
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`${signal} stops the command too, which may take its time, and nothing is left`, async () => {
    const { child, ended, folder } = await start(
      `for (const one of ['SIGINT', 'SIGTERM', 'SIGHUP'])
         process.on(one, () => setTimeout(() => { console.log('stopped'); process.exit(9); }, 300));
       console.log('listens'); setInterval(() => {}, 1000)`,
    );
    const said: string[] = [folder];
    child.stdout.on('data', (text: string) => said.push(text));
    while (!said.join('').includes('listens')) await once(child.stdout, 'data');
    child.kill(signal);
    assert.deepEqual(await ended, [9, null]);
    assert.match(said.join(''), /stopped/);
    const place = folder.split('\n')[0]!;
    if (place.startsWith('/dev/shm/')) assert.equal(existsSync(place), false);
  });
}
