// A model's outputs for rows, on the calling thread: for a worker, and for programs that do nothing else at the time.
// It works for any graph that can be trained, whatever the names of its outputs.
import assert from 'node:assert/strict';
import { type RawOutputs, yesProbabilities } from '../losses/predictions.ts';
import { buildScoreGraph, scoreInputs } from '../lowering/score-graph.ts';
import { readForwardModel } from '../model/forward-model.ts';
import { openSession } from './onnx-runtime.ts';

/** A model's graph, loaded for scoring: for many runs with other parameters or other rows. */
export interface OpenScoring {
  /**
   * The inputs of the model's loss, as `rawOutputs` says.
   *
   * @param values of all parameters, [parameterCount]
   * @param features [rows · model.features], row by row; no rows give an empty answer
   */
  outputs(values: ArrayLike<number>, features: Float32Array): Promise<RawOutputs>;
  close(): Promise<void>;
}

/**
 * Loads a model's graph once. One run at a time.
 *
 * @param onnx a model that `readForwardModel` takes; its own parameters do not matter
 * @throws OnnxRuntimeError where the runtime does not load it
 */
export async function openScoring(onnx: Uint8Array): Promise<OpenScoring> {
  const model = readForwardModel(onnx);
  const { features: featureCount, outputs: width, parameterCount } = model;
  const { bytes, rows } = buildScoreGraph(model);
  const session = await openSession(bytes, { threads: 1 });
  const own = { x: new Float32Array(rows * featureCount), values: new Float32Array(parameterCount), rows };
  const logit = new Float32Array(rows * width);
  const run = session.prepare(scoreInputs(model, own), {
    logit: { type: 'float32', shape: [rows, width], data: logit },
  });
  return {
    async outputs(values, features) {
      assert.equal(values.length, parameterCount, 'a value for each parameter');
      assert.equal(features.length % featureCount, 0, 'whole rows');
      const count = features.length / featureCount;
      const all = new Float64Array(count * width);
      own.values.set(values);
      for (let first = 0; first < count; first += rows) {
        const end = Math.min(first + rows, count);
        own.x.set(features.subarray(first * featureCount, end * featureCount));
        own.x.fill(0, (end - first) * featureCount);
        await run();
        all.set(logit.subarray(0, (end - first) * width), first * width);
      }
      return { values: all, width };
    },
    close: () => session.close(),
  };
}

/**
 * The inputs of the model's loss.
 *
 * A row's numbers follow from that row and the model alone, bit for bit: not from other rows, its index, or the number
 * of rows. All NaN counts as one. Rows are run in equal parts, the last one filled up with zeros.
 *
 * @param onnx a model as `withParameters` writes it
 * @param features [rows · model.features], row by row; no rows give an empty answer
 */
export async function rawOutputs(onnx: Uint8Array, features: Float32Array): Promise<RawOutputs> {
  const { values, outputs: width } = readForwardModel(onnx);
  if (features.length === 0) return { values: new Float64Array(), width };
  const scoring = await openScoring(onnx);
  try {
    return await scoring.outputs(values, features);
  } finally {
    await scoring.close();
  }
}

/** The probability of label 1 for each row, [rows]: the sigmoid of a model's one logit, or the softmax of two. */
export async function scoreRows(onnx: Uint8Array, features: Float32Array): Promise<Float64Array> {
  return yesProbabilities(await rawOutputs(onnx, features));
}
