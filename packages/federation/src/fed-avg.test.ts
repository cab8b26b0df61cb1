import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { aggregateFedAvg } from './fed-avg.ts';
import { divideHalfEven } from './integer-arithmetic.ts';
import { hashParameters, ParameterRangeError } from './parameter-lattice.ts';

const length = 5;
const values = fc
  .array(fc.integer({ min: -(2 ** 29), max: 2 ** 29 }), { minLength: length, maxLength: length })
  .map((array) => Int32Array.from(array));
const updates = (largestWeight: number) =>
  fc.array(fc.record({ weight: fc.integer({ min: 1, max: largestWeight }), delta: values }), {
    minLength: 1,
    maxLength: 7,
  });

/** Twice the distance from the exact mean is at most 1, and 1 only for an even result. */
function assertNearest(
  mean: number,
  list: readonly { readonly weight: number; readonly delta: Int32Array }[],
  index: number,
): void {
  const total = list.reduce((sum, { weight }) => sum + BigInt(weight), 0n);
  const sum = list.reduce((all, { weight, delta }) => all + BigInt(weight) * BigInt(delta[index]!), 0n);
  const error = 2n * (BigInt(mean) * total - sum);
  const size = error < 0n ? -error : error;
  assert.ok(size < total || (size === total && mean % 2 === 0));
}

for (const [what, largestWeight] of [
  ['small weights', 12],
  ['weights beyond what a double can add up', 2 ** 40],
] as const) {
  test(`the mean is the nearest integer, half to even, with ${what}`, () => {
    fc.assert(
      fc.property(updates(largestWeight), values, (list, base) => {
        const result = aggregateFedAvg({ base, updates: list });
        result.forEach((value, i) => {
          assertNearest(value - base[i]!, list, i);
        });
      }),
    );
  });

  test(`the order of the updates changes no bit, with ${what}`, () => {
    const withOrder = updates(largestWeight).chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(withOrder, values, ([list, reordered], base) => {
        const hash = hashParameters(aggregateFedAvg({ base, updates: list }));
        assert.equal(hashParameters(aggregateFedAvg({ base, updates: reordered })), hash);
      }),
    );
  });
}

test('a known round gives known bits', () => {
  const base = Int32Array.of(100, -100, 0, 7);
  const result = aggregateFedAvg({
    base,
    updates: [
      { weight: 1, delta: Int32Array.of(1, -1, 5, 2 ** 30) },
      { weight: 1, delta: Int32Array.of(2, -2, 6, 2 ** 30) },
      { weight: 2, delta: Int32Array.of(0, 0, -3, 2 ** 30) },
    ],
  });
  // Means 0.75, -0.75, 1.25, 2^30.
  assert.deepEqual([...result], [101, -101, 1, 2 ** 30 + 7]);
  assert.deepEqual([...base], [100, -100, 0, 7]);
});

test('halves go to the even neighbour, also below zero', () => {
  const halves = [-5n, -3n, -1n, 1n, 3n, 5n].map((numerator) => divideHalfEven(numerator, 2n));
  assert.deepEqual(halves, [-2n, -2n, 0n, 0n, 2n, 2n]);
});

test('a result outside the lattice is refused, never saturated', () => {
  const base = Int32Array.of(2 ** 31 - 1);
  const up = { weight: 3, delta: Int32Array.of(1) };
  assert.throws(() => aggregateFedAvg({ base, updates: [up] }), ParameterRangeError);
  const down = { weight: 3, delta: Int32Array.of(-1) };
  assert.deepEqual([...aggregateFedAvg({ base, updates: [up, down] })], [2 ** 31 - 1]);
});

test('no updates, other lengths and weights that are not positive integers are mistakes of the caller', () => {
  const base = Int32Array.of(1, 2);
  assert.throws(() => aggregateFedAvg({ base, updates: [] }), /there is an update/);
  assert.throws(() => aggregateFedAvg({ base, updates: [{ weight: 1, delta: Int32Array.of(1) }] }));
  for (const weight of [0, -1, 0.5, Number.NaN]) {
    assert.throws(() => aggregateFedAvg({ base, updates: [{ weight, delta: base }] }), /positive integer/);
  }
});
