// The worker thread that draws noise ahead of its use: it sees σ and a count, never a patient's data, so that how
// long a draw takes reveals nothing about them.
import { workerData } from 'node:worker_threads';
import { RandomWords, secureRandomness } from '../randomness.ts';
import { openGaussian } from './open-gaussian.ts';

const EMPTY = 0;
const FULL = 1;
const CLOSED = 2;

export interface NoiseTask {
  readonly sigma: number;
  /** Shared with the training thread: one Float64Array of samples each. */
  readonly buffers: readonly Float64Array[];
  /** Shared: whether each buffer is EMPTY, FULL or CLOSED. */
  readonly states: Int32Array;
}

const { sigma, buffers, states } = workerData as NoiseTask;
const gaussian = openGaussian(new RandomWords(secureRandomness), sigma);
for (let bufferIndex = 0; ; bufferIndex = (bufferIndex + 1) % buffers.length) {
  Atomics.wait(states, bufferIndex, FULL);
  if (Atomics.load(states, bufferIndex) === CLOSED) break;
  gaussian.fill(buffers[bufferIndex]!);
  if (Atomics.compareExchange(states, bufferIndex, EMPTY, FULL) === CLOSED) break;
  Atomics.notify(states, bufferIndex);
}
