// The worker thread of a shard: it runs the step graph over its share of each batch.
import { workerData } from 'node:worker_threads';
import { GraphRunner } from '../shard.ts';
import { SHARD_STATE, type ShardTask } from './shard-thread.ts';
import { SharedMove } from './shared-move.ts';

const { graphs, buffers, state, fused } = workerData as ShardTask;
const runner = new GraphRunner(graphs, buffers, { threads: 1 });
const shared = fused && new SharedMove(fused, 1);
const isWanted = () => Atomics.load(state, 0) !== SHARD_STATE.idle;
const report = (outcome: number) => {
  Atomics.store(state, 0, outcome);
  Atomics.notify(state, 0);
};
report(SHARD_STATE.idle);
try {
  for (;;) {
    if (shared === undefined) Atomics.wait(state, 0, SHARD_STATE.idle);
    else shared.helpUntil(isWanted);
    if (Atomics.load(state, 0) === SHARD_STATE.closed) break;
    await runner.run(state[1]!);
    report(SHARD_STATE.idle);
  }
} catch (error) {
  report(SHARD_STATE.failed);
  // The calling thread receives the error.
  throw error;
} finally {
  await runner.close();
}
