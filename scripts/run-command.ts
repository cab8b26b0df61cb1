// Runs a program as a stranger's shell does: without what npm or a test runner left in the environment.
import { execFile } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

export interface Answer {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param cwd - its `node_modules/.bin` is in front of PATH, after this Node */
export async function runCommand(
  command: string,
  parameters: readonly string[],
  cwd: string,
): Promise<Answer> {
  const own = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_TEST|NODE_OPTIONS)/i.test(name)),
  );
  const path = [dirname(process.execPath), join(cwd, 'node_modules/.bin'), process.env.PATH];
  const env = { ...own, PATH: path.join(delimiter) };
  const options = { cwd, env, maxBuffer: 64 * 1024 * 1024 };
  try {
    const { stdout, stderr } = await promisify(execFile)(command, [...parameters], options);
    return { status: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: number; stdout?: string; stderr?: string };
    return { status: Number(code) || 1, stdout, stderr };
  }
}
