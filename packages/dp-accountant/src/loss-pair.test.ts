import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LossPair, LossSource } from './loss-pair.ts';
import { ReplaceOneLosses } from './replace-one-losses.ts';
import { SampledGaussianLosses } from './sampled-gaussian-losses.ts';
import { deltaOfRelease } from './single-release.ts';
import { composePlainly, deltaPlainly, mirror } from './testing/plain-accountant.ts';
import { binomialTail } from './truncated-sampling.ts';

const step = fc.record({
  noiseMultiplier: fc.double({ min: 0.3, max: 20, noNaN: true }),
  samplingRate: fc.double({ min: 1e-4, max: 1, noNaN: true }),
});
const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
const losses = ({ lowest, masses, interval }: LossPair) => masses.map((_, i) => (lowest + i) * interval);

function assertWhole(source: LossSource, interval: number): void {
  const pair = source.discretise(interval);
  assert.ok(pair.masses.every((mass) => mass >= 0));
  assert.ok(Math.abs(sum(pair.masses) + pair.infinityRemove - 1) < 1e-11);
  const at = losses(pair);
  const other = sum(pair.masses.map((mass, i) => mass * Math.exp(-at[i]!)));
  assert.ok(Math.abs(other + pair.infinityAdd - 1) < 1e-11, `${other}`);
}

test('every step keeps the whole mass of both worlds to 1e-11', () => {
  fc.assert(
    fc.property(step, fc.double({ min: 0.001, max: 0.1, noNaN: true }), (at, interval) => {
      assertWhole(new SampledGaussianLosses({ ...at, tailMass: 1e-15 }), interval);
      assertWhole(new ReplaceOneLosses({ ...at, tailMass: 1e-15 }), interval);
    }),
    { numRuns: 30 },
  );
});

test('at grid points one step has its exact δ, and nowhere less than it, in both directions', () => {
  fc.assert(
    fc.property(step, fc.double({ min: 0, max: 0.99, noNaN: true }), (at, part) => {
      const interval = 0.02;
      const pair = new SampledGaussianLosses({ ...at, tailMass: 1e-15 }).discretise(interval);
      const remove = composePlainly(pair, 1);
      const add = mirror(remove, pair.infinityAdd);
      for (const index of [0, 1, 7]) {
        const worst = (epsilon: number) =>
          Math.max(deltaPlainly(remove, epsilon), deltaPlainly(add, epsilon));
        const exact = deltaOfRelease(at, index * interval);
        assert.ok(Math.abs(worst(index * interval) - exact) < 1e-9 * exact + 1e-12);
        const between = (index + part) * interval;
        assert.ok(worst(between) >= deltaOfRelease(at, between) - 1e-11);
      }
    }),
    { numRuns: 40 },
  );
});

test('what is cut off is at infinity: the pair dominates however much is cut', () => {
  for (const tailMass of [1e-2, 1e-4, 1e-8]) {
    const at = { noiseMultiplier: 1, samplingRate: 0.2 };
    const pair = new SampledGaussianLosses({ ...at, tailMass }).discretise(0.01);
    assert.ok(pair.infinityRemove > 0 && pair.infinityRemove <= tailMass);
    assert.ok(pair.infinityAdd > 0 && pair.infinityAdd <= tailMass);
    for (const epsilon of [0, 0.5, 1, 2, 4]) {
      assert.ok(deltaPlainly(composePlainly(pair, 1), epsilon) >= deltaOfRelease(at, epsilon) - 1e-11);
    }
  }
});

test('replacing is symmetric: a loss and its negative have masses of ratio e^loss', () => {
  const { masses, lowest, interval } = new ReplaceOneLosses({
    noiseMultiplier: 0.9,
    samplingRate: 0.3,
    tailMass: 1e-14,
  }).discretise(0.01);
  assert.equal(masses.length, 1 - 2 * lowest);
  for (let k = 0; k < -lowest; k += 37) {
    const [above, below] = [masses[k - lowest]!, masses[-k - lowest]!];
    assert.ok(Math.abs(below / (above * Math.exp(-k * interval)) - 1) < 1e-9);
  }
});

test('binomial tails equal the sums that define them', () => {
  const direct = (n: number, q: number, k: number): number => {
    let total = 0;
    for (let at = k + 1; at <= n; at++) {
      let mass = 1;
      for (let i = 0; i < at; i++) mass *= ((n - i) / (i + 1)) * q;
      total += mass * (1 - q) ** (n - at);
    }
    return total;
  };
  for (const [n, q, k] of [
    [20, 0.3, 9],
    [50, 0.05, 2],
    [10, 0.9, 9],
    [100, 0.01, 12],
    [30, 0.5, 4],
  ] as const) {
    assert.ok(Math.abs(binomialTail(n, q, k) / direct(n, q, k) - 1) < 1e-9);
    assert.ok(binomialTail(n, q, k) >= direct(n, q, k));
  }
  assert.equal(binomialTail(10, 0.5, 10), 0);
  assert.equal(binomialTail(10, 0.5, -1), 1);
});
