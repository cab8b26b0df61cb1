// One supervised process: started with its log, judged ready by asking it, restarted with backoff when it
// dies.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { logTail } from './log-tail.ts';
import { endProcess, identify, isRunning, type ProcessIdentity } from './process-identity.ts';
import type { ServiceRecord, ServiceState } from './state-file.ts';

export interface ServiceDefinition {
  /** Such as `gateway-aldermoor`. */
  readonly name: string;
  readonly organisation: string | null;
  readonly command: readonly [string, ...string[]];
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly port: number | null;
  readonly url: string | null;
  readonly log: string;
  /** Resolves true when the process does its work; false or a rejection means not yet. */
  readonly isReady: () => Promise<boolean>;
  readonly readyTimeoutMs: number;
}

/**
 * A process died before it was ready, or did not become ready in time. Its message has the end of its log.
 */
export class ServiceFailedError extends Error {
  override readonly name = 'ServiceFailedError';
}

export interface ServiceOptions {
  readonly graceMs: number;
  readonly backoffMs: { readonly first: number; readonly most: number; readonly forgetAfter: number };
  /** Called after every change, before anything else happens. */
  readonly changed: () => void;
  readonly report: (line: string) => void;
}

export const SERVICE_OPTIONS = {
  graceMs: 8000,
  backoffMs: { first: 500, most: 30_000, forgetAfter: 60_000 },
} as const;

export class Service {
  #definition: ServiceDefinition;
  readonly #options: ServiceOptions;
  #child: ChildProcess | null = null;
  #exited: Promise<void> = Promise.resolve();
  #identity: ProcessIdentity | null = null;
  #state: ServiceState = 'stopped';
  #startedAt: Date | null = null;
  #restarts = 0;
  #backoff = 0;
  #lastExit: string | null = null;
  readonly #stopping = new AbortController();

  constructor(definition: ServiceDefinition, options: ServiceOptions) {
    this.#definition = definition;
    this.#options = options;
  }

  get definition(): ServiceDefinition {
    return this.#definition;
  }

  /** Whether `stop` was called, after which it never runs again. */
  get isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  get record(): ServiceRecord {
    const { name, organisation, port, url, log } = this.definition;
    return {
      name,
      organisation,
      state: this.#state,
      process: this.#identity,
      port,
      url,
      log,
      startedAt: this.#startedAt?.toISOString() ?? null,
      restarts: this.#restarts,
      lastExit: this.#lastExit,
    };
  }

  /** @throws ServiceFailedError where it dies before it is ready or is not ready in time. */
  async start(): Promise<void> {
    this.#spawn();
    await this.#becomeReady();
  }

  /** After a start that failed: as after a death. Resolves when it runs, or is stopped. */
  keepTrying(): Promise<void> {
    return this.#restart();
  }

