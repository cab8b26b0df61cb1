// The worker thread of `predictProbabilities`.
import { parentPort, workerData } from 'node:worker_threads';
import { scoreRows } from './score-rows.ts';

export interface PredictRequest {
  readonly model: Uint8Array;
  readonly features: Float32Array;
}

const { model, features } = workerData as PredictRequest;
parentPort!.postMessage(await scoreRows(model, features));
