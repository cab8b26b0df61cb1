// The discrete Gaussian as Gaussian differential privacy: the claim of gaussian-cost.ts against the law itself.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { PrivacyEvent } from '../privacy-event.ts';
import {
  addGaussian,
  gaussianOfEvent,
  rootDown,
  standInMultiplier,
  subtractGaussian,
  timesGaussian,
  UNBOUNDED_GAUSSIAN,
} from './gaussian-cost.ts';

const eventOf = (noiseMultiplier: string, steps = 1, samplingRate = '1'): PrivacyEvent => ({
  mechanism: 'discrete-gaussian',
  noiseMultiplier,
  samplingRate,
  steps,
  adjacency: 'add-or-remove-one',
  unit: 'patient',
  pool: 'held-out',
});
const muOf = (noiseMultiplier: string): number =>
  Math.sqrt(Number(gaussianOfEvent(eventOf(noiseMultiplier))) / 1e18);

/** ln P(N(0, 1) > t), to double precision for t ≥ 0: the series about 0, Laplace's fraction further out. */
function lnTail(t: number): number {
  if (t < 3) {
    let [term, sum] = [t, t];
    for (let k = 1; k < 120; k++) {
      term *= (t * t) / (2 * k + 1);
      sum += term;
    }
    return Math.log(0.5 - (sum * Math.exp(-t * t * 0.5)) / Math.sqrt(2 * Math.PI));
  }
  let fraction = t;
  for (let k = 200; k >= 1; k--) fraction = t + k / fraction;
  return -t * t * 0.5 - Math.log(fraction) - 0.5 * Math.log(2 * Math.PI);
}

/** The t ≥ 0 with P(N(0, 1) > t) = e^ln. */
function quantile(ln: number): number {
  let [low, high] = [0, 60];
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2;
    if (lnTail(middle) > ln) low = middle;
    else high = middle;
  }
  return low;
}

/** The widths e_m of the cells that the discrete law's quantiles cut out of the normal one, from the middle one on. */
function cellWidths(sigma: number): number[] {
  const reach = Math.ceil(20 * sigma) + 20;
  const mass = (k: number) => Math.exp(-(k * k) / (2 * sigma * sigma));
  let tail = 0;
  const tails: number[] = [];
  for (let m = reach; m >= 1; m--) {
    tail += mass(m);
    tails[m] = tail;
  }
  const total = mass(0) + 2 * tail;
  const last = Math.ceil(12 * sigma);
  const edges = Array.from({ length: last }, (_, i) => quantile(Math.log(tails[i + 1]! / total)));
  return [2 * edges[0]!, ...edges.slice(1).map((edge, i) => edge - edges[i]!)];
}

const SIGMAS = [0.6, 0.75, 1, 1.5, 2, 3, 5, 10, 30];

test('no threshold tells a discrete Gaussian from itself moved by 1 better than the bound says', () => {
  for (const sigma of SIGMAS) {
    const widest = Math.max(...cellWidths(sigma));
    const bound = muOf(String(sigma));
    assert.ok(widest <= bound * (1 + 1e-9), `σ ${sigma}: ${widest} above ${bound}`);
    assert.ok(sigma < 2 || bound <= widest * 1.001, `σ ${sigma}: ${bound} far above ${widest}`);
  }
});

test('the Gaussian’s own 1/σ would be too little, at every σ', () => {
  for (const sigma of SIGMAS) assert.ok(Math.max(...cellWidths(sigma)) > 1 / sigma, `σ ${sigma}`);
});

test('μ² is the smaller root of μ²(1 − μ²/12) = 1/z², rounded up once after all steps', () => {
  for (const z of ['0.6', '1', '4.2', '8.3', '1000']) {
    const square = Number(gaussianOfEvent(eventOf(z))) / 1e18;
    assert.ok(Math.abs(square * (1 - square / 12) * Number(z) ** 2 - 1) < 1e-9, z);
    assert.ok(square < 6);
  }
  const [one, many] = [gaussianOfEvent(eventOf('7')), gaussianOfEvent(eventOf('7', 1000))];
  assert.ok(BigInt(one) * 1000n >= BigInt(many) && BigInt(one) * 1000n - BigInt(many) < 1000n);
  assert.equal(gaussianOfEvent(eventOf('10')), '10008347251225093', 'every peer must have these digits');
});

test('finer lattices and counts that move together cost no more', () => {
  const square = (z: number) => Number(gaussianOfEvent(eventOf(z.toFixed(12)))) / 1e18;
  for (const z of [0.7, 1, 3, 10]) {
    for (const finer of [1, 2, 64]) assert.ok(finer ** 2 * square(z * finer) <= square(z) * (1 + 1e-9));
    assert.ok(2 * square(z * Math.SQRT2) <= square(z) * (1 + 1e-9));
  }
});

test('what has no such bound is unbounded, and stays so in sums', () => {
  const unbounded = UNBOUNDED_GAUSSIAN.toString();
  assert.equal(gaussianOfEvent(eventOf('8', 1, '0.5')), unbounded, 'sampling');
  assert.equal(gaussianOfEvent(eventOf('0.57')), unbounded, '3z² below 1');
  assert.notEqual(gaussianOfEvent(eventOf('0.58')), unbounded);
  assert.equal(addGaussian(unbounded, '5'), unbounded);
  assert.equal(subtractGaussian(unbounded, '5'), unbounded);
  assert.equal(timesGaussian(unbounded, 2), unbounded);
  assert.equal(standInMultiplier('0.5'), undefined);
  assert.throws(() => gaussianOfEvent(eventOf('0')), RangeError);
});

test('sums come and go exactly, and never below nothing', () => {
  const cost = gaussianOfEvent(eventOf('4'));
  assert.equal(subtractGaussian(addGaussian(cost, timesGaussian(cost, 3)), timesGaussian(cost, 4)), '0');
  assert.throws(() => subtractGaussian('1', '2'), RangeError);
  assert.throws(() => timesGaussian('1', -1), RangeError);
  assert.throws(() => timesGaussian('1', 0.5), RangeError);
});

test('a stand-in has a little less noise, and never more', () => {
  for (const z of ['1', '4.2', '10', '500']) {
    const standIn = standInMultiplier(z)!;
    assert.ok(standIn < Number(z) && standIn > Number(z) * (1 - 0.06 / Number(z) ** 2));
    assert.ok(standIn <= 1 / muOf(z));
  }
});

test('roots are exact', () => {
  for (const value of [
    0n,
    1n,
    2n,
    3n,
    4n,
    8n,
    9n,
    15n,
    16n,
    10n ** 60n,
    10n ** 60n - 1n,
    (1n << 511n) + 1n,
  ]) {
    const root = rootDown(value);
    assert.ok(root * root <= value && (root + 1n) * (root + 1n) > value, String(value));
  }
});
