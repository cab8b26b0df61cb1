// Verifies evidence, and what other gateways saw, beside the requests that are being served.
import { Worker } from 'node:worker_threads';
import type { Problem } from '@consilium/verify';

export interface EvidenceTask {
  readonly kind: 'evidence';
  readonly file: Uint8Array;
  readonly genesis: string;
  readonly chaincode: string;
}
export interface HistoryTask {
  readonly kind: 'history';
  readonly file: Uint8Array;
  readonly genesis: string;
}
export type VerifyTask = EvidenceTask | HistoryTask;

/** What the file of another gateway shows: its statement in bytes, why it does not hold, or that it is no such file. */
export type ShownStatement =
  | { readonly statement: Uint8Array }
  | { readonly problem: Problem }
  | { readonly unreadable: string };

/** The first thing that does not hold; null where all does. @throws once aborted */
export const firstProblem = (
  task: Omit<EvidenceTask, 'kind'>,
  signal: AbortSignal,
): Promise<Problem | null> => inThread({ kind: 'evidence', ...task }, signal);

/** @throws once aborted */
export const shownHistory = (task: HistoryTask, signal: AbortSignal): Promise<ShownStatement> =>
  inThread(task, signal);

async function inThread<T>(task: VerifyTask, signal: AbortSignal): Promise<T> {
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
