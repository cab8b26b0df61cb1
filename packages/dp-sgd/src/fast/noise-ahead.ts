// Noise for step after step: drawn by a worker thread while the step before is still being computed.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { GaussianSampler } from '../discrete-gaussian.ts';
import { RandomWords, secureRandomness } from '../randomness.ts';
import type { NoiseSource } from '../step-engine.ts';
import { openGaussian } from './open-gaussian.ts';

const EMPTY = 0;
const FULL = 1;
const CLOSED = 2;
const BUFFERS = 3;
/** Fewer samples are drawn sooner than they are fetched from another thread. */
export const WORTH_A_WORKER = 1024;

/** The worker failed, or is closed. */
export class NoiseWorkerError extends Error {
  override readonly name = 'NoiseWorkerError';
}

/** A worker without any progress for this long has failed. */
export const WAIT_AT_MOST_MS = 60_000;

/**
 * Samples per buffer, at least: handing over a buffer costs more than a short vector. A run of many steps takes as many
 * at once, so that they are ready when it begins.
 */
const BUFFER_SAMPLES = 2 ** 17;

/**
 * Starts to draw vectors of `count` samples of N_Z(0, σ²) from the operating system's randomness.
 *
 * Each vector is handed out once. While none is ready, `draw` draws a short one itself, and waits for a long one. Which
 * thread drew a vector reveals nothing about it: the bits of the generator are independent in both.
 */
export function startNoise({
  sigma,
  count,
}: {
  readonly sigma: number;
  readonly count: number;
}): NoiseSource {
  const vectors = Math.ceil(BUFFER_SAMPLES / count);
  const buffers = Array.from(
    { length: BUFFERS },
    () => new Float64Array(new SharedArrayBuffer(vectors * count * 8)),
  );
  const states = new Int32Array(new SharedArrayBuffer(4 * BUFFERS));
  const worker = new Worker(new URL('./noise-worker.js', import.meta.url), {
    workerData: { sigma, buffers, states },
  });
  const exited = once(worker, 'exit').catch(() => undefined);
  let current = 0;
  let next = 0;
  const recycle = () => {
    Atomics.store(states, current, EMPTY);
    Atomics.notify(states, current);
    current = (current + 1) % BUFFERS;
    next = 0;
  };
  const own = vectors > 1 ? ownVectors({ sigma, count }) : undefined;
  return {
    draw() {
      if (next === vectors) recycle();
      if (next === 0 && own !== undefined && Atomics.load(states, current) === EMPTY) return own();
      if (Atomics.wait(states, current, EMPTY, WAIT_AT_MOST_MS) === 'timed-out') {
        throw new NoiseWorkerError('the noise worker has drawn nothing for a minute');
      }
      if (Atomics.load(states, current) !== FULL) throw new NoiseWorkerError('the noise worker is closed');
      const first = next++ * count;
      return buffers[current]!.subarray(first, first + count);
    },
    async close() {
      for (let bufferIndex = 0; bufferIndex < BUFFERS; bufferIndex++) {
        Atomics.store(states, bufferIndex, CLOSED);
        Atomics.notify(states, bufferIndex);
      }
      await exited;
    },
  };
}

/** Draws vectors on the calling thread, each into the same array. */
function ownVectors({
  sigma,
  count,
}: {
  readonly sigma: number;
  readonly count: number;
}): () => Float64Array {
  const samples = new Float64Array(count);
  let gaussian: GaussianSampler | undefined;
  return () => {
    gaussian ??= openGaussian(new RandomWords(secureRandomness), sigma);
    gaussian.fill(samples);
    return samples;
  };
}
