// Runs a graph as its file has it, on zeros and never on patients: members download that file, and it must be one that a
// runtime takes. What scores and predictions run is the lowering (`score-graph.ts`).
import { readForwardModel } from './forward-model.ts';
import { openSession } from './onnx-runtime.ts';

/** @throws OnnxRuntimeError where the runtime does not load the file, or does not run it on two rows */
export async function runAsWritten(onnx: Uint8Array): Promise<void> {
  const { input, inputShape, features } = readForwardModel(onnx);
  const session = await openSession(onnx, { threads: 1 });
  try {
    const rows = {
      type: 'float32',
      shape: [2, ...inputShape],
      data: new Float32Array(2 * features),
    } as const;
    await session.run({ [input]: rows });
  } finally {
    await session.close();
  }
}
