// The noise and the move of a step, in tiles that two threads take in turn until none is left: whichever thread is free
// takes the next tile, so that neither waits for the other. A thread that waits for work draws noise ahead. Noise that
// is not ready when parameters are moved is drawn then, tile by tile, and used while it is in the cache.
import type { GaussianSampler } from '../discrete-gaussian.ts';
import { RandomWords, secureRandomness } from '../randomness.ts';
import { MoveLoop } from './move-loop.ts';
import { NoiseWorkerError, WAIT_AT_MOST_MS } from './noise-ahead.ts';
import { openGaussian } from './open-gaussian.ts';
import { NOISE_BUFFERS, type StepMemoryLayout, TILE_VALUES, viewStepMemory } from './step-memory.ts';

/** Counters that the threads share, each in a cache line of its own. */
const LINE = 16;
/** How many tiles were taken for the move, and how many are moved. */
const TAKEN = 0;
const MOVED = LINE;
/** The buffer whose noise is used next. */
const BUFFER = 2 * LINE;
/** Changes whenever there may be work for a thread that waits. */
const EVENTS = 3 * LINE;
/** For each buffer: how many tiles were offered for drawing, and how many are drawn. */
const LOOKED_AT = 4 * LINE;
const DRAWN = LOOKED_AT + NOISE_BUFFERS * LINE;
/** For each buffer, the state of each tile. */
const TILES = DRAWN + NOISE_BUFFERS * LINE;

const TILE_STATE = { empty: 0, taken: 1, drawn: 2 } as const;

/** Checks of a counter before a thread sleeps, since waking takes longer than a check. */
const LOOKS = 2 ** 14;

const tilesOf = (parameterCount: number): number => Math.ceil(parameterCount / TILE_VALUES);

/** Counters at the start: all noise is to be drawn, and nothing to be moved. */
export function createCounters(parameterCount: number): Int32Array {
  const tiles = tilesOf(parameterCount);
  const counters = new Int32Array(new SharedArrayBuffer(4 * (TILES + NOISE_BUFFERS * tiles)));
  counters[TAKEN] = tiles;
  counters[MOVED] = tiles;
  return counters;
}

export interface SharedMoveTask {
  readonly layout: StepMemoryLayout;
  readonly counters: Int32Array;
  readonly sigma: number;
}

/** Makes a thread that waits check again. */
export function signal(counters: Int32Array): void {
  Atomics.add(counters, EVENTS, 1);
  Atomics.notify(counters, EVENTS);
}

/** Waits until a counter has a value. @throws NoiseWorkerError after a minute without a change */
function reach(counters: Int32Array, at: number, value: number): void {
  for (let look = 0; look < LOOKS; look++) if (Atomics.load(counters, at) === value) return;
  const until = performance.now() + WAIT_AT_MOST_MS;
  for (;;) {
    const seen = Atomics.load(counters, at);
    if (seen === value) return;
    const left = until - performance.now();
    if (left <= 0) throw new NoiseWorkerError('the thread of a shard has done nothing for a minute');
    Atomics.wait(counters, at, seen, left);
  }
}

/** One thread's share in the moves of a step memory. */
export class SharedMove {
  readonly loop: MoveLoop;
  readonly #counters: Int32Array;
  readonly #gaussian: GaussianSampler;
  readonly #tiles: number;
  readonly #parameterCount: number;
  /** Views of each buffer's tiles. */
  readonly #noise: readonly (readonly Float64Array[])[];
  /** Noise that is used as soon as it is drawn. */
  readonly #scratch: Float64Array;

  /** @param thread which of THREADS this is */
  constructor({ layout, counters, sigma }: SharedMoveTask, thread: number) {
    const memory = viewStepMemory(layout);
    const { parameterCount } = layout;
    this.loop = new MoveLoop(memory);
    this.#counters = counters;
    this.#gaussian = openGaussian(new RandomWords(secureRandomness), sigma, layout.memory);
    this.#tiles = tilesOf(parameterCount);
    this.#parameterCount = parameterCount;
    this.#noise = memory.noise.map((noise) =>
      Array.from({ length: this.#tiles }, (_, tile) =>
        noise.subarray(tile * TILE_VALUES, (tile + 1) * TILE_VALUES),
      ),
    );
    this.#scratch = memory.scratch[thread]!;
  }

  /** Draws a tile of noise; false where none is left to be drawn. */
  drawAhead(): boolean {
    const { bufferIndex } = this;
    return this.#drawTile(bufferIndex) || this.#drawTile((bufferIndex + 1) % NOISE_BUFFERS);
  }

