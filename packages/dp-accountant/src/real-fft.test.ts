import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { RealFft } from './real-fft.ts';

const vectorOf = (length: number) =>
  fc
    .array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: length, maxLength: length })
    .map((values) => Float64Array.from(values));
const normOf = (x: Float64Array): number => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));

test('the spectrum is the definition, for every small power of two', () => {
  for (const length of [8, 16, 32, 64, 128, 256]) {
    const fft = new RealFft(length);
    fc.assert(
      fc.property(vectorOf(length), (x) => {
        const { re, im } = fft.forward(x);
        for (let j = 0; j <= length / 2; j++) {
          let [expectedRe, expectedIm] = [0, 0];
          x.forEach((value, k) => {
            const angle = (2 * Math.PI * ((j * k) % length)) / length;
            expectedRe += value * Math.cos(angle);
            expectedIm -= value * Math.sin(angle);
          });
          assert.ok(Math.hypot(re[j]! - expectedRe, im[j]! - expectedIm) < 1e-12);
        }
      }),
      { numRuns: 5 },
    );
  }
});

test('there and back is the same vector, within the bound that the class states', () => {
  for (const length of [8, 1024, 2048, 65_536]) {
    const fft = new RealFft(length);
    const x = Float64Array.from({ length }, (_, k) => Math.sin(k * k) + 0.1);
    const back = fft.inverse(fft.forward(x));
    const error = normOf(back.map((value, k) => value - x[k]!));
    assert.ok(error <= 2.1 * fft.relativeError * normOf(x), `${length}: ${error}`);
    assert.ok(fft.relativeError < 1e-13);
  }
});

test('a transform can be used again: nothing of the last one is left', () => {
  const fft = new RealFft(64);
  const x = Float64Array.from({ length: 64 }, (_, k) => k % 7);
  const first = fft.forward(x);
  fft.forward(x.map((value) => -value));
  assert.deepEqual(fft.forward(x), first);
});

test('only powers of two of at least 8 have a transform', () => {
  for (const length of [0, 4, 12, 100, 7.5]) assert.throws(() => new RealFft(length), RangeError);
});
