// A thread that helps an update as a shard's does while it waits, and never runs a shard.
import { workerData } from 'node:worker_threads';
import { SharedUpdate, type SharedUpdateTask } from '../shared-update.ts';

const { task, isWanted } = workerData as { readonly task: SharedUpdateTask; readonly isWanted: Int32Array };
new SharedUpdate(task, 1).helpUntil(() => Atomics.load(isWanted, 0) !== 0);
