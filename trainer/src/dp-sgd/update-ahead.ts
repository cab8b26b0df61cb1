// Noise and update of a large model, shared with another lane's thread. Products of matrices keep both cores busy for
// most of a step: so both threads draw noise before them and move parameters after them, rather than that a third one
// draws it meanwhile, holds up the lane whose core it shares, and so both.
import { LaneSums, type SumsInParts } from './lane-sums.ts';
import type { DescentRates, ReleaseScale } from './move-loop.ts';
import { type NoiseAhead, NoiseWorkerError, WAIT_AT_MOST_MS } from './noise-ahead.ts';
import { createCounters, SharedUpdate, type SharedUpdateTask } from './shared-update.ts';
import { createStepMemory, NOISE_SLOTS, type StepMemory } from './step-memory.ts';
import type { StepMechanism } from './training-steps.ts';

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
  /** For the lane's thread that is to help (`SharedUpdate.helpUntil`). */
  readonly task: SharedUpdateTask;
  /** Has the next vector of noise drawn: before lanes take all cores. */
  finishNoise(): void;
}

/**
 * Vectors of noise N_Z(0, σ²) for each parameter, from the operating system's randomness, each handed out once. They
 * are drawn when they are asked for, but for what a thread that helps has drawn before.
 */
export function openUpdate(options: {
  readonly sigma: number;
  readonly parameterCount: number;
  readonly hasVelocity: boolean;
  /** `releaseMean` of the scale given. */
  readonly release: Release;
  readonly scale: ReleaseScale;
}): UpdateAhead {
  const { sigma, parameterCount, hasVelocity, release, scale } = options;
  const memory = createStepMemory(parameterCount, hasVelocity);
  const layout = { memory: memory.memory, parameterCount, hasVelocity };
  const task = { layout, counters: createCounters(), sigma };
  const shared = new SharedUpdate(task);
  let slot = 0;
  let isDrawn = false;
  let isClosed = false;
  const useUp = () => {
    if (isDrawn) shared.emptySlot(slot);
    if (isDrawn) slot = (slot + 1) % NOISE_SLOTS;
    isDrawn = false;
  };
  const finish = (ofSlot: number) => {
    if (isClosed) throw new NoiseWorkerError('the source of noise is closed');
    while (shared.drawPart(ofSlot));
    if (!shared.areDrawn(ofSlot, WAIT_AT_MOST_MS)) {
      throw new NoiseWorkerError('a lane has drawn no noise for a minute');
    }
  };
  return {
    memory,
    task,
    finishNoise: () => finish(isDrawn ? (slot + 1) % NOISE_SLOTS : slot),
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
        throw new NoiseWorkerError('a lane has moved nothing for a minute');
      }
      useUp();
    },
    async close() {
      isClosed = true;
    },
  };
}
