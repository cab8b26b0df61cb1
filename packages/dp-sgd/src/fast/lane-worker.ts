// The worker thread of a further lane: it runs the step graph over its part of a batch whenever it is told to.
import { workerData } from 'node:worker_threads';
import { GraphRunner } from '../lane.ts';
import { LANE_STATE, type LaneTask } from './lane-thread.ts';
import { SharedUpdate } from './shared-update.ts';

const { graphs, buffers, state, update } = workerData as LaneTask;
const runner = new GraphRunner(graphs, buffers, { threads: 1 });
const shared = update && new SharedUpdate(update, 1);
const isWanted = () => Atomics.load(state, 0) !== LANE_STATE.idle;
const report = (outcome: number) => {
  Atomics.store(state, 0, outcome);
  Atomics.notify(state, 0);
};
report(LANE_STATE.idle);
try {
  for (;;) {
    if (shared === undefined) Atomics.wait(state, 0, LANE_STATE.idle);
    else shared.helpUntil(isWanted);
    if (Atomics.load(state, 0) === LANE_STATE.closed) break;
    await runner.run(state[1]!);
    report(LANE_STATE.idle);
  }
} catch (error) {
  report(LANE_STATE.failed);
  // The thread that told it to run reads what failed.
  throw error;
} finally {
  await runner.close();
}
