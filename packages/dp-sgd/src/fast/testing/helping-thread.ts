// A thread that helps a move as a shard's does while it waits, and never runs a shard.
import { workerData } from 'node:worker_threads';
import { SharedMove, type SharedMoveTask } from '../shared-move.ts';

const { task, isWanted } = workerData as { readonly task: SharedMoveTask; readonly isWanted: Int32Array };
new SharedMove(task, 1).helpUntil(() => Atomics.load(isWanted, 0) !== 0);
