// The one file that imports ONNX Runtime. A session runs on the calling thread and blocks it. So training and scoring
// hold their sessions in worker threads.
import './no-telemetry.ts';
import ort from 'onnxruntime-node';
import {
  COPY_SPARING_OUTPUT,
  type GivenArrays,
  isNotConverted,
  probeGivenArrays,
  probeGraph,
} from './given-arrays.ts';

/** A tensor: type, shape, and its values in row-major order. */
export interface TensorValue {
  readonly type: 'float32' | 'float64' | 'int32';
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Int32Array;
}

/** A graph that ONNX Runtime has loaded. It runs on the calling thread, and blocks it. */
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

/** ONNX Runtime refused to load or to run a graph. */
export class OnnxRuntimeError extends Error {
  override readonly name = 'OnnxRuntimeError';
}

const toTensors = (values: Readonly<Record<string, TensorValue>>) =>
  Object.fromEntries(
    Object.entries(values).map(([name, { type, data, shape }]) => [name, new ort.Tensor(type, data, shape)]),
  );

const createSession = (bytes: Uint8Array, { threads }: { readonly threads: number }) =>
  ort.InferenceSession.create(bytes, {
    intraOpNumThreads: threads,
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

const failed = (cause: unknown): never => {
  throw new OnnxRuntimeError('ONNX Runtime failed to run this graph', { cause });
};

/** For a binding that answers with arrays of its own. */
function copyResults(
  results: Readonly<Record<string, { readonly data: unknown }>>,
  outputs: Readonly<Record<string, TensorValue>>,
): void {
  for (const [name, { data }] of Object.entries(outputs)) {
    const result = results[name]?.data as TensorValue['data'] | undefined;
    if (result === undefined || result.length !== data.length) {
      throw new OnnxRuntimeError(`ONNX Runtime gave ${result?.length} values of ${name}, not ${data.length}`);
    }
    if (result !== data) data.set(result);
  }
}

let givenArrays: Promise<GivenArrays> | undefined;

/** What the probe found, which runs once in each thread. */
function treatmentOfGivenArrays(): Promise<GivenArrays> {
  givenArrays ??= (async () => {
    const session = await createSession(probeGraph(), { threads: 1 });
    const column = (type: 'float32' | 'float64', data: Float32Array | Float64Array): TensorValue => ({
      ...{ type, data, shape: [data.length] },
    });
    const found = await probeGivenArrays(({ x, twice, wide }, { withSequence }) => {
      const feeds = toTensors({ x: column('float32', x) });
      const outputs = toTensors({ twice: column('float32', twice), wide: column('float64', wide) });
      const fetches = { ...(withSequence && { [COPY_SPARING_OUTPUT]: null }), ...outputs };
      return async () => {
        const results = await session.run(feeds, fetches);
        return {
          twice: results.twice!.data as Float32Array,
          wide: results.wide!.data as Float64Array,
        };
      };
    }).catch(failed);
    await session.release();
    return found;
  })();
  return givenArrays;
}

/**
 * Opens ONNX bytes for running on the CPU.
 *
 * @throws OnnxRuntimeError where the runtime refuses the graph.
 */
export async function openSession(bytes: Uint8Array, options: { threads: number }): Promise<OnnxSession> {
  const session = await createSession(bytes, options);
  const { areWritten, endWithSentence } = await treatmentOfGivenArrays();
  const sparesCopies = endWithSentence && session.outputNames[0] === COPY_SPARING_OUTPUT;
  const outputNames = session.outputNames.filter((name) => name !== COPY_SPARING_OUTPUT);
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
        const results = await session
          .run(feeds, fetches)
          .catch((cause: unknown) => (sparesCopies && isNotConverted(cause) ? undefined : failed(cause)));
        if (results !== undefined && (sparesCopies || !areWritten)) copyResults(results, outputs);
      };
    },
    close: () => session.release(),
  };
}

/** Numbers or texts, in the order of the rows. */
export type ColumnValues = Float64Array | readonly string[];

/**
 * Runs a graph that takes a table's columns by their names, each [rows], such as `withRawInputs` writes; the outputs'
 * entries, row by row.
 *
 * @throws OnnxRuntimeError where the runtime refuses the graph or a column's type
 */
export async function runColumns(
  bytes: Uint8Array,
  columns: Readonly<Record<string, ColumnValues>>,
): Promise<Record<string, ArrayLike<number> | readonly string[]>> {
  const failed = (cause: unknown) => {
    throw new OnnxRuntimeError('ONNX Runtime does not run this graph on these columns', { cause });
  };
  const session = await ort.InferenceSession.create(bytes, {
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  }).catch(failed);
  try {
    const feeds = Object.entries(columns).map(([name, values]) => [
      name,
      values instanceof Float64Array
        ? new ort.Tensor('float64', values, [values.length])
        : new ort.Tensor('string', [...values], [values.length]),
    ]);
    const results = await session.run(Object.fromEntries(feeds)).catch(failed);
    return Object.fromEntries(
      Object.entries(results).map(([name, { data }]) => [name, data as Float32Array | string[]]),
    );
  } finally {
    await session.release();
  }
}
