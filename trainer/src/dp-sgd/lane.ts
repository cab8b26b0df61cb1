// A lane runs the step graph over one part of a batch. ONNX Runtime's convolutions and pools gain little from a
// second thread, two sessions of one thread each gain nearly all: so such models get a second lane, on a thread of
// its own that shares the first one's memory.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type OnnxSession, openSession, type StepGraph, type TensorValue } from '../onnx/index.ts';

export const LANE_STATE = { opening: 0, idle: 1, running: 2, failed: 3, closed: 4 } as const;

/** One value for each parameter; double, but float where the graph says so. */
export type Sums = Float32Array | Float64Array;

/** A run's inputs and outputs. */
export interface LaneBuffers {
  readonly x: Float32Array;
  readonly xShape: readonly number[];
  readonly y: Float32Array;
  readonly mask: Float32Array;
  readonly parameters: Float32Array;
  /** One value, where the graph takes the clip norm as an input. */
  readonly clipNorm?: Float64Array;
  readonly sum: Sums;
  readonly squares: Float64Array;
}

export interface LaneTask {
  readonly bytes: Uint8Array;
  readonly buffers: LaneBuffers;
  /** Shared: one of LANE_STATE. */
  readonly state: Int32Array;
}

export interface Lane {
  readonly buffers: LaneBuffers;
  /** Starts a run over the buffers; the promise settles when its outputs are there. */
  run(): Promise<void>;
  close(): Promise<void>;
}

/** A further lane's thread failed. */
export class LaneFailedError extends Error {
  override readonly name = 'LaneFailedError';
}

/** A function that runs the graph once over a lane's buffers. */
export function laneRunner(session: OnnxSession, buffers: LaneBuffers): () => Promise<void> {
  const { x, xShape, y, mask, parameters, clipNorm, sum, squares } = buffers;
  const inputs: Record<string, TensorValue> = {
    x: { type: 'float32', shape: xShape, data: x },
    y: { type: 'float32', shape: [y.length, 1], data: y },
    mask: { type: 'float32', shape: [mask.length, 1], data: mask },
    parameters: { type: 'float32', shape: [parameters.length], data: parameters },
    ...(clipNorm && { clipNorm: { type: 'float64', shape: [1, 1], data: clipNorm } }),
  };
  const sumType = sum instanceof Float32Array ? 'float32' : 'float64';
  return session.prepare(inputs, {
    clippedSum: { type: sumType, shape: [1, sum.length], data: sum },
    squares: { type: 'float64', shape: [squares.length, 1], data: squares },
  });
}

function createBuffers(graph: StepGraph, allocate: (bytes: number) => ArrayBufferLike): LaneBuffers {
  const { units, rowsPerUnit, features, inputShape, parameterCount } = graph;
  const rows = units * rowsPerUnit;
  const floats = (count: number) => new Float32Array(allocate(count * 4));
  const doubles = (count: number) => new Float64Array(allocate(count * 8));
  return {
    x: floats(rows * features),
    xShape: [rows, ...inputShape],
    y: floats(rows),
    mask: floats(rows),
    parameters: floats(parameterCount),
    ...(graph.takesClipNorm && { clipNorm: doubles(1) }),
    sum: graph.sumType === 'float32' ? floats(parameterCount) : doubles(parameterCount),
    squares: doubles(units),
  };
}

/** A lane on the calling thread. */
export async function openLane(graph: StepGraph, options: { readonly threads: number }): Promise<Lane> {
  const session = await openSession(graph.bytes, options);
  const buffers = createBuffers(graph, (bytes) => new ArrayBuffer(bytes));
  return { buffers, run: laneRunner(session, buffers), close: () => session.close() };
}

/** A lane on a thread of its own. @throws LaneFailedError, from `run`, where that thread fails. */
export function openLaneThread(graph: StepGraph): Lane {
  const buffers = createBuffers(graph, (bytes) => new SharedArrayBuffer(bytes));
  const state = new Int32Array(new SharedArrayBuffer(4));
  const workerData: LaneTask = { bytes: graph.bytes, buffers, state };
  const worker = new Worker(new URL('./lane-worker.js', import.meta.url), { workerData });
  const exited = once(worker, 'exit').catch(() => undefined);
  // A thread that ends by itself before it is told to has failed, whatever it was at.
  worker.once('error', () => Atomics.store(state, 0, LANE_STATE.failed));
  const leave = async (busy: number) => {
    const waiting = Atomics.waitAsync(state, 0, busy);
    if (waiting.async) await Promise.race([waiting.value, exited]);
  };
  return {
    buffers,
    async run() {
      await leave(LANE_STATE.opening);
      const before = Atomics.compareExchange(state, 0, LANE_STATE.idle, LANE_STATE.running);
      if (before !== LANE_STATE.idle) throw new LaneFailedError('the thread of a lane is not there');
      Atomics.notify(state, 0);
      await leave(LANE_STATE.running);
      if (Atomics.load(state, 0) !== LANE_STATE.idle)
        throw new LaneFailedError('the thread of a lane failed');
    },
    async close() {
      // A thread must not end while ONNX Runtime is at work in it.
      await leave(LANE_STATE.opening);
      await leave(LANE_STATE.running);
      assert.notEqual(Atomics.load(state, 0), LANE_STATE.running);
      Atomics.store(state, 0, LANE_STATE.closed);
      Atomics.notify(state, 0);
      await exited;
    },
  };
}
