// The worker thread of `predictProbabilities`.
import { parentPort, workerData } from 'node:worker_threads';
import { PROBABILITY_NAME } from './forward-model.ts';
import { openSession } from './onnx-runtime.ts';

export interface PredictRequest {
  readonly model: Uint8Array;
  readonly input: string;
  readonly features: Float32Array;
  readonly shape: readonly [rows: number, width: number];
}

const { model, input, features, shape } = workerData as PredictRequest;
const session = await openSession(model, { threads: 1 });
const outputs = await session.run({ [input]: { type: 'float32', shape, data: features } });
await session.close();
parentPort!.postMessage(Float32Array.from(outputs[PROBABILITY_NAME]!.data));
