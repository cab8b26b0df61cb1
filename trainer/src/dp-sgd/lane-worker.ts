// The worker thread of a further lane: it runs the step graph over its part of a batch whenever it is told to.
import { workerData } from 'node:worker_threads';
import { openSession } from '../onnx/index.ts';
import { LANE_STATE, type LaneTask, laneRunner } from './lane.ts';

const { buffers, state, bytes } = workerData as LaneTask;
const session = await openSession(bytes, { threads: 1 });
const run = laneRunner(session, buffers);
const report = (outcome: number) => {
  Atomics.store(state, 0, outcome);
  Atomics.notify(state, 0);
};
report(LANE_STATE.idle);
for (;;) {
  Atomics.wait(state, 0, LANE_STATE.idle);
  if (Atomics.load(state, 0) === LANE_STATE.closed) break;
  try {
    await run();
    report(LANE_STATE.idle);
  } catch {
    report(LANE_STATE.failed);
    break;
  }
}
await session.close();
