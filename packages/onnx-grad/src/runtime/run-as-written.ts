// Runs the part of a graph's file that leads to its logit, on zeros and codes and never on patients: members download
// that file, and a runtime must accept it. Scores and predictions run the lowering instead (`score-graph.ts`).

import { type ModelProblem, modelProblem } from '../format/model-problem.ts';
import { ELEMENT_TYPE, encodeModel } from '../format/onnx-schema.ts';
import { UnsupportedModelError } from '../format/unsupported-model.ts';
import { prunedTo } from '../import/prune-graph.ts';
import { readForeignModel } from '../import/read-foreign-model.ts';
import { withStandardOperators } from '../import/scikit-learn.ts';
import { readForwardModel } from '../model/forward-model.ts';
import { OnnxRuntimeError, openSession } from './onnx-runtime.ts';

const ROWS = 2;

/** The model without nodes that the logit does not depend on. */
function prunedToLogit(onnx: Uint8Array, logit: string): Uint8Array {
  const model = withStandardOperators(readForeignModel(onnx));
  const output = { name: logit, type: { tensorType: { elemType: ELEMENT_TYPE.float } } };
  const { graph, irVersion, opsetImport } = prunedTo(model, [output]);
  return encodeModel({ irVersion, opsetImport, graph: { ...graph, valueInfo: [] }, metadataProps: [] });
}

/** An input that holds codes for an embedding: whole numbers from 0 to `last`. */
export interface CodeInput {
  readonly name: string;
  /** Its place in a row. */
  readonly at: number;
  readonly last: number;
}

/**
 * @param codes inputs whose last code is tried too: an embedding with fewer rows stops there
 * @throws OnnxRuntimeError where the runtime does not load the file, or does not run it on two rows of zeros
 * @throws UnsupportedModelError naming the inputs whose last code it does not run on
 */
export async function runAsWritten(onnx: Uint8Array, codes: readonly CodeInput[] = []): Promise<void> {
  const { input, inputShape, features, logit } = readForwardModel(onnx);
  const session = await openSession(prunedToLogit(onnx, logit), { threads: 1 });
  try {
    const run = (data: Float32Array) =>
      session.run({ [input]: { type: 'float32', shape: [ROWS, ...inputShape], data } });
    await run(new Float32Array(ROWS * features));
    const problems: ModelProblem[] = [];
    for (const { name, at, last } of codes) {
      const data = new Float32Array(ROWS * features);
      data[at] = last;
      try {
        await run(data);
      } catch (error) {
        if (!(error instanceof OnnxRuntimeError)) throw error;
        problems.push(
          modelProblem(
            `input ${name}`,
            `has codes from 0 to ${last}, where ${last} is for what is not known, and the graph does not run ` +
              `on ${last}`,
            `give the embedding ${last + 1} rows`,
          ),
        );
      }
    }
    if (problems.length > 0) throw new UnsupportedModelError(problems);
  } finally {
    await session.close();
  }
}
