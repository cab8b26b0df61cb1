// A real Kubo daemon for the tests that hold the stand-in against it: offline, on loopback, on a repository
// of its own that goes away with it.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const START_TIMEOUT_MS = 20_000;
const STOP_GRACE_MS = 5_000;

/** From dist/src/ipfs/ as well as from src/ipfs/. */
const BUILD_SCRIPTS = ['../../scripts/build-kubo.sh', '../../../scripts/build-kubo.sh'];

export interface KuboDaemon {
  readonly url: string;
  stop(): Promise<void>;
}

/** The program to compare with, or why there is none, as the reason of a skipped test. */
export async function findKubo(): Promise<{ program: string } | { reason: string }> {
  const given = process.env.IPFS_BIN;
  if (given !== undefined && given !== '') return { program: given };
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const program = join(folder, 'ipfs');
    if (await isExecutable(program)) return { program };
  }
  const script = await findBuildScript();
  const { stdout } = await run('sh', [script, '--path-only']);
  const program = stdout.trim();
  if (await isExecutable(program)) return { program };
  return {
    reason:
      'not run: no ipfs program in IPFS_BIN or PATH, and none built; ' +
      'with Go, `make kubo` builds one in some minutes',
  };
}

async function findBuildScript(): Promise<string> {
  for (const relative of BUILD_SCRIPTS) {
    const script = fileURLToPath(new URL(relative, import.meta.url));
    if (await exists(script)) return script;
  }
  throw new Error('build-kubo.sh is not where it belongs, in test-network/scripts');
}

export async function startKubo(program: string): Promise<KuboDaemon> {
  const dir = await mkdtemp(join(tmpdir(), 'kubo-'));
  const env = { ...process.env, IPFS_PATH: dir };
  const ipfs = (...args: string[]) => run(program, args, { env });
  await ipfs('init', '--profile=test');
  await ipfs('config', 'Addresses.API', '/ip4/127.0.0.1/tcp/0');
  await ipfs('config', '--json', 'Addresses.Gateway', '[]');
  await ipfs('config', '--json', 'Addresses.Swarm', '[]');
  const child = spawn(program, ['daemon', '--offline'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2_000);
  });
  const stop = async () => {
    await end(child);
    await rm(dir, { recursive: true, force: true });
  };
  try {
    return { url: await waitForUrl({ dir, child }), stop };
  } catch (cause) {
    await stop();
    throw new Error(`the Kubo daemon did not start: ${complaint}`, { cause });
  }
}

async function waitForUrl({ dir, child }: { dir: string; child: ChildProcess }): Promise<string> {
  for (let waitedMs = 0; waitedMs < START_TIMEOUT_MS; waitedMs += 50) {
    if (child.exitCode !== null) throw new Error(`it ended with exit status ${child.exitCode}`);
    const address = await readFile(join(dir, 'api'), 'utf8').catch(() => '');
    const port = /\/tcp\/(\d+)/.exec(address)?.[1];
    if (port !== undefined) {
      const url = `http://127.0.0.1:${port}`;
      const answer = await fetch(`${url}/api/v0/version`, { method: 'POST' }).catch(() => undefined);
      if (answer?.ok) return url;
    }
    await sleep(50);
  }
  throw new Error(`no answer within ${START_TIMEOUT_MS} ms`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const cutOff = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
  await exited;
  clearTimeout(cutOff);
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
