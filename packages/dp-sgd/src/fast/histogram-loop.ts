// The inner loop of the histogram sampler in WebAssembly. It decides nearly all random points by lines above and below
// the curve in their bins, and hands back the few others.
import assert from 'node:assert/strict';
import type { Histogram } from './histogram.ts';
import { LAYOUT, LOOP_LOCALS, LOOP_PARAMETERS, loopBody, MOST_BINS } from './histogram-code.ts';
import { compileWasm, type SharedMemory } from './wasm-function.ts';

/** Points per pool of random bits: a call to the system's generator costs as much as 600 points. */
export const POOL_POINTS = 2 ** 14;

/** Samples that the loop's own memory holds; they fit the first-level cache. */
export const OWN_SAMPLES = 2 ** 11;

const PAGE = 2 ** 16;

export class HistogramLoop {
  /** The random bits, from the first point on. Bits that are used are cleared. */
  readonly pool: Uint32Array;
  /** All of the memory that samples are written to: the one given, or the loop's own. */
  readonly samples: Float64Array;
  /** The next of the pool's points. */
  point = POOL_POINTS;
  /** Index of the next sample. */
  sample = 0;
  /** Index of the first of OWN_SAMPLES in the loop's own memory. */
  readonly ownSamples: number;
  readonly #state: Int32Array;
  readonly #isShort: boolean;
  readonly #run: (...parameters: readonly number[]) => number;

  constructor({ bounds, columns, offsetBits }: Histogram, output?: SharedMemory) {
    assert(bounds.length <= MOST_BINS && bounds.length * 2 ** offsetBits <= 2 ** 31, 'the bins fit');
    this.#isShort = offsetBits < 16;
    const bitBytes = this.#isShort ? 2 : 4;
    const poolBytes = (4 + bitBytes) * POOL_POINTS;
    const { memory, run } = compileWasm({
      parameters: LOOP_PARAMETERS,
      locals: LOOP_LOCALS,
      memory: { pages: Math.ceil((LAYOUT.pool + poolBytes + 8 * OWN_SAMPLES) / PAGE) },
      other: output,
      body: loopBody({ offsetBits, bitBytes, points: POOL_POINTS, isElsewhere: output !== undefined }),
    });
    const view = new Int32Array(memory);
    columns.forEach(([split, ...entries], column) => {
      view[LAYOUT.split / 4 + column] = split - 1;
      entries.forEach(({ bin, shift }, side) => {
        const at = LAYOUT.entries / 4 + 4 * column + 2 * side;
        view[at] = bin << offsetBits;
        view[at + 1] = shift - bounds[bin]!.under;
      });
    });
    const slopes = new Float64Array(memory, LAYOUT.slopes, 2 * bounds.length);
    slopes.set(bounds.flatMap(({ lower, upper }) => [lower, upper]));
    this.pool = new Uint32Array(memory, LAYOUT.pool, poolBytes / 4);
    this.samples = new Float64Array(output?.buffer ?? memory);
    this.ownSamples = (LAYOUT.pool + poolBytes) / 8;
    this.#state = new Int32Array(memory, LAYOUT.state, 3);
    this.#run = run;
  }

  /**
   * Takes points and writes samples from index `sample` up to `end`, until there are no more points or, unless some are
   * refused, no more indices; `point` and `sample` move as far as it came. No object is made.
   *
   * @returns whether the last point taken gave no sample and is to be decided: `handedBack`
   */
  take(end: number): boolean {
    const first = LAYOUT.pool + 4 * this.point;
    const count = Math.min(end - this.sample, POOL_POINTS - this.point);
    const next = this.#run(8 * this.sample, first, first + 4 * count);
    this.point = ((next & ~1) - LAYOUT.pool) / 4;
    this.sample = this.#state[0]! / 8;
    return (next & 1) === 1;
  }

  /** The point that is to be decided, and the bits for its offset, from the lowest on, and its sign. */
  get handedBack(): { readonly point: number; readonly bits: number; readonly isNegative: boolean } {
    const bits = this.#state[2]!;
    return {
      point: this.#state[1]! >>> 0,
      bits,
      isNegative: this.#isShort ? bits >>> 15 === 1 : bits < 0,
    };
  }
}