  #drawTile(bufferIndex: number): boolean {
    const counters = this.#counters;
    // In descending order, since tiles are moved in ascending order.
    while (Atomics.load(counters, LOOKED_AT + bufferIndex * LINE) < this.#tiles) {
      const tile = this.#tiles - 1 - Atomics.add(counters, LOOKED_AT + bufferIndex * LINE, 1);
      if (tile < 0) return false;
      if (!this.#take(bufferIndex, tile)) continue;
      this.#gaussian.fill(this.#noise[bufferIndex]![tile]!);
      Atomics.add(counters, DRAWN + bufferIndex * LINE, 1);
      Atomics.store(counters, this.#stateOf(bufferIndex, tile), TILE_STATE.drawn);
      Atomics.notify(counters, this.#stateOf(bufferIndex, tile));
      if (Atomics.load(counters, DRAWN + bufferIndex * LINE) === this.#tiles) {
        Atomics.notify(counters, DRAWN + bufferIndex * LINE);
      }
      return true;
    }
    return false;
  }

  /** Moves a tile of the parameters; false where none is left to be moved. */
  moveTile(): boolean {
    const counters = this.#counters;
    if (Atomics.load(counters, TAKEN) >= this.#tiles) return false;
    const tile = Atomics.add(counters, TAKEN, 1);
    if (tile >= this.#tiles) return false;
    const first = tile * TILE_VALUES;
    const noise = this.#noiseFor(this.bufferIndex, tile);
    this.loop.move(noise, first, Math.min(this.#parameterCount, first + TILE_VALUES));
    if (Atomics.add(counters, MOVED, 1) + 1 === this.#tiles) Atomics.notify(counters, MOVED);
    return true;
  }

  /**
   * Takes tiles, and waits where there are none, until the thread is needed for something else: `signal` makes it
   * check.
   */
  helpUntil(isWanted: () => boolean): void {
    const counters = this.#counters;
    for (;;) {
      const seen = Atomics.load(counters, EVENTS);
      if (isWanted()) return;
      if (!this.moveTile() && !this.drawAhead()) Atomics.wait(counters, EVENTS, seen);
    }
  }

  /** The buffer whose noise is used next. */
  get bufferIndex(): number {
    return Atomics.load(this.#counters, BUFFER);
  }

  /** Draws all noise of the next buffer. @throws NoiseWorkerError where another thread does not finish its tiles */
  drawAll(): void {
    const [counters, bufferIndex] = [this.#counters, this.bufferIndex];
    while (this.#drawTile(bufferIndex));
    reach(counters, DRAWN + bufferIndex * LINE, this.#tiles);
  }

  /** Moves all parameters, by the next buffer's noise. @throws NoiseWorkerError as `drawAll` */
  moveAll(): void {
    const counters = this.#counters;
    Atomics.store(counters, MOVED, 0);
    Atomics.store(counters, TAKEN, 0);
    signal(counters);
    while (this.moveTile());
    reach(counters, MOVED, this.#tiles);
  }

  /** Goes on to the other buffer, and marks this one, whose noise was drawn and used, to be drawn again. */
  nextBuffer(): void {
    const [counters, bufferIndex] = [this.#counters, this.bufferIndex];
    Atomics.store(counters, BUFFER, (bufferIndex + 1) % NOISE_BUFFERS);
    // The count is reset first, since other threads may draw tiles as soon as they are empty.
    Atomics.store(counters, DRAWN + bufferIndex * LINE, 0);
    for (let tile = 0; tile < this.#tiles; tile++) {
      Atomics.store(counters, this.#stateOf(bufferIndex, tile), TILE_STATE.empty);
    }
    Atomics.store(counters, LOOKED_AT + bufferIndex * LINE, 0);
    signal(counters);
  }

  #noiseFor(bufferIndex: number, tile: number): Float64Array {
    const counters = this.#counters;
    if (!this.#take(bufferIndex, tile)) {
      reach(counters, this.#stateOf(bufferIndex, tile), TILE_STATE.drawn);
      return this.#noise[bufferIndex]![tile]!;
    }
    const count = this.#noise[bufferIndex]![tile]!.length;
    this.#gaussian.fill(count === TILE_VALUES ? this.#scratch : this.#scratch.subarray(0, count));
    return this.#scratch;
  }

  #stateOf = (bufferIndex: number, tile: number): number => TILES + bufferIndex * this.#tiles + tile;

  /** Claims a tile of noise for this thread; false where another thread has it. */
  #take(bufferIndex: number, tile: number): boolean {
    const { empty, taken } = TILE_STATE;
    return Atomics.compareExchange(this.#counters, this.#stateOf(bufferIndex, tile), empty, taken) === empty;
  }
}
