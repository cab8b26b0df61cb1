// One process that works with one graph at a time. It has limits of time and memory, which the trainer watches and the
// operating system enforces, and nothing that it could give away: no keys in its environment, no open files of the
// trainer's, an empty working directory.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { StepProgress } from '@consilium/dp-sgd';
import { checkReport, NO_REPORT } from './graph-answers.ts';
import { type GraphTask, type HeldRows, type Report, type Request, rowsOf } from './graph-task.ts';
import { usageOf } from './process-usage.ts';

export interface TaskLimits {
  /** Of processor time, of all threads: for the task, or until a round is prepared. */
  readonly cpuMs: number;
  /** Without a word from the process. */
  readonly silentMs: number;
  /** When it is of no use any more, as `Date.now()` counts; never by default. */
  readonly deadlineMs?: number | undefined;
}

export interface TaskHooks {
  readonly onDrawing?: (() => void | Promise<void>) | undefined;
  readonly onProgress?: ((progress: StepProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Why a task has no answer. */
export type TaskFailure =
  /** The process says that it cannot be done. */
  | Extract<Report, { kind: 'refused' }>
  /** The process ended by itself. */
  | { readonly kind: 'died'; readonly code: number | null; readonly signal: NodeJS.Signals | null }
  /** It was ended for taking too much. */
  | { readonly kind: 'ended'; readonly limit: 'cpu' | 'silence' | 'deadline' | 'memory' }
  /** It was not there. */
  | { readonly kind: 'not-started'; readonly reason: string };

export class TaskFailedError extends Error {
  override readonly name = 'TaskFailedError';
  readonly failure: TaskFailure;
  /** Whether the task had been allowed to draw patients, or was given rows to score. */
  readonly drawn: boolean;

  constructor(failure: TaskFailure, drawn: boolean) {
    super(failure.kind === 'refused' ? failure.reason : `the process for graphs: ${failure.kind}`);
    this.failure = failure;
    this.drawn = drawn;
  }
}

export interface ProcessOptions {
  readonly memoryBytes: number;
  /** Empty, and of nobody else. */
  readonly directory: string;
  /** Another program, in tests. */
  readonly program?: string | undefined;
}

/** What a program may need to be started at all; all else in the environment is the trainer's. */
const PASSED_ON = ['PATH', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'TZ', 'LANG', 'LC_ALL'];
const MIB = 2 ** 20;
const LOOK_EVERY_MS = 50;
/** What Node and its threads map writable without using it, and what may be written between two looks. */
const MAPPED_BESIDES_BYTES = 3072 * MIB;

/**
 * No file is written, no core either, which would hold rows; memory beyond the limit is refused to the process at once,
 * where the system counts it so; and where the machine has none left, this process is the first to go.
 */
const START_CONTAINED = [
  'ulimit -c 0',
  'ulimit -d "$1"',
  'echo 1000 > /proc/self/oom_score_adj',
  'ulimit -f 0',
].map((limit) => `{ ${limit}; } 2>/dev/null`);
const SCRIPT = `${START_CONTAINED.join('; ')}; shift; exec "$@"`;

const PROGRAM = fileURLToPath(new URL('./graph-program.js', import.meta.url));

function start({ memoryBytes, directory, program = PROGRAM }: ProcessOptions): ChildProcess {
  const env = Object.fromEntries(
    PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
  const mapped = Math.ceil((memoryBytes + MAPPED_BESIDES_BYTES) / 1024);
  const heap = `--max-old-space-size=${Math.floor(memoryBytes / MIB)}`;
  const command = [process.execPath, '--no-warnings', heap, program];
  return spawn('/bin/sh', ['-c', SCRIPT, 'sh', `${mapped}`, ...command], {
    cwd: directory,
    env,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
  });
}

interface Running {
  readonly task: GraphTask;
  readonly hooks: TaskHooks;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
  isPrepared: boolean;
  drawn: boolean;
  heardAtMs: number;
}

export class ContainedProcess {
  readonly #memoryBytes: number;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #running: Running | undefined;
  #isAlive = true;
  #residentBytes = 0;
  #heldRows: string | undefined;

  constructor(options: ProcessOptions) {
    this.#memoryBytes = options.memoryBytes;
    this.#child = start(options);
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        this.#fail({ kind: 'died', code, signal });
        resolve();
      });
      this.#child.once('error', ({ message }) => {
        this.#fail({ kind: 'not-started', reason: message });
        resolve();
      });
    });
    this.#child.on('message', (message) => this.#hear(message));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether it can take another task. */
  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Of its memory when it was last looked at. */
  get residentBytes(): number {
    return this.#residentBytes;
  }

  /** The digest of the patients' rows that it holds for its next task, those of its last. */
  get heldRows(): string | undefined {
    return this.#heldRows;
  }

  /**
   * Does one task; a process that fails one, otherwise than by refusing it, takes no other.
   *
   * @throws TaskFailedError, or the reason of the signal when it fires, and the process is gone
   */
  async run(task: GraphTask, limits: TaskLimits, hooks: TaskHooks = {}): Promise<unknown> {
    assert(this.#running === undefined, 'one task at a time');
    hooks.signal?.throwIfAborted();
    if (!this.#isAlive) throw new TaskFailedError({ kind: 'not-started', reason: 'it has ended' }, false);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const running: Running = {
      task,
      hooks,
      resolve,
      reject,
      isPrepared: false,
      drawn: task.kind === 'outputs' && !isOfNobody(task.rows),
      heardAtMs: performance.now(),
    };
    this.#running = running;
    const onAbort = () => this.#kill(hooks.signal?.reason);
    hooks.signal?.addEventListener('abort', onAbort, { once: true });
    const watching = new AbortController();
    void this.#watch(running, limits, watching.signal);
    try {
      this.#send({ kind: 'task', task });
      const rows = rowsOf(task);
      // Until it has answered, nothing is certain of what it holds.
      if (rows !== undefined) this.#heldRows = undefined;
      const answer = await promise;
      if (rows !== undefined) this.#heldRows = rows.sha256;
      return answer;
    } finally {
      watching.abort();
      hooks.signal?.removeEventListener('abort', onAbort);
      this.#running = undefined;
      if (!this.#isAlive) await this.close();
    }
  }

  /** Ends the process, whatever it is at. */
  async close(): Promise<void> {
    this.#isAlive = false;
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  /** Lets the trainer end while this process waits for a task, or not. */
  hold(isHeld: boolean): void {
    const { channel } = this.#child;
    if (isHeld) {
      this.#child.ref();
      channel?.ref();
    } else {
      this.#child.unref();
      channel?.unref();
    }
  }

  #send(request: Request): void {
    this.#child.send(request, (error) => {
      // Of a process that has ended, its end says more.
      if (error !== null && this.#child.connected) this.#fail({ kind: 'not-started', reason: error.message });
    });
  }

  #hear(message: unknown): void {
    const running = this.#running;
    if (running === undefined) return;
    running.heardAtMs = performance.now();
    const report = checkReport(message, running);
    switch (report?.kind) {
      case undefined:
        this.#fail({ kind: 'refused', reason: NO_REPORT, problems: [], total: 0, isTooLarge: false });
        return;
      case 'prepared':
        running.isPrepared = true;
        void this.#allowToDraw(running);
        return;
      case 'progress':
        running.hooks.onProgress?.(report.progress);
        return;
      case 'answer':
        running.resolve(report.answer);
        return;
      case 'refused':
        // It has said so itself, and goes on, unless it lacks memory.
        if (report.isTooLarge) this.#fail(report);
        else running.reject(new TaskFailedError(report, running.drawn));
    }
  }

  async #allowToDraw(running: Running): Promise<void> {
    try {
      await running.hooks.onDrawing?.();
      if (this.#running !== running || !this.#isAlive) return;
      running.drawn = true;
      this.#send({ kind: 'draw' });
    } catch (error) {
      this.#kill(error);
    }
  }

  async #watch(running: Running, limits: TaskLimits, signal: AbortSignal): Promise<void> {
    const pid = this.#child.pid;
    let cpuBeforeMs: number | undefined;
    while (!signal.aborted) {
      const usage = pid === undefined ? undefined : await usageOf(pid);
      if (signal.aborted || this.#running !== running) return;
      if (usage !== undefined) {
        cpuBeforeMs ??= usage.cpuMs;
        this.#residentBytes = usage.residentBytes;
      }
      const limit = exceededLimit({
        limits,
        cpuMs: running.isPrepared ? 0 : (usage?.cpuMs ?? 0) - (cpuBeforeMs ?? 0),
        silentMs: performance.now() - running.heardAtMs,
        isTooLarge: this.#residentBytes > this.#memoryBytes,
      });
      if (limit !== undefined) return this.#fail({ kind: 'ended', limit });
      await pause(LOOK_EVERY_MS, signal);
    }
  }

  #fail(failure: TaskFailure): void {
    this.#kill(new TaskFailedError(failure, this.#running?.drawn ?? false));
  }

  #kill(reason: unknown): void {
    this.#isAlive = false;
    this.#child.kill('SIGKILL');
    this.#running?.reject(reason);
  }
}

/** Rows that are not sent are those of a score before, of somebody. */
const isOfNobody = ({ sent }: HeldRows<Float32Array>): boolean => sent?.length === 0;

function exceededLimit({
  limits,
  cpuMs,
  silentMs,
  isTooLarge,
}: {
  readonly limits: TaskLimits;
  readonly cpuMs: number;
  readonly silentMs: number;
  readonly isTooLarge: boolean;
}): Extract<TaskFailure, { kind: 'ended' }>['limit'] | undefined {
  if (isTooLarge) return 'memory';
  if (cpuMs > limits.cpuMs) return 'cpu';
  if (silentMs > limits.silentMs) return 'silence';
  return limits.deadlineMs !== undefined && Date.now() > limits.deadlineMs ? 'deadline' : undefined;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
