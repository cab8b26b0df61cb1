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

/** Graphs of one step that differ in their `units` alone, ascending: small batches do not pay for large ones' room. */
export type Rooms = readonly StepGraph[];

export const largestOf = (rooms: Rooms): StepGraph => rooms.at(-1)!;

/** A run's inputs and outputs, for the largest room: smaller ones use the first places. Lanes share the parameters. */
export interface LaneBuffers extends StepArrays {
  readonly sum: Sums;
  readonly squares: Float64Array;
}

export interface Lane {
  readonly buffers: LaneBuffers;
  /** Starts a run of one of the rooms over the buffers. */
  start(room: number): Promise<void>;
  /** Settles when the outputs of the run are there. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

/** Runs rooms over a lane's buffers on the calling thread; each is opened when it is first run. */
export class RoomRunner {
  readonly #rooms: Rooms;
  readonly #buffers: LaneBuffers;
  readonly #threads: number;
  readonly #open = new Map<number, { readonly session: OnnxSession; readonly run: () => Promise<void> }>();

  constructor(rooms: Rooms, buffers: LaneBuffers, { threads }: { readonly threads: number }) {
    this.#rooms = rooms;
    this.#buffers = buffers;
    this.#threads = threads;
  }

  async run(room: number): Promise<void> {
    let opened = this.#open.get(room);
    if (opened === undefined) {
      const graph = this.#rooms[room]!;
      const session = await openSession(graph.bytes, { threads: this.#threads });
      const run = session.prepare(stepInputs(graph, this.#buffers), stepOutputs(graph, this.#buffers));
      opened = { session, run };
      this.#open.set(room, opened);
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
export const createParameters = (rooms: Rooms, allocateWith: Allocate = allocate): Float32Array =>
  new Float32Array(allocateWith(largestOf(rooms).parameterCount * 4));

/** A lane's own arrays, beside those that it is given. */
export function createBuffers(
  rooms: Rooms,
  { parameters, sum }: LaneArrays,
  allocateWith: Allocate = allocate,
): LaneBuffers {
  const graph = largestOf(rooms);
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
export function openLane(rooms: Rooms, arrays: LaneArrays, options: { readonly threads: number }): Lane {
  const buffers = createBuffers(rooms, arrays);
  const runner = new RoomRunner(rooms, buffers, options);
  let next = 0;
  return {
    buffers,
    async start(room) {
      next = room;
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
export function openLanes(rooms: Rooms, count = 1): OpenLanes {
  const parameters = createParameters(rooms);
  const threads = threadsOf(largestOf(rooms), count);
  return {
    parameters,
    lanes: Array.from({ length: count }, () => openLane(rooms, { parameters }, { threads })),
  };
}
