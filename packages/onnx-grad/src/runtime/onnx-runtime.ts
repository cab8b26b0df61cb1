// The one file that imports ONNX Runtime. A session runs on the calling thread and blocks it. So training and scoring
// hold their sessions in worker threads.
import ort from 'onnxruntime-node';

export interface TensorValue {
  readonly type: 'float32' | 'float64' | 'int32';
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Int32Array;
}

export interface OnnxSession {
  /** Runs the graph once; without `outputs`, for all of them. The outputs' arrays belong to the caller. */
  run(
    inputs: Readonly<Record<string, TensorValue>>,
    options?: { readonly outputs?: readonly string[] },
  ): Promise<Record<string, TensorValue>>;
  /**
   * A function that runs the graph over the current contents of the inputs' arrays, and overwrites those of the
   * outputs.
   */
  prepare(
    inputs: Readonly<Record<string, TensorValue>>,
    outputs: Readonly<Record<string, TensorValue>>,
  ): () => Promise<void>;
  close(): Promise<void>;
}

/**
 * A graph whose first output has this name, and is a sequence, is run by `prepare` without copies of its outputs.
 *
 * The binding copies every output into a new array after a run, also those that the run has written into arrays that it
 * was given: of a large model megabytes that nobody reads, a tenth of a step. It converts outputs in their order, and
 * ends with an error at one that is no tensor. `prepare` takes that error, and no other, for the end of a run.
 */
export const COPY_SPARING_OUTPUT = 'noCopies';
const NOT_CONVERTED = 'Non tensor type is temporarily not supported.';

/** ONNX Runtime refused to load or to run a graph. */
export class OnnxRuntimeError extends Error {
  override readonly name = 'OnnxRuntimeError';
}

/**
 * Opens ONNX bytes for running on the CPU.
 *
 * @throws OnnxRuntimeError where the runtime refuses the graph.
 */
export async function openSession(bytes: Uint8Array, options: { threads: number }): Promise<OnnxSession> {
  const session = await ort.InferenceSession.create(bytes, {
    intraOpNumThreads: options.threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    // Threads that wait for work would otherwise keep a core busy long after a run, and from whoever draws noise on it;
    // and within a run from whatever else a busy machine does.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  }).catch((cause: unknown) => {
    throw new OnnxRuntimeError('ONNX Runtime does not load this graph', { cause });
  });
  const sparesCopies = session.outputNames[0] === COPY_SPARING_OUTPUT;
  const outputNames = session.outputNames.filter((name) => name !== COPY_SPARING_OUTPUT);
  const toTensors = (values: Readonly<Record<string, TensorValue>>) =>
    Object.fromEntries(
      Object.entries(values).map(([name, { type, data, shape }]) => [
        name,
        new ort.Tensor(type, data, shape),
      ]),
    );
  const failed = (cause: unknown) => {
    throw new OnnxRuntimeError('ONNX Runtime failed to run this graph', { cause });
  };
  const failedToRun = (cause: unknown) => {
    if (!(sparesCopies && cause instanceof Error && cause.message === NOT_CONVERTED)) failed(cause);
  };
  return {
    async run(inputs, { outputs = outputNames } = {}) {
      const results = await session.run(toTensors(inputs), outputs).catch(failed);
      return Object.fromEntries(
        Object.entries(results).map(([name, { type, data, dims }]) => [
          name,
          { type, data, shape: dims } as TensorValue,
        ]),
      );
    },
    prepare(inputs, outputs) {
      const feeds = toTensors(inputs);
      const fetches = { ...(sparesCopies && { [COPY_SPARING_OUTPUT]: null }), ...toTensors(outputs) };
      return async () => {
        await session.run(feeds, fetches).catch(failedToRun);
      };
    },
    close: () => session.release(),
  };
}
