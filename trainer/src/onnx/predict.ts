// Scores rows with a forward model in a worker thread.
import assert from 'node:assert/strict';
import { Worker } from 'node:worker_threads';
import { readForwardModel } from './forward-model.ts';
import { OnnxRuntimeError } from './onnx-runtime.ts';
import type { PredictRequest } from './predict-worker.ts';

/**
 * The model's `probability` for each row, [rows].
 *
 * `features` is [rows · model.features], row by row; no rows give an empty answer.
 *
 * @throws OnnxFormatError or UnsupportedModelError for a model that is not ours to run.
 * @throws OnnxRuntimeError where the runtime fails.
 */
export async function predictProbabilities(model: Uint8Array, features: Float32Array): Promise<Float32Array> {
  const { features: width, input } = readForwardModel(model);
  assert.equal(features.length % width, 0, 'whole rows');
  const rows = features.length / width;
  if (rows === 0) return new Float32Array();
  const workerData: PredictRequest = { model, input, features, shape: [rows, width] };
  const worker = new Worker(new URL('./predict-worker.js', import.meta.url), { workerData });
  const { promise, resolve, reject } = Promise.withResolvers<Float32Array>();
  worker.once('message', resolve);
  worker.once('error', (cause) => reject(new OnnxRuntimeError('the scoring worker failed', { cause })));
  worker.once('exit', (code) => reject(new OnnxRuntimeError(`the scoring worker exited with code ${code}`)));
  try {
    return await promise;
  } finally {
    await worker.terminate();
  }
}
