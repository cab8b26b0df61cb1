// Noise and update of a large model, shared with another lane's thread. Products of matrices keep both cores busy for
// most of a step: a third thread that drew noise meanwhile would hold up the lane whose core it shares, and so both.
import type { Sums } from './lane.ts';
import { LaneSums, type SumsInParts } from './lane-sums.ts';
import type { DescentRates, ReleaseScale } from './move-loop.ts';
import { NoiseWorkerError } from './noise-ahead.ts';
import { createCounters, SharedUpdate, type SharedUpdateTask } from './shared-update.ts';
import { createStepMemory, type StepMemory } from './step-memory.ts';

/**
 * The released mean gradient of some parameters from their sum and noise, as many values: at the start of `into`, where
 * it is given.
 */
export type Release = (
  sums: { readonly sum: Sums; readonly noise: Float64Array; readonly batch: Uint32Array },
  into?: Float64Array,
) => Float64Array;

/** What of a step is in one memory, and moved in one loop over it. */
export interface FusedUpdate {
  readonly memory: StepMemory;
  /** What it does besides moving. */
  readonly release: Release;
  /**
   * Fresh integer noise, [parameterCount], of the kind that `move` uses, which stands for no other source; the array is
   * good until the next call, or the next move.
   */
  readonly draw: () => Float64Array;
  /** Whether a sum is that of the memory's lanes, as they left it. */
  canMove(sum: SumsInParts): boolean;
  /**
   * Releases the lanes' sum with fresh noise, and moves the memory's parameters by it: to the bit what `releaseMean`
   * and the rule of gradient descent do. The noise is handed out to nobody else.
   */
  move(rates: DescentRates): void;
}

export interface UpdateAhead extends FusedUpdate {
  /** For the lane's thread that is to help (`SharedUpdate.helpUntil`). */
  readonly task: SharedUpdateTask;
  /** Draws noise ahead as long as the condition holds. */
  drawWhile(holds: () => boolean): void;
  close(): Promise<void>;
}

/**
 * Vectors of noise N_Z(0, σ²) for each parameter, from the operating system's randomness, each used once. What threads
 * that wait have not drawn before is drawn when it is asked for.
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
  const task = { layout, counters: createCounters(parameterCount), sigma };
  const shared = new SharedUpdate(task, 0);
  /** Whether the next slot's noise was handed out. */
  let isDrawn = false;
  let isClosed = false;
  const useUp = () => {
    shared.nextSlot();
    isDrawn = false;
  };
  const begin = () => {
    if (isClosed) throw new NoiseWorkerError('the source of noise is closed');
    if (isDrawn) useUp();
  };
  return {
    memory,
    task,
    draw() {
      begin();
      shared.drawAll();
      isDrawn = true;
      return memory.noise[shared.slot]!;
    },
    drawWhile(holds) {
      while (holds() && shared.drawAhead());
    },
    release,
    canMove: (sum) => sum instanceof LaneSums && sum.isOf(memory.sums),
    move(rates) {
      begin();
      shared.loop.setRates({ ...scale, ...rates });
      shared.moveAll();
      useUp();
    },
    async close() {
      isClosed = true;
    },
  };
}
