// Reads the hospital's files for this service: one at a time, in a thread of its own that is ended when it takes too
// long or too much, so that a file can neither hold up nor bring down what else the trainer does.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import type { Dictionary } from '@consilium/domain';
import { TrainerError } from '../errors.ts';
import { DataFolders, type OpenFile } from './data-folders.ts';
import { type DataAnswer, type DataTask, HEAP_LIMITS, memoryForReading } from './data-task.ts';
import { FileDigests, stateOf } from './file-digests.ts';
import type { PeopleWish } from './find-people.ts';
import { DataError, type Dataset, divideDataset } from './index.ts';
import { PreparedUnits, type StudyUnits, sidesOf, type UnitsWish, unitsKey } from './prepared-units.ts';

export interface DataFilesOptions {
  /** The data folders; nothing is read where there is none. */
  readonly folders: readonly string[];
  readonly timeoutMs?: number;
  /** Bytes that what is read of a file may take; half of the machine's or the control group's where absent. */
  readonly memoryBytes?: number;
  /** Bytes of the temporary folder that sorting may take; half of what is free there where absent. */
  readonly diskBytes?: number;
  /** Bytes of studies' units that are kept for their next rounds; none for 0. An eighth of the memory where absent. */
  readonly keptBytes?: number;
  /** The clock of the files' times; the machine's where absent. */
  readonly nowMs?: () => number;
  readonly signal?: AbortSignal;
  /** Reads without a thread of its own, for tests of something else: starting one takes longer than their files. */
  readonly answer?: (task: DataTask) => Promise<DataAnswer>;
}

interface WantedFile {
  /** Of a file in the data folders, or of a copy that this trainer keeps in its own. */
  readonly path: string;
  readonly isKept?: boolean;
  readonly dictionary: Dictionary;
  /** Whether rows are encoded for a model. */
  readonly encode?: boolean;
  /** Under which the dataset is committed to, where it is. */
  readonly salt?: Uint8Array;
  /** Whose patients they are. */
  readonly people?: PeopleWish;
}

/** On a slow machine; and so many more for each byte of the file, which is four megabytes a second. */
const TIMEOUT_MS = 10 * 60_000;
const MS_PER_BYTE = 1 / 4000;
/** Of a file that is copied, at a time. */
const COPIED_BYTES = 2 ** 22;
/** What a thread is kept for. */
const SMALL_BYTES = 2 ** 24;
/** Of units that are kept, however large the machine. */
const KEPT_BYTES_MAX = 2 ** 30;
/** Reads for people that may wait for their turn. */
const WAITING_MAX = 32;

export class DataFiles {
  readonly #folders: DataFolders;
  readonly #options: DataFilesOptions;
  /** What begins each of the reads that wait. */
  readonly #forStudies: (() => void)[] = [];
  readonly #asked: (() => void)[] = [];
  #busy = false;
  readonly #prepared: PreparedUnits;
  readonly #digests: FileDigests;
  /** How often all of them were let go of. */
  #lettingsGo = 0;
  /** The thread that read the last small file: starting one takes longer than reading most. */
  #kept: Worker | undefined;

  constructor(options: DataFilesOptions) {
    this.#folders = new DataFolders(options.folders);
    this.#options = options;
    const { memoryBytes = memoryForReading(), keptBytes = Math.min(KEPT_BYTES_MAX, memoryBytes / 8) } =
      options;
    this.#prepared = new PreparedUnits(keptBytes);
    this.#digests = new FileDigests(options.nowMs);
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

  /**
   * A study's units of a file: before all that wait for somebody who asks, however many they are.
   *
   * They are those that were read for an earlier round, where the file has the same bytes and everything else that they
   * follow from is the same; otherwise the file is read. Nobody may change them.
   *
   * @throws as `read`
   */
  async unitsForStudy(wanted: Omit<WantedFile, 'encode'> & UnitsWish): Promise<StudyUnits> {
    const lettingsGo = this.#lettingsGo;
    return this.#inTurn(this.#forStudies, () =>
      this.#withFile(wanted, (file) => this.#units(file, { ...wanted, lettingsGo })),
    );
  }

  /** Lets go of all units that are kept for studies' next rounds, and keeps none that were asked for until now. */
  letGoOfUnits(): void {
    this.#lettingsGo++;
    this.#prepared.letGo();
  }

