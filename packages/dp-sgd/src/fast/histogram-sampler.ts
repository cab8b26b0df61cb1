// A fast and exact sampler of the discrete Gaussian for large σ: rejection from a histogram that covers its
// probabilities.
//
// The magnitudes are divided into bins of w = 2^b integers. Bin i has a bar of integer height
// H_i ≥ A f(x), f(x) = exp(-x²/2σ²), for one integer A; one more bar covers what lies beyond 6σ. One random
// word picks a point in the bars, exactly (the alias method of Walker 1977 in integers: the heights fill 2^32
// to the last unit, what is left over is refused), and further bits the offset within the bin and the sign. Nearly all
// points lie below the bin's smallest A f(x) and are taken, and nearly all others below or above two lines near the
// curve (`histogram.ts`, `histogram-code.ts`); a double decides nearly all between these; and where it cannot, integer
// interval arithmetic decides exactly.
import assert from 'node:assert/strict';
import { ESTIMATE_MARGIN, expInterval, type Rational } from '../bernoulli-exponential.ts';
import type { GaussianSampler } from '../discrete-gaussian.ts';
import type { RandomWords } from '../randomness.ts';
import type { Histogram } from './histogram.ts';
import { COLUMN_BITS, COLUMN_HEIGHT } from './histogram-code.ts';
import { HistogramLoop, OWN_SAMPLES, POOL_POINTS } from './histogram-loop.ts';
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

/** Samples of N_Z(0, σ²) for one integer σ in [SMALLEST_HISTOGRAM_SIGMA, LARGEST_HISTOGRAM_SIGMA]. */
export class HistogramSampler implements GaussianSampler {
  readonly sigma: number;
  readonly #words: RandomWords;
  readonly #output: SharedArrayBuffer | undefined;
  readonly #histogram: Histogram;
  readonly #twiceVariance: bigint;
  readonly #halfPrecision: number;
  readonly #loop: HistogramLoop;
  readonly #one: Float64Array;

  /** @param output the memory to which samples are written; without it, they may lie in any */
  constructor(words: RandomWords, histogram: Histogram, output?: SharedMemory) {
    const { sigma } = histogram;
    this.sigma = sigma;
    this.#words = words;
    // Each look at a memory's buffer takes as long as dozens of samples.
    this.#output = output?.buffer;
    this.#histogram = histogram;
    this.#twiceVariance = 2n * BigInt(sigma) ** 2n;
    this.#halfPrecision = 1 / (2 * sigma * sigma);
    this.#loop = new HistogramLoop(histogram, output);
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
      this.#fillFrom(samples.byteOffset / 8, samples.length);
      return;
    }
    const first = loop.ownSamples;
    for (let i = 0; i < samples.length; i += OWN_SAMPLES) {
      const wanted = Math.min(OWN_SAMPLES, samples.length - i);
      this.#fillFrom(first, wanted);
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

  #fillFrom(first: number, count: number): void {
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
  #decide({ point, bits, isNegative }: HistogramLoop['handedBack']): number | undefined {
    const { columns, count, width } = this.#histogram;
    const [split, first, second] = columns[point >>> (32 - COLUMN_BITS)]!;
    const height = point & (COLUMN_HEIGHT - 1);
    const { bin, shift } = height < split ? first : second;
    if (bin > count) return undefined;
    const inBin = bin * width + (bits & (width - 1));
    let magnitude: number | undefined = inBin;
    if (bin === count) magnitude = this.#tail();
    else if (!this.#isUnder(inBin, height + shift)) return undefined;
    // Zero has no sign of its own.
    if (magnitude === undefined || (magnitude === 0 && isNegative)) return undefined;
    return isNegative ? -magnitude : magnitude;
  }

  /** Whether the real point above + U, U uniform, lies below A f(magnitude). */
  #isUnder(magnitude: number, above: number): boolean {
    const { scale } = this.#histogram;
    const estimate = scale * Math.exp(-magnitude * magnitude * this.#halfPrecision);
    const margin = scale * ESTIMATE_MARGIN;
    if (above + 1 <= estimate - margin) return true;
    if (above >= estimate + margin) return false;
    return this.#decideExactly(magnitude, { offset: BigInt(above), left: 1n, right: BigInt(scale) });
  }

  /**
   * A magnitude beyond the bins, or undefined where the proposal is refused.
   *
   * Proposed is X + jW + r, j with probability 2^-(j+1) and r uniform in [0, W), W ≥ σ a power of two. With tail height
   * t it is kept with probability A f W 2^(j+1) / (w t), at most 1, since f(X + jW) ≤ f(X) 2^-j for X ≥ 6σ.
   */
  #tail(): number | undefined {
    const words = this.#words;
    const { width, count, scale, tailHeight, tailWidth } = this.#histogram;
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
