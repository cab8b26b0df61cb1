// Reads the hospital's files for this service: one at a time, in a thread of its own that is ended when it takes too
// long or too much, so that a file can neither hold up nor bring down what else the trainer does.
import { Worker } from 'node:worker_threads';
import type { Dictionary } from '@consilium/domain';
import { TrainerError } from '../errors.ts';
import { DataFolders, type OpenFile } from './data-folders.ts';
import { type DataAnswer, type DataTask, HEAP_LIMITS, memoryForReading } from './data-task.ts';
import { DataError, type Dataset } from './index.ts';

export interface DataFilesOptions {
  /** The data folders; nothing is read where there is none. */
  readonly folders: readonly string[];
  readonly timeoutMs?: number;
  /** Bytes that what is read of a file may take; half of the machine's or the control group's where absent. */
  readonly memoryBytes?: number;
  /** Bytes of the temporary folder that sorting may take; half of what is free there where absent. */
  readonly diskBytes?: number;
  readonly signal?: AbortSignal;
}

interface WantedFile {
  readonly path: string;
  readonly dictionary: Dictionary;
  /** Whether rows are encoded for a model. */
  readonly encode?: boolean;
  /** Under which the dataset is committed to, where it is. */
  readonly salt?: Uint8Array;
}

/** On a slow machine; and so many more for each byte of the file, which is four megabytes a second. */
const TIMEOUT_MS = 10 * 60_000;
const MS_PER_BYTE = 1 / 4000;
/** What a thread is kept for. */
const SMALL_BYTES = 2 ** 24;
/** Reads for people that may wait for their turn. */
const WAITING_MAX = 32;

export class DataFiles {
  readonly #folders: DataFolders;
  readonly #options: DataFilesOptions;
  /** What begins each of the reads that wait. */
  readonly #forStudies: (() => void)[] = [];
  readonly #asked: (() => void)[] = [];
  #busy = false;
  /** The thread that read the last small file: starting one takes longer than reading most. */
  #kept: Worker | undefined;

  constructor(options: DataFilesOptions) {
    this.#folders = new DataFolders(options.folders);
    this.#options = options;
  }

  /**
   * A file's patients by a dictionary, for somebody who asks.
   *
   * @param admit called with the opened file's identity before it is read; what it throws ends the read
   * @throws TrainerError TRAINER_PATH_REFUSED, TRAINER_DATASET_TOO_EXPENSIVE, TRAINER_BUSY, TRAINER_STOPPING;
   * DataError with every problem of the file
   */
  async read(file: WantedFile, admit: (identity: string) => void = () => {}): Promise<Dataset> {
    if (this.#asked.length >= WAITING_MAX) throw new TrainerError('TRAINER_BUSY');
    return this.#inTurn(this.#asked, () => this.#read(file, admit));
  }

  /** The same for a study: before all that wait for somebody who asks, however many they are. @throws as `read` */
  async readForStudy(file: WantedFile): Promise<Dataset> {
    return this.#inTurn(this.#forStudies, () => this.#read(file, () => {}));
  }

  async #inTurn<T>(waiting: (() => void)[], work: () => Promise<T>): Promise<T> {
    const { promise: turn, resolve: begin } = Promise.withResolvers<void>();
    waiting.push(begin);
    if (!this.#busy) this.#next();
    await turn;
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  #next(): void {
    const begin = this.#forStudies.shift() ?? this.#asked.shift();
    this.#busy = begin !== undefined;
    begin?.();
  }

  async #read(wanted: WantedFile, admit: (identity: string) => void): Promise<Dataset> {
    this.#options.signal?.throwIfAborted();
    const file = await this.#folders.open(wanted.path);
    try {
      admit(file.identity);
      return await this.#readApart(file, wanted);
    } finally {
      await file.handle.close();
    }
  }

  async #readApart({ handle, sizeBytes }: OpenFile, wanted: WantedFile): Promise<Dataset> {
    const { path: name, dictionary, encode, salt } = wanted;
    const { memoryBytes = memoryForReading(), diskBytes } = this.#options;
    const isSmall = sizeBytes <= SMALL_BYTES;
    const worker = (isSmall ? this.#kept : undefined) ?? this.#start();
    this.#kept = undefined;
    let answered = false;
    try {
      const answer = await this.#ask(worker, {
        ...{ descriptor: handle.fd, sizeBytes, name },
        ...{ dictionary, encode, salt, memoryBytes, diskBytes },
      });
      answered = true;
      if ('dataset' in answer) return answer.dataset;
      throw new DataError(answer.problems, { total: answer.total });
    } finally {
      if (answered && isSmall) {
        worker.unref();
        this.#kept = worker;
      } else {
        // The descriptor is closed once nothing reads it any more.
        await worker.terminate();
      }
    }
  }

  async #ask(worker: Worker, task: DataTask): Promise<DataAnswer> {
    const { timeoutMs = TIMEOUT_MS + task.sizeBytes * MS_PER_BYTE } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<DataAnswer>();
    const tooMuch = () => reject(new TrainerError('TRAINER_DATASET_TOO_EXPENSIVE'));
    const failed = (error: NodeJS.ErrnoException) =>
      error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? tooMuch() : reject(error);
    const stopping = () => reject(new TrainerError('TRAINER_STOPPING'));
    const timer = setTimeout(tooMuch, timeoutMs);
    this.#options.signal?.addEventListener('abort', stopping);
    worker.once('message', resolve).once('error', failed).once('exit', tooMuch);
    worker.ref();
    worker.postMessage(task);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#options.signal?.removeEventListener('abort', stopping);
      worker
        .removeListener('message', resolve)
        .removeListener('error', failed)
        .removeListener('exit', tooMuch);
    }
  }

  #start(): Worker {
    const worker = new Worker(new URL('./data-worker.js', import.meta.url), {
      resourceLimits: HEAP_LIMITS,
      // Nothing of a file leaves the thread but its answer.
      stdout: true,
      stderr: true,
    });
    // One that fails while it waits ends, and is not asked again.
    worker.on('error', () => undefined);
    worker.once('exit', () => {
      if (this.#kept === worker) this.#kept = undefined;
    });
    return worker;
  }
}
