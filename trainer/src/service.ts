// The trainer's life: finds the studies on the ledger and drives each, woken by the gateway's events and, should
// those be missed, by a slow poll.
import { setTimeout as sleep } from 'node:timers/promises';
import { named } from './errors.ts';
import { logFailure } from './failure.ts';
import type { LedgerEvent } from './gateway-events.ts';
import { JobBoard } from './job-board.ts';
import { checkFolder } from './older-folder.ts';
import { StudyRunner } from './study-runner.ts';
import type { TrainerContext } from './trainer-context.ts';
import { Wakeup } from './wakeup.ts';

export interface ServiceOptions {
  readonly takeoverMs: number;
  readonly pollMs: number;
  readonly minPauseMs?: number;
  readonly maxPauseMs?: number;
}

export class TrainerService {
  readonly board = new JobBoard();
  readonly #context: TrainerContext;
  readonly #options: Required<ServiceOptions>;
  readonly #runners = new Map<string, StudyRunner>();
  readonly #running = new Set<Promise<void>>();
  readonly #finished = new Set<string>();
  readonly #wakeup = new Wakeup();
  #training: Promise<unknown> = Promise.resolve();

  constructor(context: TrainerContext, options: ServiceOptions) {
    this.#context = {
      ...context,
      onProgress: (...progress) => {
        this.board.progress(...progress);
        context.onProgress(...progress);
      },
    };
    this.#options = { minPauseMs: 250, maxPauseMs: 30_000, ...options };
  }

  get #signal(): AbortSignal {
    return this.#context.signal;
  }

  /** To be called for each event of the ledger. */
  notice({ data }: Pick<LedgerEvent, 'data'>): void {
    const { studyId } = data;
    const runner = typeof studyId === 'string' ? this.#runners.get(studyId) : undefined;
    if (runner !== undefined) runner.wake();
    else this.#wakeup.wake();
  }

  /** Looks at everything again now: after a reconnection, or when the operator has mended something. */
  wakeAll(): void {
    this.#wakeup.wake();
    for (const runner of this.#runners.values()) runner.wake();
  }

  /** Runs until the context's signal aborts; every runner has stopped when it returns. Rejects for a bug. */
  async run(): Promise<void> {
    const { promise: broken, reject } = Promise.withResolvers<never>();
    try {
      await Promise.race([this.#discover(reject), broken]);
    } finally {
      await Promise.allSettled(this.#running);
    }
  }

  async #discover(reject: (error: unknown) => void): Promise<void> {
    const { log, ledger } = this.#context;
    const { pollMs, minPauseMs, maxPauseMs } = this.#options;
    let failures = 0;
    let isChecked = false;
    while (!this.#signal.aborted) {
      try {
        if (!isChecked) await checkFolder(this.#context);
        isChecked = true;
        for (const { studyId, state } of await ledger.listStudies()) {
          if (state === 'proposed' || this.#finished.has(studyId)) continue;
          this.#start(studyId, reject);
        }
        failures = 0;
        await this.#wakeup.sleep(pollMs, this.#signal);
      } catch (error) {
        if (this.#signal.aborted) return;
        failures += 1;
        logFailure(log, named(error), { work: 'listing the studies' });
        const pauseMs = Math.min(maxPauseMs, minPauseMs * 2 ** (failures - 1));
        await sleep(pauseMs, undefined, { signal: this.#signal }).catch(() => undefined);
      }
    }
  }

  #start(studyId: string, reject: (error: unknown) => void): void {
    if (this.#runners.has(studyId)) return;
    const runner = new StudyRunner(studyId, {
      ...this.#options,
      context: this.#context,
      board: this.board,
      inTrainingQueue: (work) => this.#queued(work),
    });
    this.#runners.set(studyId, runner);
    const run = runner
      .run(this.#signal)
      .then(() => {
        if (!this.#signal.aborted) this.#finished.add(studyId);
      }, reject)
      .finally(() => {
        this.#runners.delete(studyId);
        this.#running.delete(run);
      });
    this.#running.add(run);
  }

  #queued<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#training.then(() => {
      this.#signal.throwIfAborted();
      return work();
    });
    this.#training = result.catch(() => undefined);
    return result;
  }
}
