import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expInterval } from '../bernoulli-exponential.ts';
import { RandomWords, secureRandomness } from '../randomness.ts';
import { chiSquareScore, kolmogorovSmirnov, normalCdf, varianceScore } from '../testing/goodness-of-fit.ts';
import { seededRandomness } from '../testing/seeded-randomness.ts';
import {
  type BinBounds,
  type Histogram,
  histogramOf,
  LARGEST_HISTOGRAM_SIGMA,
  SMALLEST_HISTOGRAM_SIGMA,
} from './histogram.ts';
import { decideScaled, HistogramSampler } from './histogram-sampler.ts';
import { createSharedMemory } from './wasm-function.ts';

const drawFrom = (histogram: Histogram, { count, seed }: { count: number; seed: string }): Float64Array => {
  const samples = new Float64Array(count);
  new HistogramSampler(new RandomWords(seededRandomness(seed)), histogram).fill(samples);
  return samples;
};

const draw = (sigma: number, drawn: { count: number; seed: string }) => drawFrom(histogramOf(sigma), drawn);

/** Sigmas on either side of where an offset and a sign take more than 16 bits, and the ends. */
const SIGMAS = [SMALLEST_HISTOGRAM_SIGMA, 1500, 1_153_434, 5_581_482, 5_581_483, LARGEST_HISTOGRAM_SIGMA];

for (const sigma of SIGMAS) {
  test(`a million samples at σ = ${sigma} have the scale and the shape of the discrete Gaussian`, () => {
    const samples = draw(sigma, { count: 1_000_000, seed: `bins ${sigma}` });
    assert.ok(samples.every(Number.isSafeInteger));
    assert.ok(Math.abs(varianceScore(samples, sigma)) < 4);
    // A step of the distribution function has height 0.4 / σ, on either side of the continuous one.
    assert.ok(kolmogorovSmirnov(samples, (x) => normalCdf((x + 0.5) / sigma)) < 2.2);
    const bins = new Array<number>(200).fill(0);
    const edges = Array.from({ length: 201 }, (_, i) => ((i - 100) / 100) * 4.5);
    for (const y of samples) {
      const bin = Math.floor((y / sigma / 4.5) * 100) + 100;
      bins[Math.min(199, Math.max(0, bin))]! += 1;
    }
    const half = 0.5 / sigma;
    const cdf = (edge: number, i: number) => (i === 0 ? 0 : i === 200 ? 1 : normalCdf(edge - half));
    const cumulative = edges.map((edge, i) => cdf(Math.ceil(edge * sigma) / sigma, i));
    const probabilities = bins.map((_, i) => cumulative[i + 1]! - cumulative[i]!);
    assert.ok(Math.abs(chiSquareScore(bins, probabilities)) < 5);
  });
}

test('values in the tails are drawn as often as their law says', () => {
  const sigma = 2 ** 20;
  // Drawn by the sampler's own tail, to which about two points in a billion lead: only its words are made to.
  const samples = draw(sigma, { count: 2_000_000, seed: 'tail' });
  const beyond = (reach: number) => samples.filter((y) => Math.abs(y) > reach * sigma).length;
  for (const reach of [3, 3.5, 4]) {
    const expected = 2 * normalCdf(-reach) * samples.length;
    assert.ok(Math.abs(beyond(reach) - expected) < 5 * Math.sqrt(expected), `beyond ${reach} σ`);
  }
});

test('the scaled decision has its probability, for any offset and factors', () => {
  const words = new RandomWords(seededRandomness('scaled'));
  for (const [offset, left, right, numerator] of [
    [0n, 1n, 1n, 1n],
    [3n, 2n, 20n, 1n],
    [0n, 7n, 5n, 0n],
  ] as const) {
    const gamma = { numerator, denominator: 2n };
    const { low } = expInterval(gamma, 60);
    const bound = (Number(right) * (Number(low) / 2 ** 60)) / Number(left) - Number(offset);
    const p = Math.min(1, Math.max(0, bound));
    const tries = 20_000;
    let yes = 0;
    for (let i = 0; i < tries; i++) if (decideScaled(words, gamma, { offset, left, right })) yes += 1;
    assert.ok(Math.abs(yes - p * tries) <= 4.5 * Math.sqrt(p * (1 - p) * tries) + 1e-9, `${yes} for ${p}`);
  }
});

