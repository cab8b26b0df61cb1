// A lane on a thread of its own, which shares the calling thread's memory: two sessions of one thread each gain nearly
// all that a second core can give.
import assert from 'node:assert/strict';
import { Worker } from 'node:worker_threads';
import { createBuffers, type Lane, type LaneArrays, type LaneBuffers, type SizedGraphs } from '../lane.ts';
import { type SharedUpdateTask, signal } from './shared-update.ts';
import type { UpdateAhead } from './update-ahead.ts';

export const LANE_STATE = { opening: 0, idle: 1, running: 2, failed: 3, closed: 4 } as const;

export interface LaneTask {
  readonly graphs: SizedGraphs;
  readonly buffers: LaneBuffers;
  /** What the thread does while it waits. */
  readonly update?: SharedUpdateTask | undefined;
  /** Shared: one of LANE_STATE, and which graph is to be run. */
  readonly state: Int32Array;
}

/** A further lane's thread failed; the cause is what it failed with, unless it ended without a word. */
export class LaneFailedError extends Error {
  override readonly name = 'LaneFailedError';
}

/** Memory that a lane's thread and the calling thread share. */
export const allocateShared = (bytes: number): SharedArrayBuffer => new SharedArrayBuffer(bytes);

/** So long a lane's end is waited for without looking at anything else: lanes end nearly together. */
const WAIT_BLOCKED_MS = 5;

/** What of an update a lane's thread needs, and the thread that waits for it. */
export type LaneUpdate = Pick<UpdateAhead, 'task' | 'drawWhile'>;

/**
 * A lane on a thread of its own, which may help with an update while it waits.
 *
 * @throws LaneFailedError, from `start` or `finish`, where that thread fails
 */
export function openLaneThread(graphs: SizedGraphs, arrays: LaneArrays, update?: LaneUpdate): Lane {
  const buffers = createBuffers(graphs, arrays, allocateShared);
  const state = new Int32Array(new SharedArrayBuffer(8));
  const workerData: LaneTask = { graphs, buffers, state, update: update?.task };
  const wake = () => {
    Atomics.notify(state, 0);
    if (update !== undefined) signal(update.task.counters);
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
  const isRunning = () => Atomics.load(state, 0) === LANE_STATE.running;
  return {
    buffers,
    async start(graphIndex) {
      await leave(LANE_STATE.opening);
      state[1] = graphIndex;
      const before = Atomics.compareExchange(state, 0, LANE_STATE.idle, LANE_STATE.running);
      assert.notEqual(before, LANE_STATE.running, 'a lane is at one run at a time');
      if (before !== LANE_STATE.idle) throw await failure('the thread of a lane is not there');
      wake();
    },
    async finish() {
      update?.drawWhile(isRunning);
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
