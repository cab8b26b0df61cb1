// Trains on the thread that asks, as a contained process does: a thread for each round would load ONNX Runtime and the
// training code again, which takes many times as long as a round of a test.
import {
  isOutOfMemory,
  OUT_OF_MEMORY,
  runRound,
  secureRandomness,
  TrainingFailedError,
  TrainingInputError,
} from '@consilium/dp-sgd';
import { type GraphEngine, graphEngineInProcess } from '../containment/graph-engine.ts';

export const graphEngineOnThisThread: GraphEngine = {
  ...graphEngineInProcess,
  async trainRound(input, { onDrawing, onProgress, signal } = {}) {
    await onDrawing?.();
    signal?.throwIfAborted();
    try {
      return await runRound(input, {
        randomness: secureRandomness,
        onProgress(progress) {
          signal?.throwIfAborted();
          onProgress?.(progress);
        },
      });
    } catch (cause) {
      if (cause instanceof TrainingInputError || signal?.aborted) throw cause;
      if (isOutOfMemory(cause)) throw new TrainingInputError(OUT_OF_MEMORY, { cause });
      throw new TrainingFailedError('the training failed', { cause });
    }
  },
};
