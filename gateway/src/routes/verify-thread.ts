// The thread in which a file of evidence is verified: a long one takes minutes of a processor, and the hospital's other
// requests must not wait for it.
import { parentPort, workerData } from 'node:worker_threads';
import { verifyBundle } from '@consilium/verify';
import type { VerifyTask } from './verify-in-thread.ts';

const { file, genesis, chaincode } = workerData as VerifyTask;
const [first] = verifyBundle(file, { genesis, chaincode }).problems;
parentPort!.postMessage(first ?? null);
