// A model's outputs for rows, on the calling thread: a worker's body, and for programs that do nothing else
// meanwhile. Works for any graph the engine can train, whatever its outputs are called.
import assert from 'node:assert/strict';
import { readForwardModel } from './forward-model.ts';
import { type RawOutputs, yesProbabilities } from './losses/predictions.ts';
import { openSession } from './onnx-runtime.ts';
import { ELEMENT_TYPE, encodeModel } from './onnx-schema.ts';
import { readForeignModel } from './read-foreign-model.ts';
import { withStandardOperators } from './scikit-learn.ts';
import { strippedTo } from './strip-graph.ts';

/** What leads to the logit, and nothing else. */
function strippedToLogit(onnx: Uint8Array, logit: string): Uint8Array {
  const model = withStandardOperators(readForeignModel(onnx));
  const output = { name: logit, type: { tensorType: { elemType: ELEMENT_TYPE.float } } };
  const { graph, irVersion, opsetImport } = strippedTo(model, [output]);
  return encodeModel({ irVersion, opsetImport, graph: { ...graph, valueInfo: [] }, metadataProps: [] });
}

/**
 * The numbers that the model's loss is taken of.
 *
 * @param onnx a model as `withParameters` writes it
 * @param features [rows · model.features], row by row; no rows give an empty answer
 */
export async function rawOutputs(onnx: Uint8Array, features: Float32Array): Promise<RawOutputs> {
  const { input, inputShape, features: featureCount, logit, outputs: width } = readForwardModel(onnx);
  assert.equal(features.length % featureCount, 0, 'whole rows');
  const rows = features.length / featureCount;
  if (rows === 0) return { values: new Float64Array(), width };
  const session = await openSession(strippedToLogit(onnx, logit), { threads: 1 });
  try {
    const shape = [rows, ...inputShape];
    const answer = await session.run(
      { [input]: { type: 'float32', shape, data: features } },
      { outputs: [logit] },
    );
    return { values: Float64Array.from(answer[logit]!.data), width };
  } finally {
    await session.close();
  }
}

/** The probability of label 1 for each row, [rows]: the sigmoid of a model's one logit, or the softmax of two. */
export async function scoreRows(onnx: Uint8Array, features: Float32Array): Promise<Float64Array> {
  return yesProbabilities(await rawOutputs(onnx, features));
}
