// A fast and exact sampler of the discrete Gaussian for large σ: rejection from a staircase over its probabilities.
//
// The magnitudes are cut into strips of w = 2^b integers. Over strip i stands a rectangle of integer height
// H_i ≥ A f(x), f(x) = exp(-x²/2σ²), for one integer A; beyond 6σ one more rectangle stands for the rest. One random
// word picks a point in the rectangles, exactly (the alias method of Walker 1977 in integers: the heights fill 2^32
// to the last unit, what is left over is refused), a second one the place within the strip and the sign. Nearly all
// points lie below the strip's smallest A f(x) and are taken (`strip-loop.ts`); a double decides nearly all others; and
// where it cannot, integer interval arithmetic decides exactly.
import assert from 'node:assert/strict';
import { ESTIMATE_MARGIN, expInterval, type Rational } from './bernoulli-exponential.ts';
import type { RandomWords } from './randomness.ts';
import {
  COLUMN_BITS,
  COLUMN_HEIGHT,
  POOL_SAMPLES,
  type StripBounds,
  StripLoop,
  type StripTables,
} from './strip-loop.ts';
import type { SharedMemory } from './wasm-function.ts';

/** Below this the strips would not be wide enough. */
export const SMALLEST_STRIP_SIGMA = 2 ** 10;
/** Beyond this the strips would not end within integers of 32 bits. */
export const LARGEST_STRIP_SIGMA = 2 ** 28;

/** Strips reach to this many σ. */
const REACH = 6;

/**
 * Whether (offset + U) · left < right · exp(-γ) for a fresh uniform real U in [0, 1), revealed bit by bit.
 */
export function decideScaled(
  words: RandomWords,
  gamma: Rational,
  { offset, left, right }: { readonly offset: bigint; readonly left: bigint; readonly right: bigint },
): boolean {
  let revealed = 0n;
  for (let bits = 32; ; bits += 32) {
    revealed = (revealed << 32n) | BigInt(words.next());
    const { low, high } = expInterval(gamma, bits + 64);
    const at = ((offset << BigInt(bits)) + revealed) << 64n;
    if ((at + (1n << 64n)) * left <= right * low) return true;
    if (at * left >= right * high) return false;
  }
}

interface Piece {
  /** A strip; the strips' number for the tail, one more for what is refused. */
  readonly strip: number;
  readonly height: number;
}

/** Fills columns of one height with at most two pieces each, all pieces used up. Exact in integers. */
function fillColumns(pieces: readonly Piece[]): [Piece, Piece | undefined][] {
  const low: Piece[] = [];
  const high: Piece[] = [];
  for (const piece of pieces) (piece.height < COLUMN_HEIGHT ? low : high).push(piece);
  const columns: [Piece, Piece | undefined][] = [];
  while (low.length > 0 || high.length > 0) {
    const first = low.pop() ?? high.pop()!;
    if (first.height >= COLUMN_HEIGHT) {
      columns.push([{ ...first, height: COLUMN_HEIGHT }, undefined]);
      const rest = { ...first, height: first.height - COLUMN_HEIGHT };
      if (rest.height > 0) (rest.height < COLUMN_HEIGHT ? low : high).push(rest);
      continue;
    }
    const second = high.pop() ?? low.pop();
    assert(second !== undefined, 'the heights fill the columns');
    const taken = Math.min(second.height, COLUMN_HEIGHT - first.height);
    assert(first.height + taken === COLUMN_HEIGHT, 'the heights fill the columns');
    columns.push([first, { ...second, height: taken }]);
    const rest = { ...second, height: second.height - taken };
    if (rest.height > 0) (rest.height < COLUMN_HEIGHT ? low : high).push(rest);
  }
  return columns;
}

/** Samples of N_Z(0, σ²) for one integer σ in [SMALLEST_STRIP_SIGMA, LARGEST_STRIP_SIGMA]. */
export class StripSampler {
  readonly #words: RandomWords;
  readonly #output: SharedMemory | undefined;
  readonly #sigma: number;
  readonly #twiceVariance: bigint;
  readonly #halfPrecision: number;
  readonly #width: number;
  readonly #strips: number;
  /** A. */
  readonly #scale: number;
  readonly #tailHeight: number;
  readonly #tailWidth: number;
  readonly #columns: StripTables['columns'];
  readonly #loop: StripLoop;

