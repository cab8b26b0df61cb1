// The worker thread of a further lane: it runs the step graph over its part of a batch whenever it is told to.
import { workerData } from 'node:worker_threads';
import { LANE_STATE, type LaneTask, RoomRunner } from './lane.ts';

const { rooms, buffers, state, counters } = workerData as LaneTask;
const runner = new RoomRunner(rooms, buffers, { threads: 1, counters });
const report = (outcome: number) => {
  Atomics.store(state, 0, outcome);
  Atomics.notify(state, 0);
};
report(LANE_STATE.idle);
for (;;) {
  Atomics.wait(state, 0, LANE_STATE.idle);
  if (Atomics.load(state, 0) === LANE_STATE.closed) break;
  try {
    await runner.run(state[1]!);
    report(LANE_STATE.idle);
  } catch {
    report(LANE_STATE.failed);
    break;
  }
}
await runner.close();
