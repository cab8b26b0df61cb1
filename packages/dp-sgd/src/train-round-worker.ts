// The worker thread in which a round is trained, since ONNX Runtime and the noise block their thread.
//
// Terminating a thread while ONNX Runtime works in it ends the whole process. So a round is cancelled by a flag, which
// is read after each step, and the thread then ends by itself.
import { parentPort, workerData } from 'node:worker_threads';
import { isOutOfMemory, OUT_OF_MEMORY } from './out-of-memory.ts';
import type { PlanProblem } from './plan-problem.ts';
import { secureRandomness } from './randomness.ts';
import { runRound } from './round.ts';
import type { RoundInput, RoundResult } from './round-input.ts';
import { TrainingInputError } from './training-plan.ts';
import type { StepProgress } from './training-steps.ts';

export interface WorkerTask {
  readonly input: RoundInput;
  /** Shared with the caller: not 0 once the round is cancelled. */
  readonly cancelled: Int32Array;
}

export type WorkerMessage =
  | { readonly kind: 'progress'; readonly progress: StepProgress }
  | { readonly kind: 'result'; readonly result: RoundResult }
  /** The input cannot be trained with, as was found when the step's graph was built. */
  | { readonly kind: 'refused'; readonly reason: string | readonly PlanProblem[] };

class RoundCancelled extends Error {}

const PROGRESS_INTERVAL_MS = 50;

const { input, cancelled } = workerData as WorkerTask;
const post = (message: WorkerMessage): void => parentPort!.postMessage(message);
let reportedAt = 0;

function onProgress(progress: StepProgress): void {
  if (Atomics.load(cancelled, 0) !== 0) throw new RoundCancelled();
  const now = performance.now();
  if (now - reportedAt < PROGRESS_INTERVAL_MS && progress.step < progress.steps) return;
  reportedAt = now;
  post({ kind: 'progress', progress });
}

try {
  const result = await runRound(input, { randomness: secureRandomness, onProgress });
  post({ kind: 'result', result });
} catch (error) {
  if (error instanceof TrainingInputError) {
    post({ kind: 'refused', reason: error.problems.length > 0 ? error.problems : error.message });
  } else if (isOutOfMemory(error)) post({ kind: 'refused', reason: OUT_OF_MEMORY });
  else if (!(error instanceof RoundCancelled)) throw error;
}
