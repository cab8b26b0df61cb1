import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareDecimals, decimalOf, ratioOf, subtractDecimals } from './decimal.ts';

const micro = fc.bigInt({ min: 0n, max: 10n ** 15n });

test('a decimal is read exactly', () => {
  assert.deepEqual(ratioOf('12.50'), { numerator: 1250n, denominator: 100n });
  assert.deepEqual(ratioOf('0'), { numerator: 0n, denominator: 1n });
  assert.deepEqual(ratioOf('-0.001'), { numerator: -1n, denominator: 1000n });
});

test('what is no decimal is a mistake', () => {
  for (const text of ['', '.5', '1.', '1e3', 'NaN', '1,5', ' 1', '0x1']) {
    assert.throws(() => ratioOf(text), RangeError, text);
  }
});

test('decimals compare as numbers, not as texts', () => {
  assert.ok(compareDecimals('10', '9.999') > 0);
  assert.ok(compareDecimals('0.1', '0.10') === 0);
  assert.ok(compareDecimals('0.100000000000001', '0.1') > 0);
  assert.ok(compareDecimals('999999999', '999999999.000000000000001') < 0);
});

test('units become decimals and back', () => {
  assert.equal(decimalOf(1_500_000n, 6), '1.5');
  assert.equal(decimalOf(1n, 6), '0.000001');
  assert.equal(decimalOf(0n, 6), '0');
  fc.assert(
    fc.property(micro, micro, (a, b) => {
      const [x, y] = [decimalOf(a, 6), decimalOf(b, 6)];
      assert.equal(Math.sign(compareDecimals(x, y)), a < b ? -1 : a > b ? 1 : 0);
      assert.equal(subtractDecimals(x, y), decimalOf(a > b ? a - b : 0n, 6));
    }),
  );
});

test('more than there is leaves nothing', () => {
  assert.equal(subtractDecimals('1', '1.000001'), '0');
  assert.equal(subtractDecimals('3', '0.000001'), '2.999999');
});
