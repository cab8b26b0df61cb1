// A lane runs the step graph over its part of a batch. ONNX Runtime's convolutions and pools gain little from a
// second thread, and the threads of one session wait for each other at every node. So the batch of a model with much
// work is divided among two lanes. Here they run one after the other on the calling thread; `fast/` runs them at once.
import {
  type OnnxSession,
  openSession,
  type StepArrays,
  type StepGraph,
  stepInputs,
  stepOutputs,
} from '@consilium/onnx-grad';

/** One value for each parameter; double, but float where the graph says so. */
export type Sums = Float32Array | Float64Array;

/** Graphs of one step that differ in their `units` alone, ascending: small batches take a small one. */
export type SizedGraphs = readonly StepGraph[];

export const largestOf = (graphs: SizedGraphs): StepGraph => graphs.at(-1)!;

/** A run's inputs and outputs, for the largest graph: smaller ones use the first values. Lanes share the parameters. */
export interface LaneBuffers extends StepArrays {
  readonly sum: Sums;
  readonly squares: Float64Array;
}

export interface Lane {
  readonly buffers: LaneBuffers;
  /** Starts a run of one of the graphs over the buffers. */
  start(graphIndex: number): Promise<void>;
  /** Settles when the outputs of the run are there. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

/** Runs graphs over a lane's buffers on the calling thread; each is opened when it is first run. */
export class GraphRunner {
  readonly #graphs: SizedGraphs;
  readonly #buffers: LaneBuffers;
  readonly #threads: number;
  readonly #open = new Map<number, { readonly session: OnnxSession; readonly run: () => Promise<void> }>();

  constructor(graphs: SizedGraphs, buffers: LaneBuffers, { threads }: { readonly threads: number }) {
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

/** The parameters that all lanes read, [parameterCount]. */
export const createParameters = (graphs: SizedGraphs, allocateWith: Allocate = allocate): Float32Array =>
  new Float32Array(allocateWith(largestOf(graphs).parameterCount * 4));

/** A lane's own arrays, beside those that it is given. */
export function createBuffers(
  graphs: SizedGraphs,
  { parameters, sum }: LaneArrays,
  allocateWith: Allocate = allocate,
): LaneBuffers {
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

/** Arrays that a lane is given. */
export interface LaneArrays {
  readonly parameters: Float32Array;
  /** Its own by default. */
  readonly sum?: Float32Array | undefined;
}

/** A lane on the calling thread: it runs where it is to finish. */
export function openLane(
  graphs: SizedGraphs,
  arrays: LaneArrays,
  options: { readonly threads: number },
): Lane {
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

/** Threads of each lane's session: small graphs lose more to a second one than they gain. */
export function threadsOf(
  { units, rowsPerUnit, parameterCount }: Pick<StepGraph, 'units' | 'rowsPerUnit' | 'parameterCount'>,
  lanes = 1,
): number {
  return lanes > 1 || units * rowsPerUnit * parameterCount < THREADED_FROM_VALUES ? 1 : 2;
}

/** The lanes that a batch is divided among, and the parameters that they read. */
export interface OpenLanes {
  readonly lanes: readonly Lane[];
  readonly parameters: Float32Array;
}

/** Lanes on the calling thread, which run one after the other. */
export function openLanes(graphs: SizedGraphs, count = 1): OpenLanes {
  const parameters = createParameters(graphs);
  const threads = threadsOf(largestOf(graphs), count);
  return {
    parameters,
    lanes: Array.from({ length: count }, () => openLane(graphs, { parameters }, { threads })),
  };
}
