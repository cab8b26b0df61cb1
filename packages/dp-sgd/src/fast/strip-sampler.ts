// A fast and exact sampler of the discrete Gaussian for large σ: rejection from a staircase over its probabilities.
//
// The magnitudes are cut into strips of w = 2^b integers. Over strip i stands a rectangle of integer height
// H_i ≥ A f(x), f(x) = exp(-x²/2σ²), for one integer A; beyond 6σ one more rectangle stands for the rest. One random
// word picks a point in the rectangles, exactly (the alias method of Walker 1977 in integers: the heights fill 2^32
// to the last unit, what is left over is refused), and further bits the place within the strip and the sign. Nearly all
// points lie below the strip's smallest A f(x) and are taken, and nearly all others below or above two lines near the
// curve (`strips.ts`, `strip-code.ts`); a double decides nearly all between these; and where it cannot, integer
// interval arithmetic decides exactly.
import assert from 'node:assert/strict';
import { ESTIMATE_MARGIN, expInterval, type Rational } from '../bernoulli-exponential.ts';
import type { GaussianSampler } from '../discrete-gaussian.ts';
import type { RandomWords } from '../randomness.ts';
import { COLUMN_BITS, COLUMN_HEIGHT } from './strip-code.ts';
import { OWN_SAMPLES, POOL_POINTS, StripLoop } from './strip-loop.ts';
import type { Strips } from './strips.ts';
import type { SharedMemory } from './wasm-function.ts';

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

/** Samples of N_Z(0, σ²) for one integer σ in [SMALLEST_STRIP_SIGMA, LARGEST_STRIP_SIGMA]. */
export class StripSampler implements GaussianSampler {
  readonly sigma: number;
  readonly #words: RandomWords;
  readonly #output: SharedArrayBuffer | undefined;
  readonly #strips: Strips;
  readonly #twiceVariance: bigint;
  readonly #halfPrecision: number;
  readonly #loop: StripLoop;
  readonly #one: Float64Array;

  /** @param output the memory to which samples are written; without it, they may lie in any */
  constructor(words: RandomWords, strips: Strips, output?: SharedMemory) {
    const { sigma } = strips;
    this.sigma = sigma;
    this.#words = words;
    // Each look at a memory's buffer takes as long as dozens of samples.
    this.#output = output?.buffer;
    this.#strips = strips;
    this.#twiceVariance = 2n * BigInt(sigma) ** 2n;
    this.#halfPrecision = 1 / (2 * sigma * sigma);
    this.#loop = new StripLoop(strips, output);
    this.#one = new Float64Array(1);
  }

  /**
   * Overwrites `samples` with independent integers y, exactly with probability proportional to exp(-y² / 2σ²). With an
   * output, they lie in it.
   */
  fill(samples: Float64Array): void {
    const loop = this.#loop;
    if (this.#output !== undefined) {
      assert(samples.buffer === this.#output, 'samples lie in the output');
      this.#fillPlaces(samples.byteOffset / 8, samples.length);
      return;
    }
    const first = loop.ownSamples;
    for (let i = 0; i < samples.length; i += OWN_SAMPLES) {
      const wanted = Math.min(OWN_SAMPLES, samples.length - i);
      this.#fillPlaces(first, wanted);
      const drawn = loop.samples.subarray(first, first + wanted);
      samples.set(drawn, i);
      // Samples that were used must not be found in memory later.
      drawn.fill(0);
    }
  }

  sample(): number {
    this.fill(this.#one);
    return this.#one[0]!;
  }

  #fillPlaces(first: number, count: number): void {
    const loop = this.#loop;
    loop.sample = first;
    while (loop.sample < first + count) {
      if (loop.point === POOL_POINTS) {
        this.#words.fill(loop.pool);
        loop.point = 0;
      }
      if (!loop.take(first + count)) continue;
      const decided = this.#decide(loop.handedBack);
      if (decided !== undefined) loop.samples[loop.sample++] = decided;
    }
  }

  /** The sample of a point, or undefined where it is refused. */
  #decide({ point, bits, isNegative }: StripLoop['handedBack']): number | undefined {
    const { columns, count, width } = this.#strips;
    const [split, first, second] = columns[point >>> (32 - COLUMN_BITS)]!;
    const height = point & (COLUMN_HEIGHT - 1);
    const { strip, shift } = height < split ? first : second;
    if (strip > count) return undefined;
    const inStrip = strip * width + (bits & (width - 1));
    let magnitude: number | undefined = inStrip;
    if (strip === count) magnitude = this.#tail();
    else if (!this.#isUnder(inStrip, height + shift)) return undefined;
    // Zero has no sign of its own.
    if (magnitude === undefined || (magnitude === 0 && isNegative)) return undefined;
    return isNegative ? -magnitude : magnitude;
  }

  /** Whether the real point above + U, U uniform, lies below A f(magnitude). */
  #isUnder(magnitude: number, above: number): boolean {
    const { scale } = this.#strips;
    const estimate = scale * Math.exp(-magnitude * magnitude * this.#halfPrecision);
    const margin = scale * ESTIMATE_MARGIN;
    if (above + 1 <= estimate - margin) return true;
    if (above >= estimate + margin) return false;
    return this.#decideExactly(magnitude, { offset: BigInt(above), left: 1n, right: BigInt(scale) });
  }

  /**
   * A magnitude beyond the strips, or undefined where the proposal is refused.
   *
   * Proposed is X + jW + r, j with probability 2^-(j+1) and r uniform in [0, W), W ≥ σ a power of two. With tail height
   * t it is kept with probability A f W 2^(j+1) / (w t), at most 1, since f(X + jW) ≤ f(X) 2^-j for X ≥ 6σ.
   */
  #tail(): number | undefined {
    const words = this.#words;
    const { width, count, scale, tailHeight, tailWidth } = this.#strips;
    let j = 0;
    while ((words.next() & 1) === 1) j++;
    const magnitude = count * width + j * tailWidth + words.below(tailWidth);
    const left = BigInt(tailHeight) * BigInt(width);
    const right = (BigInt(scale) * BigInt(tailWidth)) << BigInt(j + 1);
    return this.#decideExactly(magnitude, { offset: 0n, left, right }) ? magnitude : undefined;
  }

  #decideExactly(magnitude: number, scaled: Parameters<typeof decideScaled>[2]): boolean {
    const gamma = { numerator: BigInt(magnitude) ** 2n, denominator: this.#twiceVariance };
    return decideScaled(this.#words, gamma, scaled);
  }
}
