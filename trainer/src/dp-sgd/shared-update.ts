// Noise and update of a step, in parts that two threads take in turn until none is left: a part is whoever's that has
// time for it, so that neither waits for the other.
import { DiscreteGaussian } from './discrete-gaussian.ts';
import { MoveLoop } from './move-loop.ts';
import { RandomWords, secureRandomness } from './randomness.ts';
import { NOISE_SLOTS, type StepMemoryLayout, viewStepMemory } from './step-memory.ts';

/**
 * Values of a part: of noise, as many as the sampler draws from one pool of random words, and so few that a thread that
 * is wanted elsewhere is soon there.
 */
const NOISE_PART = 7936;
const MOVE_PART = 2 ** 14;

/** Counters that the threads share, each in a cache line of its own. */
const LINE = 16;
const TAKEN = 0;
const DONE = LINE;
const TASKS = NOISE_SLOTS + 1;
const MOVE = NOISE_SLOTS;
const SLOT = TASKS * 2 * LINE;
/** Counts what may be work for a thread that waits. */
const EVENTS = SLOT + LINE;
/** Looks at a counter before a thread goes to sleep over it, which takes longer to wake from. */
const LOOKS = 2 ** 12;
const COUNTERS = EVENTS + LINE;

/** Counters of which all noise is to be drawn, and nothing to be moved. */
export function createCounters(): Int32Array {
  const counters = new Int32Array(new SharedArrayBuffer(4 * COUNTERS));
  counters[2 * LINE * MOVE + TAKEN] = 2 ** 31 - 1;
  return counters;
}

export interface SharedUpdateTask {
  readonly layout: StepMemoryLayout;
  readonly counters: Int32Array;
  readonly sigma: number;
}

/** Has a thread that waits look again. */
export function signal(counters: Int32Array): void {
  Atomics.add(counters, EVENTS, 1);
  Atomics.notify(counters, EVENTS);
}

export class SharedUpdate {
  readonly loop: MoveLoop;
  readonly #counters: Int32Array;
  readonly #noise: readonly Float64Array[];
  readonly #gaussian: DiscreteGaussian;
  readonly #parts: readonly number[];

  constructor({ layout, counters, sigma }: SharedUpdateTask) {
    const memory = viewStepMemory(layout);
    this.loop = new MoveLoop(memory);
    this.#counters = counters;
    this.#noise = memory.noise;
    this.#gaussian = new DiscreteGaussian(new RandomWords(secureRandomness), sigma, layout.memory);
    const { parameterCount } = layout;
    const noiseParts = Math.ceil(parameterCount / NOISE_PART);
    this.#parts = [...this.#noise.map(() => noiseParts), Math.ceil(parameterCount / MOVE_PART)];
  }

  /** Draws a part of a slot's noise; false where none is left to be drawn. */
  drawPart(slot: number): boolean {
    return this.#takePart(slot, (part) => {
      const noise = this.#noise[slot]!;
      this.#gaussian.fill(noise.subarray(part * NOISE_PART, (part + 1) * NOISE_PART));
    });
  }

  /** Moves a part of the parameters; false where none is left to be moved. */
  movePart(): boolean {
    return this.#takePart(MOVE, (part) => {
      const count = this.#noise[0]!.length;
      const slot = Atomics.load(this.#counters, SLOT);
      this.loop.move(slot, part * MOVE_PART, Math.min(count, (part + 1) * MOVE_PART));
    });
  }

  /** Takes parts, and waits where there are none, until the thread is wanted elsewhere: `signal` tells it to look. */
  helpUntil(isWanted: () => boolean): void {
    const counters = this.#counters;
    for (;;) {
      const seen = Atomics.load(counters, EVENTS);
      if (isWanted()) return;
      if (!this.movePart() && !this.#noise.some((_, slot) => this.drawPart(slot))) {
        Atomics.wait(counters, EVENTS, seen);
      }
    }
  }

  /** Gives a slot up, so that it is drawn anew. */
  emptySlot(slot: number): void {
    this.#open(slot);
  }

  startMove(slot: number): void {
    Atomics.store(this.#counters, SLOT, slot);
    this.#open(MOVE);
  }

  /** Waits for parts of a slot's noise that another thread has taken. @returns false where they do not come */
  areDrawn(slot: number, waitAtMostMs: number): boolean {
    return this.#isDone(slot, waitAtMostMs);
  }

  /** As `areDrawn`, for the move. */
  areMoved(waitAtMostMs: number): boolean {
    return this.#isDone(MOVE, waitAtMostMs);
  }

  #open(task: number): void {
    const counters = this.#counters;
    const at = 2 * LINE * task;
    Atomics.store(counters, at + DONE, 0);
    Atomics.store(counters, at + TAKEN, 0);
    signal(counters);
  }

  #takePart(task: number, work: (part: number) => void): boolean {
    const counters = this.#counters;
    const at = 2 * LINE * task;
    const parts = this.#parts[task]!;
    if (Atomics.load(counters, at + TAKEN) >= parts) return false;
    const part = Atomics.add(counters, at + TAKEN, 1);
    if (part >= parts) return false;
    work(part);
    if (Atomics.add(counters, at + DONE, 1) + 1 === parts) Atomics.notify(counters, at + DONE);
    return true;
  }

  #isDone(task: number, waitAtMostMs: number): boolean {
    const counters = this.#counters;
    const at = 2 * LINE * task + DONE;
    for (let look = 0; look < LOOKS; look++)
      if (Atomics.load(counters, at) === this.#parts[task]) return true;
    const until = performance.now() + waitAtMostMs;
    for (;;) {
      const done = Atomics.load(counters, at);
      if (done === this.#parts[task]) return true;
      const left = until - performance.now();
      if (left <= 0) return false;
      Atomics.wait(counters, at, done, left);
    }
  }
}
