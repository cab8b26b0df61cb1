// A model's outputs for rows, on the calling thread: for a worker, and for programs that do nothing else at the time.
// It works for any graph that can be trained, whatever the names of its outputs.
import assert from 'node:assert/strict';
import { type RawOutputs, yesProbabilities } from '../losses/predictions.ts';
import { buildScoreGraph, scoreInputs } from '../lowering/score-graph.ts';
import { readForwardModel } from '../model/forward-model.ts';
import { openSession } from './onnx-runtime.ts';

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
  const model = readForwardModel(onnx);
  const { features: featureCount, outputs: width, values } = model;
  assert.equal(features.length % featureCount, 0, 'whole rows');
  const count = features.length / featureCount;
  const all = new Float64Array(count * width);
  if (count === 0) return { values: all, width };
  const { bytes, rows } = buildScoreGraph(model);
  const session = await openSession(bytes, { threads: 1 });
  try {
    const x = new Float32Array(rows * featureCount);
    for (let first = 0; first < count; first += rows) {
      const end = Math.min(first + rows, count);
      x.fill(0).set(features.subarray(first * featureCount, end * featureCount));
      const { logit } = await session.run(scoreInputs(model, { x, values, rows }));
      all.set(logit!.data.subarray(0, (end - first) * width), first * width);
    }
    return { values: all, width };
  } finally {
    await session.close();
  }
}

/** The probability of label 1 for each row, [rows]: the sigmoid of a model's one logit, or the softmax of two. */
export async function scoreRows(onnx: Uint8Array, features: Float32Array): Promise<Float64Array> {
  return yesProbabilities(await rawOutputs(onnx, features));
}
