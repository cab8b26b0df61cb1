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
import { COLUMN_BITS, COLUMN_HEIGHT, LOOP_WORDS, StripLoop } from './strip-loop.ts';
import type { SharedMemory } from './wasm-function.ts';

/** Below this the strips would not be wide enough. */
export const SMALLEST_STRIP_SIGMA = 2 ** 10;

const COLUMNS = 2 ** COLUMN_BITS;
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

/** Samples of N_Z(0, σ²) for one integer σ in [SMALLEST_STRIP_SIGMA, 2^31). */
export class StripSampler {
  readonly #words: RandomWords;
  readonly #output: SharedMemory | undefined;
  readonly #sigma: number;
  readonly #twiceVariance: bigint;
  readonly #halfPrecision: number;
  readonly #placeBits: number;
  readonly #strips: number;
  /** A. */
  readonly #scale: number;
  readonly #tailHeight: number;
  readonly #tailWidth: number;
  /** Per column: where its second piece begins, each piece's strip, and what to add to a point for its height. */
  readonly #split = new Int32Array(COLUMNS);
  readonly #strip = new Uint16Array(2 * COLUMNS);
  readonly #shift = new Int32Array(2 * COLUMNS);
  readonly #loop: StripLoop;

  /** @param output the memory to which samples are written; without it, they may lie in any */
  constructor(words: RandomWords, sigma: number, output?: SharedMemory) {
    assert(Number.isSafeInteger(sigma) && sigma >= SMALLEST_STRIP_SIGMA && sigma < 2 ** 31, 'σ in range');
    this.#words = words;
    this.#output = output;
    this.#sigma = sigma;
    this.#twiceVariance = 2n * BigInt(sigma) ** 2n;
    this.#halfPrecision = 1 / (2 * sigma * sigma);
    this.#placeBits = Math.floor(Math.log2(sigma)) - 6;
    const width = 2 ** this.#placeBits;
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
    const under = Int32Array.from({ length: this.#strips + 2 }, (_, i) =>
      i < this.#strips
        ? Math.max(0, Math.floor(this.#scale * f((i + 1) * width - 1) * (1 - ESTIMATE_MARGIN)) - 1)
        : 0,
    );
    const filled = new Float64Array(this.#strips + 2);
    fillColumns(pieces.filter(({ height }) => height > 0)).forEach((column, c) => {
      let start = 0;
      column.forEach((piece, side) => {
        const { strip, height } = piece ?? { strip: 0, height: 0 };
        this.#strip[2 * c + side] = strip;
        this.#shift[2 * c + side] = filled[strip]! - start;
        filled[strip]! += height;
        start += height;
        if (side === 0) this.#split[c] = height;
      });
    });
    const slopes = Float64Array.from({ length: 2 * under.length }, (_, i) => this.#slopes(i >> 1)[i & 1]!);
    const tables = { split: this.#split, strip: this.#strip, shift: this.#shift, under, slopes };
    this.#loop = new StripLoop(tables, this.#placeBits, output);
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
    const { first, count } = loop.ownSamples;
    for (let i = 0; i < samples.length; i += count) {
      const wanted = Math.min(count, samples.length - i);
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
      if (loop.word === LOOP_WORDS) {
        this.#words.fill(loop.words);
        loop.word = 0;
      }
      if (!loop.take(first + count)) continue;
      const decided = this.#decidePair(loop.point, loop.bits);
      if (decided !== undefined) loop.samples[loop.sample++] = decided;
    }
  }

  /**
   * Bounds of A f within a strip by lines through its last integer b, as `StripTables.slopes` has them.
   *
   * Up to σ the curve f is concave: above the chord from the strip's first integer to b, and below the tangent at b.
   * Beyond σ it is convex, and both are the other way round. What the slopes may be wrong by, computed, is taken off the
   * lower one and added to the upper one: each height by ESTIMATE_MARGIN, and roundings.
   */
  #slopes(strip: number): readonly [number, number] {
    const undecided = [-1, Number.POSITIVE_INFINITY] as const;
    const width = 2 ** this.#placeBits;
    const [first, last] = [strip * width, (strip + 1) * width - 1];
    const height = (x: number) => this.#scale * Math.exp(-x * x * this.#halfPrecision);
    const hasTurn = first < this.#sigma && last > this.#sigma;
    if (strip >= this.#strips || hasTurn || height(last) < 4) return undecided;
    const chord = (height(first) - height(last)) / (width - 1);
    const tangent = (height(last) * last) / this.#sigma ** 2;
    const margin = (4 * this.#scale * ESTIMATE_MARGIN) / (width - 1) + Math.max(chord, tangent) * 2 ** -40;
    return [Math.min(chord, tangent) - margin, Math.max(chord, tangent) + margin];
  }

  /** The sample of a pair of words, or undefined where it is refused. */
  #decidePair(point: number, bits: number): number | undefined {
    const strips = this.#strips;
    const width = 2 ** this.#placeBits;
    const column = point >>> (32 - COLUMN_BITS);
    const height = point & (COLUMN_HEIGHT - 1);
    const piece = 2 * column + ((this.#split[column]! - 1 - height) >>> 31);
    const strip = this.#strip[piece]!;
    if (strip > strips) return undefined;
    const inStrip = strip * width + (bits & (width - 1));
    let magnitude: number | undefined = inStrip;
    if (strip === strips) magnitude = this.#tail();
    else if (!this.#isUnder(inStrip, height + this.#shift[piece]!)) return undefined;
    // Zero has no sign of its own.
    if (magnitude === undefined || (magnitude === 0 && bits < 0)) return undefined;
    return bits < 0 ? -magnitude : magnitude;
  }

  /** Whether the real point above + U, U uniform, lies below A f(magnitude). */
  #isUnder(magnitude: number, above: number): boolean {
    const estimate = this.#scale * Math.exp(-magnitude * magnitude * this.#halfPrecision);
    const margin = this.#scale * ESTIMATE_MARGIN;
    if (above + 1 <= estimate - margin) return true;
    if (above >= estimate + margin) return false;
    return this.#decide(magnitude, { offset: BigInt(above), left: 1n, right: BigInt(this.#scale) });
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
    const width = 2 ** this.#placeBits;
    const magnitude = this.#strips * width + j * this.#tailWidth + words.below(this.#tailWidth);
    const left = BigInt(this.#tailHeight) * BigInt(width);
    const right = (BigInt(this.#scale) * BigInt(this.#tailWidth)) << BigInt(j + 1);
    return this.#decide(magnitude, { offset: 0n, left, right }) ? magnitude : undefined;
  }

  #decide(magnitude: number, scaled: Parameters<typeof decideScaled>[2]): boolean {
    const gamma = { numerator: BigInt(magnitude) ** 2n, denominator: this.#twiceVariance };
    return decideScaled(this.#words, gamma, scaled);
  }
}
