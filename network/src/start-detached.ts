// Starts the supervisor as a process of its own and waits until the consortium is ready.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { endProcess, identify } from './process-identity.ts';
import type { SupervisorMessage } from './supervise.ts';

export class StartFailedError extends Error {
  override readonly name = 'StartFailedError';
}

export interface DetachedOptions {
  readonly configFile: string;
  readonly directory: string;
  /** Starts what it is called with in the foreground; `up` of a consortium on one machine where absent. */
  readonly command?: readonly string[];
  /** Settings of its processes, beside those of our own environment. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly report: (line: string) => void;
  /** An abort during the start stops what was started. After the start, stopping is up to the consortium's owner. */
  readonly signal?: AbortSignal;
}

export interface DetachedConsortium {
  /** Names of services that did not start, though one of their kind did. */
  readonly without: readonly string[];
  /** Lets the consortium go on without this process. */
  letGo(): void;
  /** Stops everything and resolves when nothing runs any more. */
  stop(): Promise<void>;
}

/**
 * How long a stop may take before the supervisor itself is killed: longer than its services' graces
 * together.
 */
export const STOP_TIMEOUT_MS = 45_000;

/** @throws StartFailedError with the reason the supervisor gave, or the signal's reason; nothing runs then. */
export async function startDetached(options: DetachedOptions): Promise<DetachedConsortium> {
  const { signal } = options;
  signal?.throwIfAborted();
  const directory = resolve(options.directory);
  mkdirSync(join(directory, 'logs'), { recursive: true, mode: 0o700 });
  const log = openSync(join(directory, 'logs/supervisor.log'), 'a');
  const main = join(import.meta.dirname, 'main.js');
  const { command = ['up', '--config', resolve(options.configFile), '--dir', directory] } = options;
  const child = spawn(process.execPath, [main, ...command, '--foreground'], {
    stdio: ['ignore', log, log, 'ipc'],
    detached: true,
    env: { ...process.env, ...options.environment },
  });
  closeSync(log);
  const exited = new Promise<void>((done) => child.once('exit', () => done()));
  const stop = async (): Promise<void> => {
    const identity = child.exitCode === null && child.pid !== undefined ? identify(child.pid) : undefined;
    if (identity !== undefined) await endProcess(identity, { graceMs: STOP_TIMEOUT_MS });
    await exited;
  };
  const outcome = Promise.withResolvers<readonly string[]>();
  child.on('message', (message: SupervisorMessage) => {
    if (message.kind === 'progress') options.report(message.line);
    else if (message.kind === 'ready') outcome.resolve(message.without);
    else outcome.reject(new StartFailedError(message.message));
  });
  child.once('error', (cause) =>
    outcome.reject(new StartFailedError('the supervisor did not start', { cause })),
  );
  child.once('exit', (code, by) =>
    outcome.reject(
      new StartFailedError(`the supervisor ended (${by ?? `code ${code}`}) before it was ready`),
    ),
  );
  const interrupt = () => void stop();
  signal?.addEventListener('abort', interrupt);
  let without: readonly string[];
  try {
    without = await outcome.promise;
  } catch (error) {
    await exited;
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', interrupt);
  }
  return {
    without,
    letGo() {
      child.send({ kind: 'let-go' });
      child.unref();
    },
    stop,
  };
}
