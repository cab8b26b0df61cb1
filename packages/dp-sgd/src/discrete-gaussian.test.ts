import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DiscreteGaussian, MAXIMUM_SIGMA } from './discrete-gaussian.ts';
import { RandomWords, secureRandomness } from './randomness.ts';
import { chiSquareScore, kolmogorovSmirnov, normalCdf, varianceScore } from './testing/goodness-of-fit.ts';
import { seededRandomness } from './testing/seeded-randomness.ts';

function draw(sigma: number, { count, seed }: { count: number; seed: string }): Float64Array {
  const samples = new Float64Array(count);
  new DiscreteGaussian(new RandomWords(seededRandomness(seed)), sigma).fill(samples);
  return samples;
}

/** Counts and probabilities of the integers in ±4σ, the tails in one class each. */
function classes(samples: Float64Array, sigma: number): { counts: number[]; probabilities: number[] } {
  const reach = 60 * sigma;
  const weight = (y: number) => Math.exp((-y * y) / (2 * sigma * sigma));
  let total = 0;
  for (let y = -reach; y <= reach; y++) total += weight(y);
  const edge = Math.ceil(3.5 * sigma);
  const counts = new Array<number>(2 * edge + 1).fill(0);
  const probabilities = new Array<number>(2 * edge + 1).fill(0);
  const classOf = (y: number) => Math.max(-edge, Math.min(edge, y)) + edge;
  for (const y of samples) counts[classOf(y)]! += 1;
  for (let y = -reach; y <= reach; y++) probabilities[classOf(y)]! += weight(y) / total;
  return { counts, probabilities };
}

for (const sigma of [1, 2, 5, 40]) {
  test(`samples at σ = ${sigma} follow the discrete Gaussian's probabilities`, () => {
    const samples = draw(sigma, { count: 100_000, seed: `small ${sigma}` });
    const { counts, probabilities } = classes(samples, sigma);
    assert.ok(Math.abs(chiSquareScore(counts, probabilities)) < 4);
  });
}

test('the same test rejects a σ that is off', () => {
  for (const [wrong, right] of [
    [2, 1],
    [36, 40],
    [44, 40],
  ] as const) {
    const samples = draw(wrong, { count: 100_000, seed: 'wrong' });
    const { counts, probabilities } = classes(samples, right);
    assert.ok(chiSquareScore(counts, probabilities) > 6, `σ ${wrong} taken for ${right}`);
  }
});

test('samples at the σ of training have the scale and the shape of the normal law', () => {
  const sigma = 1_234_567;
  const samples = draw(sigma, { count: 200_000, seed: 'large' });
  assert.ok(samples.every(Number.isSafeInteger));
  assert.ok(Math.abs(varianceScore(samples, sigma)) < 4);
  assert.ok(kolmogorovSmirnov(samples, (x) => normalCdf(x / sigma)) < 1.95);
  const even = samples.filter((y) => y % 2 === 0).length;
  assert.ok(Math.abs(even - 100_000) < 4 * Math.sqrt(50_000));
});

test('the same tests reject scales of 0.9, 0.98, 1.02 and 1.1, uniform noise, and a shift', () => {
  const sigma = 1_234_567;
  const samples = draw(sigma, { count: 200_000, seed: 'large' });
  for (const scale of [0.9, 0.98, 1.02, 1.1]) {
    assert.ok(Math.abs(varianceScore(samples, sigma / scale)) > 6, `scale ${scale}`);
  }
  for (const scale of [0.9, 1.1]) {
    assert.ok(kolmogorovSmirnov(samples, (x) => normalCdf((x * scale) / sigma)) > 3);
  }
  assert.ok(kolmogorovSmirnov(samples, (x) => normalCdf(x / sigma + 0.03)) > 3);
  const uniform = samples.map((_, i) => ((i + 0.5) / samples.length - 0.5) * sigma * Math.sqrt(12));
  assert.ok(Math.abs(varianceScore(uniform, sigma)) < 4);
  assert.ok(kolmogorovSmirnov(uniform, (x) => normalCdf(x / sigma)) > 3);
});

test('samples one after the other are not correlated', () => {
  const samples = draw(1000, { count: 100_000, seed: 'lags' });
  for (const lag of [1, 2, 7]) {
    let sum = 0;
    for (let i = lag; i < samples.length; i++) sum += (samples[i]! * samples[i - lag]!) / 1e6;
    assert.ok(Math.abs(sum) < 4 * Math.sqrt(samples.length), `lag ${lag}`);
  }
});

test('two samplers on the secure source never agree', () => {
  const [a, b] = [0, 1].map(() => {
    const samples = new Float64Array(64);
    new DiscreteGaussian(new RandomWords(secureRandomness), MAXIMUM_SIGMA).fill(samples);
    return samples;
  });
  assert.notDeepEqual(a, b);
});

test('a σ that is not an integer in range fails an assertion', () => {
  const words = new RandomWords(secureRandomness);
  for (const sigma of [0, -1, 1.5, Number.NaN, MAXIMUM_SIGMA + 1]) {
    assert.throws(() => new DiscreteGaussian(words, sigma), /σ is an integer/);
  }
});
