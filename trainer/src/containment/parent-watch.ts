// Ends a contained process whose trainer is gone, also while its main thread is inside a graph.
import { workerData } from 'node:worker_threads';
import { leaveDirectory } from './leave-directory.ts';

const LOOK_EVERY_MS = 500;
const parent = workerData as number;

setInterval(() => {
  if (process.ppid === parent) return;
  leaveDirectory();
  process.kill(process.pid, 'SIGKILL');
}, LOOK_EVERY_MS);
