// Verifies evidence beside the requests that are being served.
import { Worker } from 'node:worker_threads';
import type { Problem } from '@consilium/verify';

export interface VerifyTask {
  readonly file: Uint8Array;
  readonly genesis: string;
  readonly chaincode: string;
}

/** The first thing that does not hold; null where all does. @throws once aborted */
export async function firstProblem(task: VerifyTask, signal: AbortSignal): Promise<Problem | null> {
  signal.throwIfAborted();
  const worker = new Worker(new URL('./verify-thread.js', import.meta.url), { workerData: task });
  try {
    return await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      worker.once('exit', (code) => reject(new Error(`the verifying thread ended with ${code}`)));
    });
  } finally {
    await worker.terminate();
  }
}
