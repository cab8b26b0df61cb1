import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decodeParameters,
  dequantizeParameters,
  encodeParameters,
  hashParameters,
  ParameterFormatError,
  ParameterRangeError,
  quantizeParameters,
  saturateParameter,
} from './parameter-lattice.ts';

const lattice = fc.int32Array();

test('the canonical bytes are those of the format, little-endian', () => {
  assert.equal(
    Buffer.from(encodeParameters(Int32Array.of(1, -2))).toString('hex'),
    '434e535001140000' + '02000000' + '01000000' + 'feffffff',
  );
});

test('parameters come back from their bytes, and only one form of bytes encodes them', () => {
  fc.assert(
    fc.property(lattice, (parameters) => {
      const bytes = encodeParameters(parameters);
      assert.deepEqual(decodeParameters(bytes), parameters);
      assert.deepEqual(quantizeParameters(dequantizeParameters(parameters)), parameters);
      // As it arrives in the middle of a buffer.
      assert.deepEqual(decodeParameters(Buffer.concat([Buffer.of(7), bytes]).subarray(1)), parameters);
    }),
  );
});

test('any other byte is refused or means other parameters', () => {
  const bytes = encodeParameters(Int32Array.of(5, 6, 7));
  for (let i = 0; i < bytes.length; i++) {
    const changed = Uint8Array.from(bytes);
    changed[i]! ^= 1;
    if (i < 12) assert.throws(() => decodeParameters(changed), ParameterFormatError, `byte ${i}`);
    else assert.notDeepEqual(decodeParameters(changed), Int32Array.of(5, 6, 7));
  }
  for (const length of [0, 4, 11, 23]) {
    assert.throws(() => decodeParameters(bytes.subarray(0, length)), ParameterFormatError);
  }
  assert.throws(() => decodeParameters(Buffer.concat([bytes, Buffer.of(0)])), ParameterFormatError);
});

test('the hash is the SHA-256 of the canonical bytes', () => {
  const parameters = Int32Array.of(-1, 0, 2 ** 31 - 1);
  const expected = createHash('sha256').update(encodeParameters(parameters)).digest('hex');
  assert.equal(hashParameters(parameters), expected);
  assert.notEqual(hashParameters(Int32Array.of(-1, 0)), hashParameters(Int32Array.of(-1, 0, 0)));
});

test('real values go to the nearest lattice point, half to even', () => {
  const step = 2 ** -20;
  const values = [0.5, 1.5, 2.5, -0.5, -1.5, 0.49, -0.51, 3].map((steps) => steps * step);
  assert.deepEqual([...quantizeParameters(values)], [0, 2, 2, 0, -2, 0, -1, 3]);
});

test('values that the lattice cannot hold are refused, never clamped', () => {
  assert.deepEqual([...quantizeParameters([-2048])], [-(2 ** 31)]);
  assert.deepEqual([...quantizeParameters([2048 - 2 ** -20])], [2 ** 31 - 1]);
  for (const value of [2048, -2048.1, Number.NaN, Number.POSITIVE_INFINITY, 1e300]) {
    assert.throws(() => quantizeParameters([0, value]), ParameterRangeError);
  }
});

test('what is out of range is moved to the largest whole number of the lattice, and NaN to 0', () => {
  const cases: [number, number][] = [
    [0.5, 0.5],
    [-2047, -2047],
    [2047.5, 2047],
    [-1e300, -2047],
    [Number.POSITIVE_INFINITY, 2047],
    [Number.NaN, 0],
  ];
  for (const [value, moved] of cases) assert.equal(saturateParameter(value), moved);
  assert.doesNotThrow(() => quantizeParameters(cases.map(([value]) => saturateParameter(value))));
});
