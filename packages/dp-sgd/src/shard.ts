// A shard is the share of a batch that one session of ONNX Runtime sums, by the step graph. Convolutions and pools gain
// little from a second thread within a session, since its threads wait for each other at every node. So the batch of a
// model with much work is divided into two shards. Here they run one after the other on the calling thread; `fast/`
// runs them at the same time.
import {
  type OnnxSession,
  openSession,
  type StepArrays,
  type StepGraph,
  stepInputs,
  stepOutputs,
} from '@consilium/onnx-grad';

/** One value for each parameter, in the `sumType` of the graph. */
export type Sums = Float32Array | Float64Array;

/** Graphs of one step that differ in `units` alone, in ascending order: a small batch takes a small graph. */
export type SizedGraphs = readonly StepGraph[];

export const largestOf = (graphs: SizedGraphs): StepGraph => graphs.at(-1)!;

/** Inputs and outputs of a run, as long as the largest graph needs; smaller graphs use the first values. */
export interface ShardBuffers extends StepArrays {
  readonly sum: Sums;
  readonly squares: Float64Array;
}

export interface Shard {
  readonly buffers: ShardBuffers;
  /** Starts a run of one of the graphs over the buffers. */
  start(graphIndex: number): Promise<void>;
  /** Resolves when the outputs of the run are in the buffers. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

/** Runs graphs over a shard's buffers on the calling thread; each is opened when it is first run. */
export class GraphRunner {
  readonly #graphs: SizedGraphs;
  readonly #buffers: ShardBuffers;
  readonly #threads: number;
  readonly #open = new Map<number, { readonly session: OnnxSession; readonly run: () => Promise<void> }>();

  constructor(graphs: SizedGraphs, buffers: ShardBuffers, { threads }: { readonly threads: number }) {
    this.#graphs = graphs;
    this.#buffers = buffers;
    this.#threads = threads;
  }

  async run(graphIndex: number): Promise<void> {
    let opened = this.#open.get(graphIndex);
    if (opened === undefined) {
      const graph = this.#graphs[graphIndex]!;
      const session = await openSession(graph.bytes, { threads: this.#threads });
      const run = session.prepare(stepInputs(graph, this.#buffers), stepOutputs(graph, this.#buffers));
      opened = { session, run };
      this.#open.set(graphIndex, opened);
    }
    await opened.run();
  }

  async close(): Promise<void> {
    for (const { session } of this.#open.values()) await session.close();
  }
}

type Allocate = (bytes: number) => ArrayBufferLike;
const allocate: Allocate = (bytes) => new ArrayBuffer(bytes);

/** The parameters that all shards read, [parameterCount]. */
export const createParameters = (graphs: SizedGraphs, allocateWith: Allocate = allocate): Float32Array =>
  new Float32Array(allocateWith(largestOf(graphs).parameterCount * 4));

/** The buffers of a shard: the arrays given, and new ones for the rest. */
export function createBuffers(
  graphs: SizedGraphs,
  { parameters, sum }: ShardArrays,
  allocateWith: Allocate = allocate,
): ShardBuffers {
  const graph = largestOf(graphs);
  const { units, rowsPerUnit, features, parameterCount } = graph;
  const rows = units * rowsPerUnit;
  const floats = (count: number) => new Float32Array(allocateWith(count * 4));
  const doubles = (count: number) => new Float64Array(allocateWith(count * 8));
  return {
    x: floats(rows * features),
    y: floats(rows),
    mask: floats(rows),
    rowSquares: doubles(rows),
    parameters,
    ...(graph.takesClipNorm && { clipNorm: doubles(1) }),
    sum: sum ?? (graph.sumType === 'float32' ? floats(parameterCount) : doubles(parameterCount)),
    squares: doubles(units),
  };
}

/** Arrays that a shard is given. */
export interface ShardArrays {
  readonly parameters: Float32Array;
  /** Its own by default. */
  readonly sum?: Float32Array | undefined;
}

/** A shard on the calling thread. The run happens in `finish`. */
export function openShard(
  graphs: SizedGraphs,
  arrays: ShardArrays,
  options: { readonly threads: number },
): Shard {
  const buffers = createBuffers(graphs, arrays);
  const runner = new GraphRunner(graphs, buffers, options);
  let next = 0;
  return {
    buffers,
    async start(graphIndex) {
      next = graphIndex;
    },
    finish: () => runner.run(next),
    close: () => runner.close(),
  };
}

const THREADED_FROM_VALUES = 2 ** 21;

/** Threads within each shard's session: a second one costs small graphs more than it gains. */
export function threadsOf(
  { units, rowsPerUnit, parameterCount }: Pick<StepGraph, 'units' | 'rowsPerUnit' | 'parameterCount'>,
  shards = 1,
): number {
  return shards > 1 || units * rowsPerUnit * parameterCount < THREADED_FROM_VALUES ? 1 : 2;
}

/** The shards that a batch is divided among, and the parameters that they read. */
export interface OpenShards {
  readonly shards: readonly Shard[];
  readonly parameters: Float32Array;
}

/** Shards on the calling thread, which run one after the other. */
export function openShards(graphs: SizedGraphs, count = 1): OpenShards {
  const parameters = createParameters(graphs);
  const threads = threadsOf(largestOf(graphs), count);
  return {
    parameters,
    shards: Array.from({ length: count }, () => openShard(graphs, { parameters }, { threads })),
  };
}
