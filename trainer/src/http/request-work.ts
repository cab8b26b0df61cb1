// What people may make this trainer compute: one request at a time, in a thread of its own with limits of memory and
// time, so that none holds up or brings down the rounds of studies.
import { Worker } from 'node:worker_threads';
import type { Dictionary } from '@consilium/domain';
import type { ForwardModelDescription, ModelProblem } from '@consilium/onnx-grad';
import { DataError, type DataProblem } from '../data/data-problem.ts';
import type { PredictionRows } from '../data/encode-rows.ts';
import { TrainerError } from '../errors.ts';

interface RowsTask {
  readonly rows: PredictionRows;
  readonly dictionary: Dictionary;
}
interface ModelTask {
  readonly model: ForwardModelDescription;
}
export type RequestTask = RowsTask | ModelTask;

interface NewGraph {
  readonly graph: Uint8Array;
  readonly parameters: number;
}
export type RequestAnswer =
  | { readonly inputs: Float32Array }
  | NewGraph
  | { readonly problems: readonly DataProblem[]; readonly total: number }
  | {
      readonly unsupported: {
        readonly message: string;
        readonly problems: readonly ModelProblem[];
        readonly total: number;
      };
    };

export interface RequestWorkOptions {
  readonly timeoutMs?: number;
  readonly heapMib?: number;
  readonly waitingMax?: number;
  readonly signal?: AbortSignal;
}

/** As long as the gateway waits for an answer. */
const TIMEOUT_MS = 120_000;
/** For 100 000 rows as texts, cells and encoded values. */
const HEAP_MIB = 1024;
const WAITING_MAX = 8;

export class RequestWork {
  readonly #options: RequestWorkOptions;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: RequestWorkOptions = {}) {
    this.#options = options;
  }

  /**
   * Inputs of a model, [rows · inputs].
   *
   * @throws DataError with the problems of every row; TrainerError TRAINER_INPUT_INVALID where it takes too long or too
   * much, TRAINER_BUSY, TRAINER_STOPPING
   */
  async encode(rows: PredictionRows, dictionary: Dictionary): Promise<Float32Array> {
    const answer = await this.#inTurn({ rows, dictionary });
    if ('inputs' in answer) return answer.inputs;
    throw refusalOf(answer);
  }

  /** A new forward graph. @throws TrainerError as `encode`, and for more parameters than can be trained */
  async build(model: ForwardModelDescription): Promise<NewGraph> {
    const answer = await this.#inTurn({ model });
    if ('graph' in answer) return answer;
    throw refusalOf(answer);
  }

  async #inTurn(task: RequestTask): Promise<RequestAnswer> {
    const { waitingMax = WAITING_MAX } = this.#options;
    if (this.#waiting >= waitingMax) throw new TrainerError('TRAINER_BUSY');
    this.#waiting += 1;
    const turn = this.#last.then(() => this.#apart(task));
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting -= 1;
    }
  }

  async #apart(workerData: RequestTask): Promise<RequestAnswer> {
    const { timeoutMs = TIMEOUT_MS, heapMib = HEAP_MIB, signal } = this.#options;
    signal?.throwIfAborted();
    const worker = new Worker(new URL('./request-worker.js', import.meta.url), {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: heapMib, maxYoungGenerationSizeMb: 64 },
      // Nothing of a request leaves the thread but its answer.
      stdout: true,
      stderr: true,
    });
    const { promise, resolve, reject } = Promise.withResolvers<RequestAnswer>();
    const tooMuch = () =>
      reject(
        new TrainerError(
          'TRAINER_INPUT_INVALID',
          'it takes more time or memory than this trainer gives a request: send fewer rows, or take a smaller model',
        ),
      );
    const stopping = () => reject(new TrainerError('TRAINER_STOPPING'));
    const timer = setTimeout(tooMuch, timeoutMs);
    signal?.addEventListener('abort', stopping);
    worker.once('message', resolve);
    worker.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? tooMuch() : reject(error),
    );
    worker.once('exit', tooMuch);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stopping);
      await worker.terminate();
    }
  }
}

function refusalOf(answer: RequestAnswer): Error {
  if ('problems' in answer) return new DataError(answer.problems, { total: answer.total });
  if (!('unsupported' in answer)) {
    return new TrainerError('TRAINER_INPUT_INVALID', 'the thread answered something else');
  }
  return new TrainerError('TRAINER_INPUT_INVALID', answer.unsupported.message, answer.unsupported);
}