  /** @param output the memory to which samples are written; without it, they may lie in any */
  constructor(words: RandomWords, sigma: number, output?: SharedMemory) {
    const isInRange = sigma >= SMALLEST_STRIP_SIGMA && sigma <= LARGEST_STRIP_SIGMA;
    assert(Number.isSafeInteger(sigma) && isInRange, 'σ in range');
    this.#words = words;
    this.#output = output;
    this.#sigma = sigma;
    this.#twiceVariance = 2n * BigInt(sigma) ** 2n;
    this.#halfPrecision = 1 / (2 * sigma * sigma);
    const placeBits = Math.floor(Math.log2(sigma)) - 6;
    const width = 2 ** placeBits;
    this.#width = width;
    this.#strips = Math.ceil((REACH * sigma) / width);
    this.#tailWidth = 2 ** Math.ceil(Math.log2(sigma));
    const f = (x: number) => Math.exp(-x * x * this.#halfPrecision);
    const above = (x: number) => f(x) * (1 + ESTIMATE_MARGIN);
    let sum = 0;
    for (let i = 0; i < this.#strips; i++) sum += f(i * width);
    // Room for each height's rounding up and for the tail, whose share is below 2^-16.
    this.#scale = Math.floor((2 ** 32 * (1 - 2 ** -16) - this.#strips - 2) / sum);
    const heights = Array.from({ length: this.#strips }, (_, i) => Math.ceil(this.#scale * above(i * width)));
    // The tail's rectangle is wide enough for the proposal 2^-(j+1) / W of `#tail` to cover A f there.
    const cover = (2 * this.#scale * this.#tailWidth) / width;
    this.#tailHeight = Math.ceil(cover * above(this.#strips * width)) + 1;
    const used = heights.reduce((a, b) => a + b, this.#tailHeight);
    assert(used <= 2 ** 32, 'the heights fit one word');
    const pieces = [...heights, this.#tailHeight, 2 ** 32 - used].map((height, strip) => ({ strip, height }));
    const filled = new Float64Array(this.#strips + 2);
    const place = ({ strip, height }: Piece, start: number) => {
      const shift = filled[strip]! - start;
      filled[strip]! += height;
      return { strip, shift };
    };
    this.#columns = fillColumns(pieces.filter(({ height }) => height > 0)).map(([first, second]) => {
      const split = first.height;
      return [split, place(first, 0), second === undefined ? { strip: 0, shift: 0 } : place(second, split)];
    });
    const strips = pieces.map(({ strip }) => this.#boundsOf(strip));
    this.#loop = new StripLoop({ strips, columns: this.#columns, placeBits }, output);
  }

  /**
   * Overwrites `samples` with independent integers y, exactly with probability proportional to exp(-y² / 2σ²). With an
   * output, they lie in it.
   */
  fill(samples: Float64Array): void {
    const loop = this.#loop;
    if (this.#output !== undefined) {
      assert(samples.buffer === this.#output.buffer, 'samples lie in the output');
      this.#fillPlaces(samples.byteOffset / 8, samples.length);
      return;
    }
    const first = loop.ownSamples;
    for (let i = 0; i < samples.length; i += POOL_SAMPLES) {
      const wanted = Math.min(POOL_SAMPLES, samples.length - i);
      this.#fillPlaces(first, wanted);
      const drawn = loop.samples.subarray(first, first + wanted);
      samples.set(drawn, i);
      // Samples that were used must not be found in memory later.
      drawn.fill(0);
    }
  }

  #fillPlaces(first: number, count: number): void {
    const loop = this.#loop;
    loop.sample = first;
    while (loop.sample < first + count) {
      if (loop.point === POOL_SAMPLES) {
        this.#words.fill(loop.pool);
        loop.point = 0;
      }
      if (!loop.take(first + count)) continue;
      const decided = this.#decide(loop.handedBack);
      if (decided !== undefined) loop.samples[loop.sample++] = decided;
    }
  }

  /**
   * Lines through a strip's last integer b above and below A f.
   *
   * Up to σ the curve f is concave: above the chord from the strip's first integer to b, and below the tangent at b.
   * Beyond σ it is convex, and both are the other way round. What the slopes may be wrong by, computed, is taken off the
   * lower one and added to the upper one: each height by ESTIMATE_MARGIN, and roundings. `under` lies 1 to 3 below
   * A f(b), so that a point that lies lower than it or than the lower line has room for a fraction.
   */
  #boundsOf(strip: number): StripBounds {
    const [first, last] = [strip * this.#width, (strip + 1) * this.#width - 1];
    const height = (x: number) => this.#scale * Math.exp(-x * x * this.#halfPrecision);
    const isStrip = strip < this.#strips;
    const under = isStrip ? Math.max(0, Math.floor(height(last) * (1 - ESTIMATE_MARGIN)) - 1) : 0;
    const hasTurn = first < this.#sigma && last > this.#sigma;
    if (!isStrip || hasTurn || under < 4) return { under, lower: -1, upper: Number.POSITIVE_INFINITY };
    const chord = (height(first) - height(last)) / (this.#width - 1);
    const tangent = (height(last) * last) / this.#sigma ** 2;
    const margin =
      (4 * this.#scale * ESTIMATE_MARGIN) / (this.#width - 1) + Math.max(chord, tangent) * 2 ** -40;
    return { under, lower: Math.min(chord, tangent) - margin, upper: Math.max(chord, tangent) + margin };
  }

  /** The sample of a point, or undefined where it is refused. */
  #decide({ point, bits, isNegative }: StripLoop['handedBack']): number | undefined {
    const strips = this.#strips;
    const [split, first, second] = this.#columns[point >>> (32 - COLUMN_BITS)]!;
    const height = point & (COLUMN_HEIGHT - 1);
    const { strip, shift } = height < split ? first : second;
    if (strip > strips) return undefined;
    const inStrip = strip * this.#width + (bits & (this.#width - 1));
    let magnitude: number | undefined = inStrip;
    if (strip === strips) magnitude = this.#tail();
    else if (!this.#isUnder(inStrip, height + shift)) return undefined;
    // Zero has no sign of its own.
    if (magnitude === undefined || (magnitude === 0 && isNegative)) return undefined;
    return isNegative ? -magnitude : magnitude;
  }

  /** Whether the real point above + U, U uniform, lies below A f(magnitude). */
  #isUnder(magnitude: number, above: number): boolean {
    const estimate = this.#scale * Math.exp(-magnitude * magnitude * this.#halfPrecision);
    const margin = this.#scale * ESTIMATE_MARGIN;
    if (above + 1 <= estimate - margin) return true;
    if (above >= estimate + margin) return false;
    return this.#decideExactly(magnitude, { offset: BigInt(above), left: 1n, right: BigInt(this.#scale) });
  }

  /**
   * A magnitude beyond the strips, or undefined where the proposal is refused.
   *
   * Proposed is X + jW + r, j with probability 2^-(j+1) and r uniform in [0, W), W ≥ σ a power of two. With tail height
   * t it is kept with probability A f W 2^(j+1) / (w t), at most 1, since f(X + jW) ≤ f(X) 2^-j for X ≥ 6σ.
   */
  #tail(): number | undefined {
    const words = this.#words;
    let j = 0;
    while ((words.next() & 1) === 1) j++;
    const width = this.#width;
    const magnitude = this.#strips * width + j * this.#tailWidth + words.below(this.#tailWidth);
    const left = BigInt(this.#tailHeight) * BigInt(width);
    const right = (BigInt(this.#scale) * BigInt(this.#tailWidth)) << BigInt(j + 1);
    return this.#decideExactly(magnitude, { offset: 0n, left, right }) ? magnitude : undefined;
  }

  #decideExactly(magnitude: number, scaled: Parameters<typeof decideScaled>[2]): boolean {
    const gamma = { numerator: BigInt(magnitude) ** 2n, denominator: this.#twiceVariance };
    return decideScaled(this.#words, gamma, scaled);
  }
}
