// Scores rows with a forward model in a worker thread.
import assert from 'node:assert/strict';
import { Worker } from 'node:worker_threads';
import { readForwardModel } from './forward-model.ts';
import { OnnxRuntimeError } from './onnx-runtime.ts';
import type { PredictRequest } from './predict-worker.ts';

/**
 * The probability of label 1 for each row, [rows], as `scoreRows` has it.
 *
 * `features` is [rows · model.features], row by row; no rows give an empty answer.
 *
 * @throws OnnxFormatError or UnsupportedModelError for a model that is not ours to run.
 * @throws OnnxRuntimeError where the runtime fails.
 */
export async function predictProbabilities(model: Uint8Array, features: Float32Array): Promise<Float64Array> {
  const { features: width } = readForwardModel(model);
  assert.equal(features.length % width, 0, 'whole rows');
  if (features.length === 0) return new Float64Array();
  const workerData: PredictRequest = { model, features };
  const worker = new Worker(new URL('./predict-worker.js', import.meta.url), { workerData });
  const { promise, resolve, reject } = Promise.withResolvers<Float64Array>();
  let probabilities: Float64Array | undefined;
  worker.once('message', (message: Float64Array) => {
    probabilities = message;
  });
  worker.once('error', (cause) => reject(new OnnxRuntimeError('the scoring worker failed', { cause })));
  // The thread ends by itself: to terminate it inside ONNX Runtime would abort the process.
  worker.once('exit', (code) => {
    if (probabilities !== undefined) resolve(probabilities);
    else reject(new OnnxRuntimeError(`the scoring worker exited early with code ${code}`));
  });
  return promise;
}
