// Noise and update of a large model, shared with a worker thread. Products of matrices keep both cores busy for most of a
// step: so the worker draws noise before and after them, and the training thread joins in, rather than that one lane
// waits for another that shares its core with the noise.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { LaneSums, type SumsInParts } from './lane-sums.ts';
import type { DescentRates, ReleaseScale } from './move-loop.ts';
import { type NoiseAhead, NoiseWorkerError, WAIT_AT_MOST_MS } from './noise-ahead.ts';
import { createCounters, SharedUpdate, startLanes } from './shared-update.ts';
import { createStepMemory, NOISE_SLOTS, type StepMemory } from './step-memory.ts';
import type { StepMechanism } from './training-steps.ts';
import type { UpdateTask } from './update-worker.ts';

type Release = StepMechanism['release'];

/** What of a step is in one memory, and moved in one loop over it. */
export interface FusedUpdate {
  readonly memory: StepMemory;
  /** What it does besides moving. */
  readonly release: Release;
  /** Whether a sum is that of the memory's lanes, as they left it, and the noise that drawn last. */
  canMove(sum: SumsInParts, noise: Float64Array): boolean;
  /**
   * Releases the lanes' sum with the noise drawn last, and moves the memory's parameters by it: to the bit what
   * `releaseMean` and the rule of gradient descent do. The noise is used up.
   */
  move(rates: DescentRates): void;
}

export interface UpdateAhead extends NoiseAhead, FusedUpdate {
  /** For `endLane`. */
  readonly counters: Int32Array;
  /** Has the next vector of noise drawn, and then no more until a lane ends: lanes take all cores. */
  startLanes(): void;
}

/**
 * Starts to draw vectors of noise N_Z(0, σ²) for each parameter, from the operating system's randomness, each handed
 * out once.
 *
 * @param options.lanes with fewer of them at work noise is drawn
 */
export function startUpdate(options: {
  readonly sigma: number;
  readonly parameterCount: number;
  readonly hasVelocity: boolean;
  readonly lanes: number;
  /** `releaseMean` of the scale given. */
  readonly release: Release;
  readonly scale: ReleaseScale;
}): UpdateAhead {
  const { sigma, parameterCount, hasVelocity, lanes, release, scale } = options;
  const memory = createStepMemory(parameterCount, hasVelocity);
  const counters = createCounters();
  const task = { layout: { memory: memory.memory, parameterCount, hasVelocity }, counters, sigma };
  const shared = new SharedUpdate(task);
  const workerData: UpdateTask = { ...task, lanes };
  const worker = new Worker(new URL('./update-worker.js', import.meta.url), { workerData });
  const exited = once(worker, 'exit').catch(() => undefined);
  let slot = 0;
  let isDrawn = false;
  let isClosed = false;
  const useUp = () => {
    if (isDrawn) shared.emptySlot(slot);
    if (isDrawn) slot = (slot + 1) % NOISE_SLOTS;
    isDrawn = false;
  };
  const finish = (ofSlot: number) => {
    if (isClosed) throw new NoiseWorkerError('the noise worker is closed');
    while (shared.drawPart(ofSlot));
    if (!shared.areDrawn(ofSlot, WAIT_AT_MOST_MS)) {
      throw new NoiseWorkerError('the noise worker has drawn nothing for a minute');
    }
  };
  return {
    memory,
    counters,
    startLanes() {
      finish(isDrawn ? (slot + 1) % NOISE_SLOTS : slot);
      startLanes(counters, lanes);
    },
    draw() {
      useUp();
      finish(slot);
      isDrawn = true;
      return memory.noise[slot]!;
    },
    release,
    canMove: (sum, noise) =>
      isDrawn && noise === memory.noise[slot] && sum instanceof LaneSums && sum.isOf(memory.sums),
    move(rates) {
      if (!isDrawn) throw new NoiseWorkerError('noise is drawn before it is used');
      shared.loop.setRates({ ...scale, ...rates });
      shared.startMove(slot);
      while (shared.movePart());
      if (!shared.areMoved(WAIT_AT_MOST_MS)) {
        throw new NoiseWorkerError('the update worker has moved nothing for a minute');
      }
      useUp();
    },
    async close() {
      isClosed = true;
      shared.close();
      await exited;
    },
  };
}
