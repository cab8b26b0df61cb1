// The worker thread that draws noise ahead of its use: it sees σ and a count, never a patient's data, so that how
// long a draw takes can tell nothing about them.
import { workerData } from 'node:worker_threads';
import { RandomWords, secureRandomness } from '../randomness.ts';
import { openGaussian } from './open-gaussian.ts';

const EMPTY = 0;
const FULL = 1;
const CLOSED = 2;

export interface NoiseTask {
  readonly sigma: number;
  /** Shared with the training thread: one Float64Array of samples each. */
  readonly slots: readonly Float64Array[];
  /** Shared: whether each slot is EMPTY, FULL or CLOSED. */
  readonly states: Int32Array;
}

const { sigma, slots, states } = workerData as NoiseTask;
const gaussian = openGaussian(new RandomWords(secureRandomness), sigma);
for (let slot = 0; ; slot = (slot + 1) % slots.length) {
  Atomics.wait(states, slot, FULL);
  if (Atomics.load(states, slot) === CLOSED) break;
  gaussian.fill(slots[slot]!);
  if (Atomics.compareExchange(states, slot, EMPTY, FULL) === CLOSED) break;
  Atomics.notify(states, slot);
}
