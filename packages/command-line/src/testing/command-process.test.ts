import assert from 'node:assert/strict';
import { realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CommandProcess } from './command-process.ts';

const commands = new CommandProcess(join(import.meta.dirname, 'example-program.js'));
after(() => commands.close());
const run = (...args: string[]) => commands.run({ args });

test('each command has words, a status, an environment and a folder of its own', async () => {
  const cwd = realpathSync(tmpdir());
  const [one, other, wrong] = await Promise.all([
    commands.run({ args: ['say', 'a', 'b'], env: { EXAMPLE: 'first' }, cwd }),
    commands.run({ args: ['say', 'c'], env: {} }),
    run('dance'),
  ]);
  assert.deepEqual(one, { status: 3, stdout: 'a b\n', stderr: `first ${cwd}\n` });
  assert.deepEqual(other, { status: 3, stdout: 'c\n', stderr: `nothing ${process.cwd()}\n` });
  assert.deepEqual(wrong, { status: 1, stdout: '', stderr: 'example: no such command\n' });
});

test('a command is over when nothing keeps its process alive, and what it says late is its own', async () => {
  assert.deepEqual(await run('later'), { status: 0, stdout: 'later\n', stderr: '' });
  assert.equal((await run('say', 'd')).stdout, 'd\n');
});

test('what a command changes of its process is as before for the next one', async () => {
  const first = await run('mask');
  assert.notEqual(first.stdout, '77\n');
  assert.deepEqual(await run('mask'), first);
});

test('a command that ends the process is named, and the next one has another process', async () => {
  await assert.rejects(run('leave'), /^Error: leave ended the process of commands with 5$/);
  assert.equal((await run('say', 'e')).stdout, 'e\n');
});
