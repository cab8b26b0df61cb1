import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { addUp, expUp, LOG_BITS, lnUp, multiplyUp, type UpperFloat, upperOfRatio } from './upper-float.ts';

/** Whether a/b ≤ value ≤ a/b · (1 + 2^-150), in integers. */
function barelyAbove(value: UpperFloat, numerator: bigint, denominator: bigint): boolean {
  const shift = BigInt(Math.abs(value.exponent));
  const [left, right] =
    value.exponent >= 0
      ? [(value.mantissa << shift) * denominator, numerator]
      : [value.mantissa * denominator, numerator << shift];
  return left >= right && left - right <= right >> 150n;
}
const positive = fc.bigInt({ min: 1n, max: 2n ** 300n });

test('ratios, products and sums err upwards, by less than 2^-150', () => {
  fc.assert(
    fc.property(positive, positive, positive, positive, (a, b, c, d) => {
      const x = upperOfRatio({ numerator: a, denominator: b });
      const y = upperOfRatio({ numerator: c, denominator: d });
      assert.ok(barelyAbove(x, a, b));
      assert.ok(barelyAbove(multiplyUp(x, y), a * c, b * d));
      assert.ok(barelyAbove(addUp(x, y), a * d + c * b, b * d));
    }),
  );
});

test('a sum of numbers very far apart is still above the larger', () => {
  const large = upperOfRatio({ numerator: 1n << 5000n, denominator: 1n });
  const sum = addUp(large, { mantissa: 1n, exponent: -5000 });
  assert.ok(barelyAbove(sum, (1n << 5000n) + 1n, 1n));
});

const asNumber = (log: bigint) => Number(log >> (LOG_BITS - 80n)) / 2 ** 80;

test('logarithms agree with the machine and invert the exponential from above', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 10n ** 15n }), fc.bigInt({ min: 1n, max: 10n ** 15n }), (a, b) => {
      const log = asNumber(lnUp(upperOfRatio({ numerator: a, denominator: b })));
      const expected = Math.log(Number(a) / Number(b));
      assert.ok(Math.abs(log - expected) <= 1e-13 * Math.max(1, Math.abs(expected)));
    }),
  );
  for (const [numerator, denominator] of [
    [0n, 1n],
    [1n, 10n ** 12n],
    [1n, 3n],
    [700n, 1n],
    [10n ** 8n, 1n],
  ] as const) {
    const back = lnUp(expUp({ numerator, denominator }));
    const exact = (numerator << LOG_BITS) / denominator;
    assert.ok(back >= exact, 'never below');
    assert.ok(back - exact <= (exact >> 120n) + (1n << (LOG_BITS - 120n)), 'and barely above');
  }
});

test('ln 2 and e are right to 50 digits', () => {
  const digits = (scaled: bigint, bits: bigint) => ((scaled * 10n ** 50n) >> bits).toString();
  const ln2 = lnUp({ mantissa: 2n, exponent: 0 });
  assert.equal(digits(ln2, LOG_BITS), '69314718055994530941723212145817656807550013436025');
  const e = expUp({ numerator: 1n, denominator: 1n });
  assert.equal(
    digits(e.mantissa, BigInt(-e.exponent)),
    '271828182845904523536028747135266249775724709369995',
  );
});

test('zero and negative numbers are refused', () => {
  assert.throws(() => upperOfRatio({ numerator: 0n, denominator: 1n }), RangeError);
  assert.throws(() => upperOfRatio({ numerator: -1n, denominator: 1n }), RangeError);
});
