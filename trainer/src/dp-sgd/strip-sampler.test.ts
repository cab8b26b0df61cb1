import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expInterval } from './bernoulli-exponential.ts';
import { RandomWords, secureRandomness } from './randomness.ts';
import { decideScaled, LARGEST_STRIP_SIGMA, SMALLEST_STRIP_SIGMA, StripSampler } from './strip-sampler.ts';
import { chiSquareScore, kolmogorovSmirnov, normalCdf, varianceScore } from './testing/goodness-of-fit.ts';
import { seededRandomness } from './testing/seeded-randomness.ts';

const draw = (sigma: number, { count, seed }: { count: number; seed: string }): Float64Array => {
  const samples = new Float64Array(count);
  new StripSampler(new RandomWords(seededRandomness(seed)), sigma).fill(samples);
  return samples;
};

for (const sigma of [SMALLEST_STRIP_SIGMA, 1500, 1_153_434, 2 ** 22 + 5, LARGEST_STRIP_SIGMA]) {
  test(`a million samples at σ = ${sigma} have the scale and the shape of the discrete Gaussian`, () => {
    const samples = draw(sigma, { count: 1_000_000, seed: `strips ${sigma}` });
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

test('values beyond the strips are drawn as often as their law has it', () => {
  const sigma = 2 ** 20;
  // Drawn by the sampler's own tail, to which about two points in a billion lead: only its words are made to.
  const samples = draw(sigma, { count: 2_000_000, seed: 'tail' });
  const beyond = (reach: number) => samples.filter((y) => Math.abs(y) > reach * sigma).length;
  for (const reach of [3, 3.5, 4]) {
    const expected = 2 * normalCdf(-reach) * samples.length;
    assert.ok(Math.abs(beyond(reach) - expected) < 5 * Math.sqrt(expected), `beyond ${reach} σ`);
  }
});

test('the scaled decision has the probability it should, whatever its offset and its factors', () => {
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

test('a σ that is too small for strips is a mistake of the caller', () => {
  const words = new RandomWords(secureRandomness);
  for (const sigma of [0, SMALLEST_STRIP_SIGMA - 1, 1e4 + 0.5, LARGEST_STRIP_SIGMA + 1]) {
    assert.throws(() => new StripSampler(words, sigma), /σ in range/);
  }
});
