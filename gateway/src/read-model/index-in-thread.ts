// The verified history of the channel, kept up by a thread of its own and read here. Where the thread ends unasked it
// is started again: what it finds damaged it makes again.
import { Worker } from 'node:worker_threads';
import { problemWithRemedy } from '@consilium/guarded-rows';
import type { Limits } from '../config.ts';
import { type Connection, withClients } from '../fabric/connection.ts';
import { GatewayRefusal } from '../gateway-errors.ts';
import type { FollowerStatus } from './block-follower.ts';
import type { CheckedBlocks } from './checked-blocks.ts';
import { type FoundAlarm, LedgerAlarms } from './ledger-alarms.ts';
import type { HistorySource, LedgerHistory } from './ledger-history.ts';
import { IndexReader } from './ledger-index.ts';
import { indexFile } from './open-index.ts';

/** What the thread is given. */
export interface IndexTask {
  readonly directory: string;
  readonly connection: Connection;
  readonly chaincode: string;
  readonly genesis: string | undefined;
  readonly limits: Limits;
}

type Clients = Connection['organisation']['clients'];

/** What it is given later. */
export type ThreadOrder =
  | { readonly kind: 'end' }
  /** To look at all rows of the index again. */
  | { readonly kind: 'check' }
  | { readonly kind: 'alarm'; readonly alarm: FoundAlarm }
  | { readonly kind: 'clients'; readonly clients: Clients };

export type ThreadMessage =
  | { readonly kind: 'open' }
  /** The file was changed while it was used; the thread ends, and what comes next makes it again. */
  | { readonly kind: 'damage'; readonly text: string }
  | { readonly kind: 'status'; readonly status: FollowerStatus }
  | { readonly kind: 'line'; readonly level: 'info' | 'warn' | 'error'; readonly text: string };

/** What became of the history, for those who watch over the gateway. */
export interface WatchedHistory extends HistorySource {
  /** Undefined where none is kept up, or it is only beginning. */
  readonly status: FollowerStatus | undefined;
  /** The blocks that were checked; undefined where there are none yet, or not any more. */
  readonly blocks: CheckedBlocks | undefined;
  /** What is wrong with the file of the index, until it is made again; undefined where nothing is. */
  readonly damage?: string | undefined;
  /** Has the file looked at again, where something that was made of it did not hold. */
  checkAgain?(): void;
  /** Takes what was found wrong with the ledger elsewhere. Where it stops, nothing more is indexed. */
  raise(alarm: FoundAlarm): void;
  close(): Promise<void>;
}

export interface IndexInThreadOptions extends IndexTask {
  readonly log: (level: 'info' | 'warn' | 'error', text: string) => void;
  /** Another program for the thread, and less patience with its end, in tests. */
  readonly thread?: URL;
  readonly endWithinMs?: number;
}

const THREAD = new URL('./index-thread.js', import.meta.url);
/**
 * What a thread that follows needs to end by itself many times over. The check of a large file at its start, which does
 * not hear of it, is cut off then, and made again at the next start.
 */
const END_WITHIN_MS = 5_000;
/** A thread that ends at once must not be started all the time. */
const RESTART_MS = 10_000;

export class IndexInThread implements WatchedHistory {
  readonly #options: IndexInThreadOptions;
  #connection: Connection;
  #worker: Worker | undefined;
  #reader: IndexReader | undefined;
  #status: FollowerStatus | undefined;
  #restarting: NodeJS.Timeout | undefined;
  #isClosed = false;
  #damage: string | undefined;

  constructor(options: IndexInThreadOptions) {
    this.#options = options;
    this.#connection = options.connection;
    this.#start();
  }

  /** Asks peers with these certificates and keys from now on. */
  takeClients(clients: Clients): void {
    this.#connection = withClients(this.#connection, clients);
    this.#worker?.postMessage({ kind: 'clients', clients } satisfies ThreadOrder);
  }

  get status(): FollowerStatus | undefined {
    return this.#status;
  }

  get damage(): string | undefined {
    return this.#damage;
  }