test('a point on the very boundary is decided by further bits, both ways', () => {
  const gamma = { numerator: 1n, denominator: 1n };
  const scale = 2n ** 20n;
  const boundary = (expInterval(gamma, 20).low * scale) >> 20n;
  const outcomes = new Set<boolean>();
  const words = new RandomWords(secureRandomness);
  for (let i = 0; i < 200; i++) {
    outcomes.add(decideScaled(words, gamma, { offset: boundary, left: 1n, right: scale }));
  }
  const { low } = expInterval(gamma, 64);
  const fraction = Number((low * scale) & ((1n << 64n) - 1n)) / 2 ** 64;
  assert.ok(fraction < 0.02 || fraction > 0.98 || outcomes.size === 2);
});

/** Histogram in which nothing is decided by lines, so that each point is by the curve itself. */
const undecided = (histogram: Histogram): Histogram => ({
  ...histogram,
  bounds: histogram.bounds.map(() => ({ under: 0, lower: -1, upper: Number.POSITIVE_INFINITY })),
});

for (const sigma of SIGMAS) {
  test(`decisions by lines at σ = ${sigma} are those by the curve, sample by sample`, () => {
    const drawn = { count: 300_000, seed: `lines ${sigma}` };
    const histogram = histogramOf(sigma);
    const expected = drawFrom(undecided(histogram), drawn);
    assert.deepEqual(drawFrom(histogram, drawn), expected);
    const memory = createSharedMemory(8 * drawn.count + 64);
    const elsewhere = new Float64Array(memory.buffer, 64, drawn.count);
    new HistogramSampler(new RandomWords(seededRandomness(drawn.seed)), histogram, memory).fill(elsewhere);
    assert.deepEqual(elsewhere, expected);
    // One sample at a time too: the loop then takes no four of them together.
    const sampler = new HistogramSampler(new RandomWords(seededRandomness(drawn.seed)), histogram);
    for (let i = 0; i < 2000; i++) {
      const one = new Float64Array(1);
      sampler.fill(one);
      assert.equal(one[0], expected[i]);
    }
  });
}

test('the same test catches wrong lines', () => {
  const drawn = { count: 300_000, seed: 'wrong lines' };
  const histogram = histogramOf(1_153_434);
  const expected = drawFrom(undecided(histogram), drawn);
  for (const change of [
    ({ lower, upper }) => ({ lower: lower * 1.1, upper }),
    ({ lower, upper }) => ({ lower, upper: upper * 0.9 }),
    ({ upper }) => ({ lower: upper, upper: Number.POSITIVE_INFINITY }),
  ] as const satisfies readonly ((bounds: BinBounds) => Omit<BinBounds, 'under'>)[]) {
    const bounds = histogram.bounds.map((own) => ({ ...own, ...change(own) }));
    assert.notDeepEqual(drawFrom({ ...histogram, bounds }, drawn), expected);
  }
  const bounds = histogram.bounds.map((own) => ({ ...own, under: own.under * 1.01 }));
  assert.notDeepEqual(drawFrom({ ...histogram, bounds }, drawn), expected);
});

/** A f(x) as an interval, exactly. */
function heightAt({ sigma, scale }: Histogram, x: number): { readonly low: number; readonly high: number } {
  const { low, high } = expInterval(
    { numerator: BigInt(x) ** 2n, denominator: 2n * BigInt(sigma) ** 2n },
    90,
  );
  const scaled = (bound: bigint) => Number((bound * BigInt(scale) * 2n ** 20n) >> 90n) / 2 ** 20;
  return { low: scaled(low), high: scaled(high) + 2 ** -20 };
}

test('in each bin the lines lie on their sides of the curve, at its ends and between, and near it', () => {
  for (const sigma of SIGMAS) {
    const histogram = histogramOf(sigma);
    const { count, width } = histogram;
    let decided = 0;
    for (let bin = 0; bin < count; bin++) {
      const { under, lower, upper } = histogram.bounds[bin]!;
      const last = (bin + 1) * width - 1;
      for (const t of [0, 1, width >> 2, width >> 1, width - 2, width - 1]) {
        const { low, high } = heightAt(histogram, last - t);
        assert.ok(under + 1 <= low || under === 0);
        if (lower < 0) continue;
        assert.ok(under + lower * t + 1 <= low, `${bin}, ${t}`);
        assert.ok(under + upper * t + 3 >= high, `${bin}, ${t}`);
        assert.ok((upper - lower) * t <= 4 + high / 200, `${bin}, ${t}`);
        decided++;
      }
    }
    assert.ok(decided > 0.8 * 6 * count);
  }
});

test('a σ outside of the range of the histogram fails an assertion', () => {
  for (const sigma of [0, SMALLEST_HISTOGRAM_SIGMA - 1, 1e4 + 0.5, LARGEST_HISTOGRAM_SIGMA + 1]) {
    assert.throws(() => histogramOf(sigma), /σ in range/);
  }
});
