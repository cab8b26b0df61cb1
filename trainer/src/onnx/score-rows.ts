// Probabilities of a model for rows, on the calling thread: a worker's body, and for programs that do nothing else
// meanwhile. Works for any graph the engine can train, whatever its outputs are called.
import assert from 'node:assert/strict';
import { readForwardModel } from './forward-model.ts';
import { openSession } from './onnx-runtime.ts';
import { decodeModel, ELEMENT_TYPE, encodeModel } from './onnx-schema.ts';

/** The graph with its logit among its outputs. */
function withLogit(onnx: Uint8Array, logit: string): Uint8Array {
  const model = decodeModel(onnx);
  if (model.graph.output.some(({ name }) => name === logit)) return onnx;
  const output = { name: logit, type: { tensorType: { elemType: ELEMENT_TYPE.float } } };
  return encodeModel({ ...model, graph: { ...model.graph, output: [...model.graph.output, output] } });
}

/**
 * The probability of label 1 for each row, [rows]: the sigmoid of a model's one logit, or the softmax of two.
 *
 * @param onnx a model as `withParameters` writes it
 * @param features [rows · model.features], row by row; no rows give an empty answer
 */
export async function scoreRows(onnx: Uint8Array, features: Float32Array): Promise<Float64Array> {
  const { input, inputShape, features: width, logit, outputs } = readForwardModel(onnx);
  assert.equal(features.length % width, 0, 'whole rows');
  const rows = features.length / width;
  if (rows === 0) return new Float64Array();
  assert(outputs <= 2, 'a yes/no label has one or two logits');
  const session = await openSession(withLogit(onnx, logit), { threads: 1 });
  try {
    const shape = [rows, ...inputShape];
    const answer = await session.run(
      { [input]: { type: 'float32', shape, data: features } },
      { outputs: [logit] },
    );
    const logits = answer[logit]!.data;
    return Float64Array.from({ length: rows }, (_, i) => {
      const value = outputs === 1 ? logits[i]! : logits[2 * i + 1]! - logits[2 * i]!;
      return 1 / (1 + Math.exp(-value));
    });
  } finally {
    await session.close();
  }
}
