import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { samplingRateOf } from './sampling-rate.ts';

/** The exact decimal expansion of a double from 0 to 1, by long division of its binary fraction. */
function exactDigits(value: number, digitCount: number): bigint {
  let digits = 0n;
  let rest = value;
  let scaled = 0n;
  // 1100 binary digits hold every double down to the smallest.
  for (let digit = 0; digit < 1_100; digit++) {
    rest *= 2;
    const bit = rest >= 1 ? 1n : 0n;
    rest -= Number(bit);
    scaled = scaled * 2n + bit;
  }
  digits = (scaled * 10n ** BigInt(digitCount)) >> 1_100n;
  // A remainder makes it larger than the digits say.
  return (scaled * 10n ** BigInt(digitCount)) % (1n << 1_100n) === 0n ? digits : digits + 1n;
}

test('a rate whose double is above its decimal is taken one double lower', () => {
  for (const decimal of ['0.1', '0.2', '0.01', '0.05', '0.7', '0.000001']) {
    const nearest = Number(decimal);
    const used = samplingRateOf(decimal);
    const digitCount = decimal.length - 2;
    const isAbove = exactDigits(nearest, digitCount) > BigInt(decimal.slice(2));
    assert.equal(used < nearest, isAbove, decimal);
    assert.ok(nearest - used <= nearest * 2 ** -52, decimal);
  }
  assert.ok(samplingRateOf('0.1') < 0.1, 'the double 0.1 is above a tenth');
});

test('a rate whose double is at most its decimal stays', () => {
  for (const decimal of ['1', '0.5', '0.25', '0.3', '0.0625'])
    assert.equal(samplingRateOf(decimal), Number(decimal));
});

test('no rate that is used is above the decimal that is charged', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.bigInt({ min: 1n, max: 10n ** 20n }),
      (digitCount, digits) => {
        const limited = (digits % 10n ** BigInt(digitCount)) + 1n;
        const text = limited.toString().padStart(digitCount, '0');
        const decimal = text.length > digitCount ? '1' : `0.${text}`;
        const used = samplingRateOf(decimal);
        if (decimal === '1') return used === 1;
        return exactDigits(used, digitCount) <= limited && used > 0;
      },
    ),
    { numRuns: 2_000 },
  );
});

test('what is no plain decimal is refused', () => {
  for (const text of ['', '1e-3', '-0.1', '.5', '0.5 ', 'NaN'])
    assert.throws(() => samplingRateOf(text), RangeError);
});
