// A shard on a thread of its own, which shares the calling thread's memory: two sessions of one thread each gain nearly
// all that a second core can give.
import assert from 'node:assert/strict';
import { Worker } from 'node:worker_threads';
import {
  createBuffers,
  type Shard,
  type ShardArrays,
  type ShardBuffers,
  type SizedGraphs,
} from '../shard.ts';
import { type SharedMoveTask, signal } from './shared-move.ts';
import type { ThreadedMove } from './threaded-move.ts';

export const SHARD_STATE = { opening: 0, idle: 1, running: 2, failed: 3, closed: 4 } as const;

export interface ShardTask {
  readonly graphs: SizedGraphs;
  readonly buffers: ShardBuffers;
  /** What the thread does while it waits. */
  readonly fused?: SharedMoveTask | undefined;
  /** Shared: one of SHARD_STATE, and which graph is to be run. */
  readonly state: Int32Array;
}

/** The thread of a shard failed. The cause is its error, unless it ended without one. */
export class ShardFailedError extends Error {
  override readonly name = 'ShardFailedError';
}

/** Memory that a shard's thread and the calling thread share. */
export const allocateShared = (bytes: number): SharedArrayBuffer => new SharedArrayBuffer(bytes);

/** Milliseconds that `finish` blocks the calling thread before it waits asynchronously: shards end nearly together. */
const WAIT_BLOCKED_MS = 5;

/** The part of a `ThreadedMove` that a shard's thread needs, and the thread that waits for it. */
export type ShardMove = Pick<ThreadedMove, 'task' | 'drawWhile'>;

/**
 * A shard on a thread of its own, which may help with a move while it waits.
 *
 * @throws ShardFailedError, from `start` or `finish`, where that thread fails
 */
export function openShardThread(graphs: SizedGraphs, arrays: ShardArrays, fused?: ShardMove): Shard {
  const buffers = createBuffers(graphs, arrays, allocateShared);
  const state = new Int32Array(new SharedArrayBuffer(8));
  const workerData: ShardTask = { graphs, buffers, state, fused: fused?.task };
  const wake = () => {
    Atomics.notify(state, 0);
    if (fused !== undefined) signal(fused.task.counters);
  };
  const worker = new Worker(new URL('./shard-worker.js', import.meta.url), { workerData });
  const exited = new Promise((resolve) => worker.once('exit', resolve));
  let cause: unknown;
  // A thread that ends by itself before `close` has failed, whatever it was doing.
  worker.once('error', (error) => {
    cause = error;
    Atomics.store(state, 0, SHARD_STATE.failed);
  });
  /** The thread's error arrives after its state says that it failed, and before it exits. */
  const failure = async (message: string) => {
    await exited;
    return new ShardFailedError(message, { cause });
  };
  const leave = async (busy: number) => {
    const waiting = Atomics.waitAsync(state, 0, busy);
    if (waiting.async) await Promise.race([waiting.value, exited]);
  };
  const isRunning = () => Atomics.load(state, 0) === SHARD_STATE.running;
  return {
    buffers,
    async start(graphIndex) {
      await leave(SHARD_STATE.opening);
      state[1] = graphIndex;
      const before = Atomics.compareExchange(state, 0, SHARD_STATE.idle, SHARD_STATE.running);
      assert.notEqual(before, SHARD_STATE.running, 'a shard takes one run at a time');
      if (before !== SHARD_STATE.idle) throw await failure('the thread of a shard has ended');
      wake();
    },
    async finish() {
      fused?.drawWhile(isRunning);
      Atomics.wait(state, 0, SHARD_STATE.running, WAIT_BLOCKED_MS);
      await leave(SHARD_STATE.running);
      if (Atomics.load(state, 0) !== SHARD_STATE.idle) throw await failure('the thread of a shard failed');
    },
    async close() {
      // A thread must not end while ONNX Runtime works in it.
      await leave(SHARD_STATE.opening);
      await leave(SHARD_STATE.running);
      assert.notEqual(Atomics.load(state, 0), SHARD_STATE.running);
      Atomics.store(state, 0, SHARD_STATE.closed);
      wake();
      await exited;
    },
  };
}
