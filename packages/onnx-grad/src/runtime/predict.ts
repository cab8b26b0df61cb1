// Scores rows with a forward model in a worker thread.
import assert from 'node:assert/strict';
import { Worker } from 'node:worker_threads';
import { type RawOutputs, yesProbabilities } from '../losses/predictions.ts';
import { readForwardModel } from '../model/forward-model.ts';
import { OnnxRuntimeError } from './onnx-runtime.ts';
import type { PredictRequest } from './predict-worker.ts';

/**
 * The inputs of the model's loss, as `rawOutputs` computes them.
 *
 * `features` is [rows · model.features], row by row; no rows give an empty answer.
 *
 * @throws OnnxFormatError or UnsupportedModelError for a model that `readForwardModel` refuses.
 * @throws OnnxRuntimeError where the runtime fails.
 */
export async function predictOutputs(model: Uint8Array, features: Float32Array): Promise<RawOutputs> {
  const { features: featureCount, outputs: width } = readForwardModel(model);
  assert.equal(features.length % featureCount, 0, 'whole rows');
  if (features.length === 0) return { values: new Float64Array(), width };
  const workerData: PredictRequest = { model, features };
  const worker = new Worker(new URL('./predict-worker.js', import.meta.url), { workerData });
  const { promise, resolve, reject } = Promise.withResolvers<RawOutputs>();
  let outputs: RawOutputs | undefined;
  worker.once('message', (message: RawOutputs) => {
    outputs = message;
  });
  worker.once('error', (cause) => reject(new OnnxRuntimeError('the scoring worker failed', { cause })));
  // The thread ends by itself: to terminate it inside ONNX Runtime would abort the process.
  worker.once('exit', (code) => {
    if (outputs !== undefined) resolve(outputs);
    else reject(new OnnxRuntimeError(`the scoring worker exited early with code ${code}`));
  });
  return promise;
}

/** The probability of label 1 for each row, [rows], as `scoreRows` computes it. */
export async function predictProbabilities(model: Uint8Array, features: Float32Array): Promise<Float64Array> {
  return yesProbabilities(await predictOutputs(model, features));
}
