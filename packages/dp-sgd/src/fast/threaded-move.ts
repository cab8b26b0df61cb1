// The noise and the move of a large model, shared with the thread of another shard. Matrix products keep both cores
// busy for most of a step: a third thread that draws noise at that time would delay the shard on its core, and so both.
import { ShardSums } from '../tiled-sums.ts';
import type { FusedMove, Release } from '../training-steps.ts';
import type { ReleaseScale } from './move-loop.ts';
import { NoiseWorkerError } from './noise-ahead.ts';
import { createCounters, SharedMove, type SharedMoveTask } from './shared-move.ts';
import { createStepMemory, type StepMemory } from './step-memory.ts';

export interface ThreadedMove extends FusedMove {
  readonly memory: StepMemory;
  /** What the other shard's thread needs to help (`SharedMove.helpUntil`). */
  readonly task: SharedMoveTask;
  /** Draws noise ahead as long as the condition holds. */
  drawWhile(holds: () => boolean): void;
}

/**
 * Vectors of noise N_Z(0, σ²), [parameterCount], from the operating system's randomness, each used once. Threads that
 * wait draw it ahead; the rest is drawn when it is needed.
 */
export function openMove(options: {
  readonly sigma: number;
  readonly parameterCount: number;
  readonly hasVelocity: boolean;
  /** `releaseMean` of the scale given. */
  readonly release: Release;
  readonly scale: ReleaseScale;
}): ThreadedMove {
  const { sigma, parameterCount, hasVelocity, release, scale } = options;
  const memory = createStepMemory(parameterCount, hasVelocity);
  const layout = { memory: memory.memory, parameterCount, hasVelocity };
  const task = { layout, counters: createCounters(parameterCount), sigma };
  const shared = new SharedMove(task, 0);
  /** Whether the next buffer's noise was handed out. */
  let isDrawn = false;
  let isClosed = false;
  const useUp = () => {
    shared.nextBuffer();
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
      return memory.noise[shared.bufferIndex]!;
    },
    drawWhile(holds) {
      while (holds() && shared.drawAhead());
    },
    release,
    canMove: (sum) => sum instanceof ShardSums && sum.isOf(memory.sums),
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
