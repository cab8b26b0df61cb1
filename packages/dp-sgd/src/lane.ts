// A lane runs the step graph over one part of a batch. ONNX Runtime's convolutions and pools gain little from a
// second thread, and the threads of one session wait for each other at every node; two sessions of one thread each gain
// nearly all. So models with much work get a second lane, on a thread of its own that shares the first one's memory.
import assert from 'node:assert/strict';
import { Worker } from 'node:worker_threads';
import {
  type OnnxSession,
  openSession,
  type StepArrays,
  type StepGraph,
  stepInputs,
  stepOutputs,
} from '@consilium/onnx-grad';
import { type SharedUpdateTask, signal } from './shared-update.ts';

export const LANE_STATE = { opening: 0, idle: 1, running: 2, failed: 3, closed: 4 } as const;

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

export interface LaneTask {
  readonly rooms: Rooms;
  readonly buffers: LaneBuffers;
  /** What the thread does while it waits. */
  readonly update?: SharedUpdateTask | undefined;
  /** Shared: one of LANE_STATE, and which room is to be run. */
  readonly state: Int32Array;
}

export interface Lane {
  readonly buffers: LaneBuffers;
  /** Starts a run of one of the rooms over the buffers. */
  start(room: number): Promise<void>;
  /** Whether a run is under way on another thread. */
  isRunning(): boolean;
  /** Settles when the outputs of the run are there. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

/** A further lane's thread failed; the cause is what it failed with, unless it ended without a word. */
export class LaneFailedError extends Error {
  override readonly name = 'LaneFailedError';
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
const shared: Allocate = (bytes) => new SharedArrayBuffer(bytes);

/** The parameters that all lanes read. */
export const createParameters = (rooms: Rooms): Float32Array =>
  new Float32Array(shared(largestOf(rooms).parameterCount * 4));

function createBuffers(rooms: Rooms, { parameters, sum }: LaneArrays, allocate: Allocate): LaneBuffers {
  const graph = largestOf(rooms);
  const { units, rowsPerUnit, features, parameterCount } = graph;
  const rows = units * rowsPerUnit;
  const floats = (count: number) => new Float32Array(allocate(count * 4));
  const doubles = (count: number) => new Float64Array(allocate(count * 8));
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
  const buffers = createBuffers(rooms, arrays, (bytes) => new ArrayBuffer(bytes));
  const runner = new RoomRunner(rooms, buffers, options);
  let next = 0;
  return {
    buffers,
    async start(room) {
      next = room;
    },
    isRunning: () => false,
    finish: () => runner.run(next),
    close: () => runner.close(),
  };
}

/** So long a lane's end is waited for without looking at anything else: lanes end nearly together. */
const WAIT_BLOCKED_MS = 5;

/**
 * A lane on a thread of its own, which may help with an update while it waits.
 *
 * @throws LaneFailedError, from `start` or `finish`, where that thread fails
 */
export function openLaneThread(rooms: Rooms, arrays: LaneArrays, update?: SharedUpdateTask): Lane {
  const buffers = createBuffers(rooms, arrays, shared);
  const state = new Int32Array(new SharedArrayBuffer(8));
  const workerData: LaneTask = { rooms, buffers, state, update };
  const wake = () => {
    Atomics.notify(state, 0);
    if (update !== undefined) signal(update.counters);
  };
  const worker = new Worker(new URL('./lane-worker.js', import.meta.url), { workerData });
  const exited = new Promise((resolve) => worker.once('exit', resolve));
  let cause: unknown;
  // A thread that ends by itself before it is told to has failed, whatever it was at.
  worker.once('error', (error) => {
    cause = error;
    Atomics.store(state, 0, LANE_STATE.failed);
  });
  /** What the thread failed with comes before its end, and after it has said that it failed. */
  const failure = async (message: string) => {
    await exited;
    return new LaneFailedError(message, { cause });
  };
  const leave = async (busy: number) => {
    const waiting = Atomics.waitAsync(state, 0, busy);
    if (waiting.async) await Promise.race([waiting.value, exited]);
  };
  return {
    buffers,
    async start(room) {
      await leave(LANE_STATE.opening);
      state[1] = room;
      const before = Atomics.compareExchange(state, 0, LANE_STATE.idle, LANE_STATE.running);
      assert.notEqual(before, LANE_STATE.running, 'a lane is at one run at a time');
      if (before !== LANE_STATE.idle) throw await failure('the thread of a lane is not there');
      wake();
    },
    isRunning: () => Atomics.load(state, 0) === LANE_STATE.running,
    async finish() {
      Atomics.wait(state, 0, LANE_STATE.running, WAIT_BLOCKED_MS);
      await leave(LANE_STATE.running);
      if (Atomics.load(state, 0) !== LANE_STATE.idle) throw await failure('the thread of a lane failed');
    },
    async close() {
      // A thread must not end while ONNX Runtime is at work in it.
      await leave(LANE_STATE.opening);
      await leave(LANE_STATE.running);
      assert.notEqual(Atomics.load(state, 0), LANE_STATE.running);
      Atomics.store(state, 0, LANE_STATE.closed);
      wake();
      await exited;
    },
  };
}
