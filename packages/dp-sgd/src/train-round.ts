// Trains one round in a worker thread, with the operating system's randomness and no other.
import { Worker } from 'node:worker_threads';
import { isOutOfMemory, OUT_OF_MEMORY } from './out-of-memory.ts';
import { checkRound, type RoundInput, type RoundResult } from './round-input.ts';
import type { WorkerMessage, WorkerTask } from './train-round-worker.ts';
import { TrainingInputError } from './training-plan.ts';
import type { StepProgress } from './training-steps.ts';

/** Training failed for a reason outside of the plan and the data. */
export class TrainingFailedError extends Error {
  override readonly name = 'TrainingFailedError';
}

/**
 * Trains one round; `runRound` states the privacy guarantee.
 *
 * Every call draws fresh noise. A caller writes the result to its journal before it sends any of it. After a crash it
 * either sends the same bytes or charges a new release.
 *
 * When the signal fires, the round ends after its current step, and then the promise rejects. Wait for that before the
 * process exits: Node aborts a process that ends while another thread is inside ONNX Runtime.
 *
 * @throws TrainingInputError, OnnxFormatError or UnsupportedModelError for input that cannot be trained.
 * @throws TrainingFailedError where the worker fails, with its cause. Rejects with the signal's reason where it fires.
 */
export async function trainRound(
  input: RoundInput,
  options: {
    readonly onProgress?: (progress: StepProgress) => void;
    readonly signal?: AbortSignal;
  } = {},
): Promise<RoundResult> {
  // Checked on this thread too, so that errors keep their types.
  checkRound(input);
  options.signal?.throwIfAborted();

  const cancelled = new Int32Array(new SharedArrayBuffer(4));
  const cancel = () => Atomics.store(cancelled, 0, 1);
  const workerData: WorkerTask = {
    input: { ...input, parameters: Float64Array.from(input.parameters) },
    cancelled,
  };
  const worker = new Worker(new URL('./train-round-worker.js', import.meta.url), { workerData });
  const { promise, resolve, reject } = Promise.withResolvers<RoundResult>();
  let result: RoundResult | undefined;
  worker.on('message', (message: WorkerMessage) => {
    if (message.kind === 'result') result = message.result;
    else if (message.kind === 'refused') reject(new TrainingInputError(message.reason));
    else options.onProgress?.(message.progress);
  });
  worker.once('error', (cause) => {
    if (isOutOfMemory(cause)) reject(new TrainingInputError(OUT_OF_MEMORY, { cause }));
    else reject(new TrainingFailedError('the training worker failed', { cause }));
  });
  worker.once('exit', (code) => {
    if (result !== undefined) resolve(result);
    else if (Atomics.load(cancelled, 0) !== 0) reject(options.signal?.reason);
    else reject(new TrainingFailedError(`the training worker exited early with code ${code}`));
  });
  options.signal?.addEventListener('abort', cancel, { once: true });
  try {
    return await promise;
  } finally {
    options.signal?.removeEventListener('abort', cancel);
  }
}
