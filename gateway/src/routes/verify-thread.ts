// The thread in which a file of evidence, or of what another gateway saw, is verified: a long one takes minutes of a
// processor, and the hospital's other requests must not wait for it.
import { parentPort, workerData } from 'node:worker_threads';
import { checkHistory, UnreadableBundleError, verifyBundle, writeStatement } from '@consilium/verify';
import type { ShownStatement, VerifyTask } from './verify-in-thread.ts';

const task = workerData as VerifyTask;
if (task.kind === 'history') parentPort!.postMessage(shownIn(task.file, task.genesis));
else {
  const { file, genesis, chaincode } = task;
  const [first] = verifyBundle(file, { genesis, chaincode }).problems;
  parentPort!.postMessage(first ?? null);
}

function shownIn(file: Uint8Array, genesis: string): ShownStatement {
  try {
    const checked = checkHistory(file, { genesis });
    return 'problem' in checked ? checked : { statement: writeStatement(checked.history.statement) };
  } catch (error) {
    if (error instanceof UnreadableBundleError) return { unreadable: error.message };
    throw error;
  }
}
