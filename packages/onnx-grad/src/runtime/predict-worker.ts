// The worker thread of `predictOutputs`.
import { parentPort, workerData } from 'node:worker_threads';
import { rawOutputs } from './score-rows.ts';

export interface PredictRequest {
  readonly model: Uint8Array;
  readonly features: Float32Array;
}

const { model, features } = workerData as PredictRequest;
parentPort!.postMessage(await rawOutputs(model, features));
