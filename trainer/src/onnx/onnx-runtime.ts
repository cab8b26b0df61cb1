// The one file that knows ONNX Runtime. A session runs on the thread that calls it and blocks it; training and
// scoring therefore hold their sessions in worker threads.
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
  /** A function that runs the graph over what the inputs' arrays hold at the time, and overwrites the outputs'. */
  prepare(
    inputs: Readonly<Record<string, TensorValue>>,
    outputs: Readonly<Record<string, TensorValue>>,
  ): () => Promise<void>;
  close(): Promise<void>;
}

/** ONNX Runtime would not load or run a graph. */
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
  return {
    async run(inputs, { outputs = session.outputNames } = {}) {
      const results = await session.run(toTensors(inputs), outputs).catch(failed);
      return Object.fromEntries(
        Object.entries(results).map(([name, { type, data, dims }]) => [
          name,
          { type, data, shape: dims } as TensorValue,
        ]),
      );
    },
    prepare(inputs, outputs) {
      const [feeds, fetches] = [toTensors(inputs), toTensors(outputs)];
      return async () => {
        await session.run(feeds, fetches).catch(failed);
      };
    },
    close: () => session.release(),
  };
}
