// The trainer's life: finds the studies that this hospital has consented to and drives each, woken by the gateway's
// events and, should those be missed, by a poll that grows rarer. Others' studies cost it nothing.
import { setTimeout as sleep } from 'node:timers/promises';
import type { LedgerEvent } from '@consilium/client';
import { named } from '../errors.ts';
import { logFailure } from '../failure.ts';
import { checkFolder } from '../journal/older-folder.ts';
import { keepRegister } from '../people/keep-register.ts';
import { JobBoard } from './job-board.ts';
import { listOpenStudies } from './own-studies.ts';
import { Pace } from './pace.ts';
import { StudyRunner } from './study-runner.ts';
import type { TrainerContext } from './trainer-context.ts';
import { TrainingQueue } from './training-queue.ts';
import { Wakeup } from './wakeup.ts';

export interface ServiceOptions {
  readonly takeoverMs: number;
  readonly pollMs: number;
  /** How rare polls become where nothing happens. */
  readonly maxPollMs?: number;
  readonly minPauseMs?: number;
  readonly maxPauseMs?: number;
}

const MAX_POLL_MS = 60_000;
/** Of events of studies that this trainer does not drive, the one that can make one its own. */
const CONSENT_EVENT = 'ConsentGranted';
/** Also after a study has ended: its updates are to be erased. */
const WITHDRAWAL_EVENT = 'ConsentWithdrawn';

export class TrainerService {
  readonly board = new JobBoard();
  readonly #context: TrainerContext;
  readonly #options: Required<ServiceOptions>;
  readonly #runners = new Map<string, StudyRunner>();
  readonly #running = new Set<Promise<void>>();
  readonly #finished = new Set<string>();
  /** Studies of which a consent was withdrawn since their runner began. */
  readonly #withdrawn = new Set<string>();
  readonly #wakeup = new Wakeup();
  readonly #queue: TrainingQueue;
  #hasWalked = false;

  constructor(context: TrainerContext, options: ServiceOptions) {
    this.#context = {
      ...context,
      onProgress: (...progress) => {
        this.board.progress(...progress);
        context.onProgress(...progress);
      },
    };
    this.#options = { minPauseMs: 250, maxPauseMs: 30_000, maxPollMs: MAX_POLL_MS, ...options };
    this.#queue = new TrainingQueue(context.signal);
  }

  get #signal(): AbortSignal {
    return this.#context.signal;
  }

  /** To be called for each event of the ledger. */
  notice({ name, data }: Pick<LedgerEvent, 'name' | 'data'>): void {
    const { studyId } = data;
    const runner = typeof studyId === 'string' ? this.#runners.get(studyId) : undefined;
    const isOwn = typeof studyId === 'string' && (runner !== undefined || this.#finished.has(studyId));
    if (name === WITHDRAWAL_EVENT && isOwn) this.#withdrawn.add(studyId);
    if (runner !== undefined) runner.wake();
    else if (name === CONSENT_EVENT || (name === WITHDRAWAL_EVENT && isOwn)) this.#wakeup.wake();
  }

  /** Looks at everything again now: after a reconnection, or when the operator has fixed something. */
  wakeAll(): void {
    this.#wakeup.wake();
    for (const runner of this.#runners.values()) runner.wake();
  }

  /**
   * Runs until the context's signal aborts; every runner has stopped when it returns. A bug ends its own study's runner
   * and is in the log at once; this rejects with it when the others have stopped.
   */
  async run(): Promise<void> {
    const { promise: broken, reject } = Promise.withResolvers<never>();
    try {
      await Promise.race([this.#discover(reject), broken]);
    } finally {
      await Promise.allSettled(this.#running);
    }
  }

  async #discover(reject: (error: unknown) => void): Promise<void> {
    const { log } = this.#context;
    const { minPauseMs, maxPauseMs } = this.#options;
    const pace = new Pace(this.#options);
    let failures = 0;
    let woken = false;
    let isChecked = false;
    while (!this.#signal.aborted) {
      try {
        if (!isChecked) {
          await checkFolder(this.#context);
          this.#keepRegister(reject);
        }
        isChecked = true;
        pace.looked({ news: await this.#look(reject), woken });
        failures = 0;
        woken = await this.#wakeup.sleep(pace.idleMs, this.#signal, pace.leastMs);
      } catch (error) {
        if (this.#signal.aborted) return;
        failures += 1;
        logFailure(log, named(error), { work: "listing this hospital's consents" });
        const pauseMs = Math.min(maxPauseMs, minPauseMs * 2 ** (failures - 1));
        await sleep(pauseMs, undefined, { signal: this.#signal }).catch(() => undefined);
      }
    }
  }

  /** Drives what is not driven yet; whether there was any. */
  async #look(reject: (error: unknown) => void): Promise<boolean> {
    const { ledger, mspId } = this.#context;
    const open = await listOpenStudies(this.#context);
    const found = new Set([...(open ?? []), ...this.#withdrawn]);
    if (!this.#hasWalked || open === undefined) {
      // Consents from before the ledger listed open ones, and studies that left bytes or debts in the journal.
      for (const studyId of await ledger.listConsentedStudies(mspId)) found.add(studyId);
      this.#hasWalked = true;
    }
    const isFresh = (id: string) => !this.#finished.has(id) || this.#withdrawn.has(id);
    const fresh = [...found].filter((id) => isFresh(id) && !this.#runners.has(id));
    for (const studyId of fresh) this.#start(studyId, reject);
    return fresh.length > 0;
  }

  /** Runs beside the studies. */
  #keepRegister(reject: (error: unknown) => void): void {
    const run = keepRegister(this.#context)
      .catch((error: unknown) => {
        if (!this.#signal.aborted) reject(error);
      })
      .finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  #start(studyId: string, reject: (error: unknown) => void): void {
    const runner = new StudyRunner(studyId, {
      ...this.#options,
      context: this.#context,
      board: this.board,
      inTrainingQueue: (requester, work) => this.#queue.run({ requester, studyId }, work),
    });
    this.#withdrawn.delete(studyId);
    this.#runners.set(studyId, runner);
    const run = runner
      .run(this.#signal)
      .then(() => {
        if (this.#signal.aborted) return;
        this.#finished.add(studyId);
        this.#keepRegister(reject);
      })
      .catch((error: unknown) => {
        // The others go on, so that this one's end would be seen only after theirs.
        logFailure(this.#context.log, error, { studyId, work: 'driving a study, which ends here' });
        reject(error);
      })
      .finally(() => {
        this.#runners.delete(studyId);
        if (this.#withdrawn.has(studyId)) this.#wakeup.wake();
        this.#queue.forget(studyId);
        this.#running.delete(run);
      });
    this.#running.add(run);
  }
}