  checkAgain(): void {
    this.#worker?.postMessage({ kind: 'check' } satisfies ThreadOrder);
  }

  get blocks(): CheckedBlocks | undefined {
    return this.#reader?.blocks;
  }

  /** One thread writes alarms: this one where the other has ended. */
  raise(alarm: FoundAlarm): void {
    if (this.#worker !== undefined) {
      this.#worker.postMessage({ kind: 'alarm', alarm } satisfies ThreadOrder);
      return;
    }
    const { log, directory } = this.#options;
    const alarms = new LedgerAlarms(directory);
    log('error', `${alarm.text}. When you know why, remove ${alarms.file} and start the gateway again`);
    alarms.raise({ ...alarm, since: new Date().toISOString() });
    if (this.#status !== undefined) this.#status = { ...this.#status, alarms: alarms.all() };
  }

  read<T>(work: (history: LedgerHistory) => T): T {
    if (this.#reader === undefined) throw new GatewayRefusal('HISTORY_UNAVAILABLE');
    return this.#reader.read((history) => {
      if (history.edge().blocks === 0) throw new GatewayRefusal('HISTORY_UNAVAILABLE');
      return work(history);
    });
  }

  /**
   * Resolves when the thread has ended, with all that it committed on disk: by itself, or cut off at the next statement
   * where it does not hear of it in time.
   */
  async close(): Promise<void> {
    const { log, endWithinMs = END_WITHIN_MS } = this.#options;
    this.#isClosed = true;
    clearTimeout(this.#restarting);
    const worker = this.#worker;
    if (worker !== undefined) {
      const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
      worker.postMessage({ kind: 'end' } satisfies ThreadOrder);
      const late = setTimeout(() => {
        log('info', 'the index of the ledger is still being checked: it is checked again at the next start');
        void worker.terminate();
      }, endWithinMs);
      await ended;
      clearTimeout(late);
    }
    this.#reader?.close();
    this.#reader = undefined;
  }

  #start(): void {
    const { log, thread = THREAD, endWithinMs: _, ...task } = this.#options;
    const workerData = { ...task, connection: this.#connection } satisfies IndexTask;
    const worker = new Worker(thread, { workerData });
    this.#worker = worker;
    worker.on('message', (message: ThreadMessage) => this.#take(message));
    worker.on('error', (error) => {
      log('error', `the index of the ledger failed: ${problemWithRemedy(error)}`);
      this.#damage = 'the index of the ledger cannot be used: the log says why, and it is tried again';
    });
    worker.once('exit', () => this.#ended());
  }

  #take(message: ThreadMessage): void {
    const { log } = this.#options;
    if (message.kind === 'line') log(message.level, message.text);
    else if (message.kind === 'status') {
      this.#status = message.status;
      if (message.status.state === 'following') this.#damage = undefined;
    } else if (message.kind === 'damage') {
      log('error', `the index of the ledger was changed while it was used: ${message.text}`);
      this.#damage =
        'the index of the ledger was changed while it was used, and is made again from the blocks: the log says where';
      this.#reader?.close();
      this.#reader = undefined;
    } else if (!this.#isClosed) {
      this.#reader?.close();
      this.#reader = undefined;
      this.#open();
    }
  }

  /** What cannot be read is begun again with a new thread: the gateway goes on without it meanwhile. */
  #open(): void {
    const { directory, chaincode, log } = this.#options;
    try {
      this.#reader = new IndexReader(indexFile(directory), chaincode);
    } catch (error) {
      log('error', `the index of the ledger cannot be read: ${problemWithRemedy(error)}`);
      void this.#worker?.terminate();
    }
  }

  /** Stopped by an alarm it stays ended, and what was verified before can still be read. */
  #ended(): void {
    this.#worker = undefined;
    if (this.#isClosed || this.#status?.state === 'stopped') return;
    this.#reader?.close();
    this.#reader = undefined;
    this.#status = undefined;
    const waitMs = this.#damage === undefined ? RESTART_MS : 0;
    this.#restarting = setTimeout(() => this.#start(), waitMs).unref();
  }
}