  /**
   * Ends the process as `stop` does, starts it and waits until it is ready. Where that fails it goes on trying, as
   * after a death.
   *
   * @param next what it is from now on, under the same name
   * @throws ServiceFailedError, also where it does not run.
   */
  async restart(next = this.#definition): Promise<void> {
    const { name } = this.definition;
    if (this.#state !== 'running' || this.#identity === null)
      throw new ServiceFailedError(`${name} is ${this.#state}, and is restarted when it runs`);
    this.#become('restarting');
    await endProcess(this.#identity, { graceMs: this.#options.graceMs, group: true });
    await this.#exited;
    if (this.#stopping.signal.aborted) throw new ServiceFailedError(`${name} was stopped while it started`);
    this.#definition = next;
    this.#spawn();
    try {
      await this.#becomeReady();
    } catch (error) {
      if (!this.#stopping.signal.aborted) void this.#restart();
      throw error;
    }
  }

  /** Ends the process and whatever it started in its group. Never restarts it afterwards. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const identity = this.#identity;
    if (identity !== null) {
      const how = await endProcess(identity, { graceMs: this.#options.graceMs, group: true });
      if (how === 'killed')
        this.#options.report(`${this.definition.name} did not end in time and was killed`);
      await this.#exited;
    }
    this.#identity = null;
    this.#become('stopped');
  }

  #become(state: ServiceState): void {
    this.#state = state;
    this.#options.changed();
  }

  #spawn(): void {
    const { command, workingDirectory, environment, log } = this.definition;
    mkdirSync(dirname(log), { recursive: true });
    const descriptor = openSync(log, 'a');
    this.#startedAt = new Date();
    writeSync(descriptor, `--- ${this.#startedAt.toISOString()} started: ${command.join(' ')}\n`);
    const [program, ...parameters] = command;
    // A group of its own: a terminal's Ctrl-C reaches the supervisor alone, which ends things in order.
    const child = spawn(program, parameters, {
      cwd: workingDirectory,
      env: environment,
      stdio: ['ignore', descriptor, descriptor],
      detached: true,
    });
    closeSync(descriptor);
    this.#child = child;
    this.#identity = child.pid === undefined ? null : (identify(child.pid) ?? null);
    this.#become('starting');
    this.#exited = new Promise((resolve) => {
      child.once('error', (error) => {
        if (child.pid === undefined) this.#ended(child, `could not be started: ${error.message}`);
        resolve();
      });
      child.once('exit', (code, signalName) => {
        this.#ended(child, signalName === null ? `exited with code ${code}` : `was ended by ${signalName}`);
        resolve();
      });
    });
  }

  #ended(child: ChildProcess, how: string): void {
    if (this.#child !== child) return;
    const wasRunning = this.#state === 'running';
    this.#child = null;
    this.#identity = null;
    this.#lastExit = how;
    if (this.#stopping.signal.aborted) return;
    this.#become('stopped');
    if (!wasRunning) return;
    this.#options.report(`${this.definition.name} ${how}; the end of its log:\n${indent(this.#tail())}`);
    void this.#restart();
  }

  async #restart(): Promise<void> {
    const { first, most, forgetAfter } = this.#options.backoffMs;
    const signal = this.#stopping.signal;
    while (!signal.aborted) {
      const lived = Date.now() - (this.#startedAt?.getTime() ?? 0);
      this.#backoff = lived > forgetAfter ? first : Math.min(most, this.#backoff * 2 || first);
      await this.#end();
      if (signal.aborted) return;
      this.#become('restarting');
      await sleep(this.#backoff, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      this.#restarts += 1;
      try {
        this.#spawn();
        await this.#becomeReady();
        this.#options.report(`${this.definition.name} was restarted (${this.#restarts} so far)`);
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.#options.report((error as Error).message);
      }
    }
  }

  /** Whatever of it still runs: one that was not ready in time holds its port. */
  async #end(): Promise<void> {
    const identity = this.#identity;
    if (identity !== null) await endProcess(identity, { graceMs: this.#options.graceMs, group: true });
    await this.#exited;
  }

  async #becomeReady(): Promise<void> {
    const { name, isReady, readyTimeoutMs } = this.definition;
    const child = this.#child;
    if (child?.pid === undefined) await this.#exited;
    const deadline = Date.now() + readyTimeoutMs;
    for (let pauseMs = 25; ; pauseMs = Math.min(250, pauseMs * 1.5)) {
      if (this.#stopping.signal.aborted) throw new ServiceFailedError(`${name} was stopped while it started`);
      if (child === null || this.#child !== child) {
        throw new ServiceFailedError(
          `${name} ${this.#lastExit}; the end of its log:\n${indent(this.#tail())}`,
        );
      }
      const ready = await isReady().catch(() => false);
      if (ready && this.#child === child) return this.#become('running');
      if (Date.now() > deadline) {
        const seconds = Math.round(readyTimeoutMs / 1000);
        throw new ServiceFailedError(
          `${name} was not ready after ${seconds} s; the end of its log:\n${indent(this.#tail())}`,
        );
      }
      await sleep(pauseMs);
    }
  }

  #tail(): string {
    return logTail(this.definition.log) || logTail(`${this.definition.log}.1`) || '(its log is empty)';
  }
}

const indent = (text: string): string => text.replaceAll(/^/gm, '    ');

/** Whether any process of an earlier supervisor still runs. */
export const leftovers = (records: readonly ServiceRecord[]): ServiceRecord[] =>
  records.filter((record) => record.process !== null && isRunning(record.process));
