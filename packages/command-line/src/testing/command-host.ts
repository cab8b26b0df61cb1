// The process of `command-process.ts`. It loads the program's module again for each command: modules that are imported
// by it are loaded once. A command is over when nothing keeps a process alive any more, as in a process of its own.
import { chdir } from 'node:process';
import { pathToFileURL } from 'node:url';
import type { CommandRun, EndedCommand } from './command-process.ts';

const [, program = '', module = ''] = process.argv;
const said = { stdout: '', stderr: '' };
for (const name of ['stdout', 'stderr'] as const) {
  process[name].write = (chunk: string | Uint8Array, ...more: unknown[]): boolean => {
    said[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    const written = more.find((one) => typeof one === 'function') as (() => void) | undefined;
    if (written !== undefined) process.nextTick(written);
    return true;
  };
}

let runs = 0;
let isRunning = false;
const umask = process.umask();

process.on('message', ({ args, env, cwd }: Required<CommandRun>) => {
  isRunning = true;
  process.channel?.unref();
  Object.assign(said, { stdout: '', stderr: '' });
  process.argv = [process.execPath, program, ...args];
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  process.umask(umask);
  chdir(cwd);
  process.exitCode = undefined;
  runs += 1;
  import(`${pathToFileURL(module).href}?run=${runs}`).catch((error: unknown) => {
    process.stderr.write(`${(error as Error).stack}\n`);
    process.exitCode = 1;
  });
});
process.on('beforeExit', () => {
  if (!isRunning) return;
  isRunning = false;
  process.channel?.ref();
  const ended: EndedCommand = { status: Number(process.exitCode ?? 0), ...said };
  process.exitCode = undefined;
  process.send?.(ended);
});
