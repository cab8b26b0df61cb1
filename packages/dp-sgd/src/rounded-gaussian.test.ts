import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { distanceFromRounded, standInSigma } from './rounded-gaussian.ts';

/** ∫ of the density of N(0, deviation²) over [x - 1/2, x + 1/2], by Gauss and Legendre's rule of five points. */
function roundedMass(x: number, deviation: number): number {
  const nodes = [0, 0.5384693101056831, 0.906179845938664];
  const weights = [0.5688888888888889, 0.47862867049936647, 0.23692688505618908];
  const density = (at: number) =>
    Math.exp(-(at * at) / (2 * deviation * deviation)) / (deviation * Math.sqrt(2 * Math.PI));
  return nodes.reduce((sum, node, i) => {
    const both = node === 0 ? density(x) : density(x - node / 2) + density(x + node / 2);
    return sum + (weights[i]! / 2) * both;
  }, 0);
}

function totalVariation(sigma: number, deviation: number): number {
  const reach = Math.ceil(12 * sigma);
  const points = Array.from({ length: 2 * reach + 1 }, (_, i) => i - reach);
  const masses = points.map((x) => Math.exp(-(x * x) / (2 * sigma * sigma)));
  const total = masses.reduce((sum, mass) => sum + mass, 0);
  return points.reduce((sum, x, i) => sum + Math.abs(masses[i]! / total - roundedMass(x, deviation)), 0) / 2;
}

const partner = (sigma: number) => Math.sqrt(sigma * sigma - 1 / 12);

test('a discrete Gaussian is as near to a rounded one of variance σ² - 1/12 as is claimed', () => {
  for (const sigma of [2, 3, 4, 6, 10, 16, 25]) {
    const distance = totalVariation(sigma, partner(sigma));
    assert.ok(distance <= distanceFromRounded(sigma), `${sigma}: ${distance}`);
    assert.ok(distance > distanceFromRounded(sigma) / 50, 'the test resolves what it compares');
  }
});

test('a wrong variance, or a claim that falls faster, is noticed', () => {
  for (const sigma of [10, 25]) {
    assert.ok(totalVariation(sigma, sigma) > distanceFromRounded(sigma));
    assert.ok(totalVariation(sigma, partner(sigma)) > 0.01 / sigma ** 6);
  }
});

test('below 2 nothing is claimed', () => assert.equal(distanceFromRounded(1), 1));

test('the least integer for a deviation leaves a twelfth of variance to spare', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 2 ** 30, noNaN: true }), (deviation) => {
      const sigma = standInSigma(deviation);
      assert.ok(Number.isSafeInteger(sigma) && sigma >= deviation);
      const [below, square] = [sigma - 1, deviation * deviation + 1 / 12];
      assert.ok(sigma * sigma >= square, 'enough');
      assert.ok(below * below <= square * (1 + 1e-14), 'and not more');
    }),
  );
  assert.equal(standInSigma(2), 3);
  assert.equal(standInSigma(Math.SQRT2), 2);
});