  async #units(
    file: OpenFile,
    wanted: Omit<WantedFile, 'encode'> & UnitsWish & { readonly lettingsGo: number },
  ): Promise<StudyUnits> {
    const { path: name, blocks, unit } = wanted;
    // Rows take about what the file does; what is not kept need not be recognised.
    const isKept = file.sizeBytes <= this.#prepared.bytesMax;
    const sha256 = isKept ? await this.#digest(file) : undefined;
    const key = sha256 === undefined ? undefined : unitsKey(wanted, { sha256, name });
    const before = key === undefined ? undefined : this.#prepared.get(key);
    if (before !== undefined) return before;
    // A large file may take all the memory that there is for reading.
    if (file.sizeBytes > SMALL_BYTES) this.#prepared.letGo();
    const state = await stateOf(file.handle);
    const dataset = await this.#readApart(file, { ...wanted, encode: true });
    const isUntouched = (await stateOf(file.handle)) === state;
    const units = {
      commitment: dataset.commitment,
      ...divideDataset(dataset, { flags: sidesOf(dataset, blocks), unit }),
    };
    // What was read is what the digest is of only if the file did not change meanwhile, nor changed back.
    const isSame =
      key !== undefined && isUntouched && (await this.#digest(file, { isRead: true })) === sha256;
    if (isSame && wanted.lettingsGo === this.#lettingsGo) this.#prepared.keep(key, units);
    return units;
  }

  #digest(
    { handle, sizeBytes }: OpenFile,
    { isRead = false }: { readonly isRead?: boolean } = {},
  ): Promise<string> {
    return this.#digests.of(handle, { sizeBytes, isRead, signal: this.#options.signal });
  }

  /**
   * Copies a file of the data folders, for somebody who asks. The copy is nobody else's to read.
   *
   * @param admit as `read` calls it
   * @throws as `read`, and what the disk says
   */
  async keep(
    { path, copy }: { readonly path: string; readonly copy: string },
    admit: (identity: string) => void = () => {},
  ): Promise<void> {
    if (this.#asked.length >= WAITING_MAX) throw new TrainerError('TRAINER_BUSY');
    await this.#inTurn(this.#asked, async () => {
      this.#options.signal?.throwIfAborted();
      const { handle, sizeBytes, identity } = await this.#folders.open(path);
      try {
        admit(identity);
        const target = await open(copy, 'wx', 0o600);
        try {
          const buffer = new Uint8Array(COPIED_BYTES);
          for (let done = 0; done < sizeBytes; ) {
            this.#options.signal?.throwIfAborted();
            const { bytesRead } = await handle.read(
              buffer,
              0,
              Math.min(buffer.length, sizeBytes - done),
              done,
            );
            if (bytesRead === 0) break;
            await target.writeFile(buffer.subarray(0, bytesRead));
            done += bytesRead;
          }
          await target.sync();
        } finally {
          await target.close();
        }
      } finally {
        await handle.close();
      }
    });
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
    return this.#withFile(wanted, async (file) => {
      admit(file.identity);
      return this.#readApart(file, wanted);
    });
  }

  async #withFile<T>(
    { path, isKept }: Pick<WantedFile, 'path' | 'isKept'>,
    work: (file: OpenFile) => Promise<T>,
  ): Promise<T> {
    this.#options.signal?.throwIfAborted();
    const file = isKept === true ? await openKept(path) : await this.#folders.open(path);
    try {
      return await work(file);
    } finally {
      await file.handle.close();
    }
  }

  async #readApart({ handle, sizeBytes }: OpenFile, wanted: WantedFile): Promise<Dataset> {
    const { path: name, dictionary, encode, salt, people } = wanted;
    const { memoryBytes = memoryForReading(), diskBytes } = this.#options;
    const task = {
      ...{ descriptor: handle.fd, sizeBytes, name },
      ...{ dictionary, encode, salt, people, memoryBytes, diskBytes },
    };
    const answer = await (this.#options.answer ?? ((asked) => this.#answerApart(asked)))(task);
    if ('dataset' in answer) return answer.dataset;
    if ('damaged' in answer) {
      throw new TrainerError(
        'TRAINER_JOURNAL_DAMAGED',
        `${answer.damaged} is not what this trainer wrote: stop it and restore the newest copy of CONSILIUM_DATA_DIR`,
      );
    }
    throw new DataError(answer.problems, { total: answer.total });
  }

  async #answerApart(task: DataTask): Promise<DataAnswer> {
    const isSmall = task.sizeBytes <= SMALL_BYTES;
    const worker = (isSmall ? this.#kept : undefined) ?? this.#start();
    this.#kept = undefined;
    let answered = false;
    try {
      const answer = await this.#ask(worker, task);
      answered = true;
      return answer;
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

/** A copy in the trainer's own folder. @throws TrainerError TRAINER_DATASET_CHANGED where it is not there */
async function openKept(path: string): Promise<OpenFile> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    const { size, dev, ino } = await handle.stat();
    return { handle, sizeBytes: size, identity: `${dev}:${ino}` };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new TrainerError('TRAINER_DATASET_CHANGED', 'the copy that this trainer kept of the file is gone', {
      cause,
    });
  }
}
