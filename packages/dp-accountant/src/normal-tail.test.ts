import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { logNormalTail, normalQuantileBound, normalTail } from './normal-tail.ts';

/** scipy 1.17: norm.sf and norm.logsf. */
const RECORDED: readonly (readonly [number, number])[] = [
  [-5, 0.9999997133484281],
  [-1.5, 0.9331927987311419],
  [-0.3, 0.6179114221889526],
  [0, 0.5],
  [0.5, 0.3085375387259869],
  [1, 0.15865525393145707],
  [1.4, 0.08075665923377107],
  [3, 0.0013498980316300933],
  [8, 6.22096057427174e-16],
  [12, 1.776482112077653e-33],
  [37, 5.7255712225239266e-300],
];

test('tails agree with scipy to 1e-14, far out as well', () => {
  for (const [z, tail] of RECORDED) {
    assert.ok(Math.abs(normalTail(z) / tail - 1) < 1e-14, `${z}: ${normalTail(z)}`);
    assert.ok(Math.abs(logNormalTail(z) - Math.log(tail)) < 1e-13 * Math.max(1, -Math.log(tail)));
  }
  assert.ok(Math.abs(logNormalTail(100) + 5005.524_208_694_205) < 1e-9);
});

test('both tails add up to 1, and the tail falls', () => {
  fc.assert(
    fc.property(fc.double({ min: -8, max: 8, noNaN: true }), (z) => {
      assert.ok(Math.abs(normalTail(z) + normalTail(-z) - 1) < 4e-16);
      assert.ok(normalTail(z + 0.001) < normalTail(z) + 1e-15);
    }),
  );
});

test('the quantile bound leaves at most the mass it was given, and not much less', () => {
  fc.assert(
    fc.property(fc.double({ min: -200, max: -0.7, noNaN: true }), (logMass) => {
      const z = normalQuantileBound(Math.exp(logMass));
      assert.ok(logNormalTail(z) <= logMass + 1e-9);
      assert.ok(z === 0 || logNormalTail(z - 1) > logMass);
    }),
  );
});
