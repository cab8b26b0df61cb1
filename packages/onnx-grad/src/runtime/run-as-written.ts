// Runs the part of a graph's file that leads to its logit, on zeros and never on patients: members download that file,
// and a runtime must accept it. Scores and predictions run the lowering instead (`score-graph.ts`).

import { ELEMENT_TYPE, encodeModel } from '../format/onnx-schema.ts';
import { prunedTo } from '../import/prune-graph.ts';
import { readForeignModel } from '../import/read-foreign-model.ts';
import { withStandardOperators } from '../import/scikit-learn.ts';
import { readForwardModel } from '../model/forward-model.ts';
import { openSession } from './onnx-runtime.ts';

const ROWS = 2;

/** The model without nodes that the logit does not depend on. */
function prunedToLogit(onnx: Uint8Array, logit: string): Uint8Array {
  const model = withStandardOperators(readForeignModel(onnx));
  const output = { name: logit, type: { tensorType: { elemType: ELEMENT_TYPE.float } } };
  const { graph, irVersion, opsetImport } = prunedTo(model, [output]);
  return encodeModel({ irVersion, opsetImport, graph: { ...graph, valueInfo: [] }, metadataProps: [] });
}

/** @throws OnnxRuntimeError where the runtime does not load the file, or does not run it on two rows */
export async function runAsWritten(onnx: Uint8Array): Promise<void> {
  const { input, inputShape, features, logit } = readForwardModel(onnx);
  const session = await openSession(prunedToLogit(onnx, logit), { threads: 1 });
  try {
    const data = new Float32Array(ROWS * features);
    await session.run({ [input]: { type: 'float32', shape: [ROWS, ...inputShape], data } });
  } finally {
    await session.close();
  }
}
