// The worker thread in which a round is trained: ONNX Runtime and the noise block the thread they run on.
import { parentPort, workerData } from 'node:worker_threads';
import { secureRandomness } from './randomness.ts';
import { type RoundInput, type RoundResult, runRound } from './round.ts';
import type { StepProgress } from './training-steps.ts';

export type WorkerMessage =
  | { readonly kind: 'progress'; readonly progress: StepProgress }
  | { readonly kind: 'result'; readonly result: RoundResult };

const PROGRESS_INTERVAL_MS = 50;

const post = (message: WorkerMessage): void => parentPort!.postMessage(message);
let reportedAt = 0;
const result = await runRound(workerData as RoundInput, {
  randomness: secureRandomness,
  onProgress(progress) {
    const now = performance.now();
    if (now - reportedAt < PROGRESS_INTERVAL_MS && progress.step < progress.steps) return;
    reportedAt = now;
    post({ kind: 'progress', progress });
  },
});
post({ kind: 'result', result });
