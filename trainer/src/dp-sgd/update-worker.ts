// The worker thread that draws noise ahead of its use and moves its part of the parameters. It sees σ, a count, and sums
// to which noise is added; how long noise takes follows from σ, the count and random bits alone.
import { workerData } from 'node:worker_threads';
import { SharedUpdate, type SharedUpdateTask } from './shared-update.ts';

export interface UpdateTask extends SharedUpdateTask {
  /** Noise is drawn while fewer lanes than these are at work. */
  readonly lanes: number;
}

const { lanes, ...task } = workerData as UpdateTask;
new SharedUpdate(task).help(lanes);
