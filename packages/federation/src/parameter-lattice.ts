// Model parameters as a consortium shares them: 32-bit integers on a fixed lattice, in one canonical byte form. Its
// SHA-256 is the commitment to an update and the hash of an aggregate.
import { sha256Hex } from '#platform';

/** One lattice step is 2^-20: a range of ±2048 in an int32. */
export const PARAMETER_SCALE_BITS = 20;
const SCALE = 2 ** PARAMETER_SCALE_BITS;
const LARGEST = 2 ** 31 - 1;
const SMALLEST = -(2 ** 31);

/** Canonical bytes: magic `CNSP`, version (1 byte), scale bits (1), two zero bytes, count (uint32), int32 values. */
const MAGIC = 0x434e5350;
const VERSION = 1;
const HEADER_BYTES = 12;

/** A value outside of the lattice. Values are never clamped. */
export class ParameterRangeError extends Error {
  override readonly name = 'ParameterRangeError';
}

/** Bytes that are not the canonical form of parameters. */
export class ParameterFormatError extends Error {
  override readonly name = 'ParameterFormatError';
}

/** The integer nearest to x, the even one of two equally near. */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** The largest whole number of the lattice's range: 2047. */
const LARGEST_WHOLE = Math.floor(LARGEST / SCALE);

/**
 * A value moved into the lattice's range, [-2047, 2047]; NaN becomes 0. For values whose refusal would tell something:
 * a noised release that is out of range fails every norm bound, and is not drawn again.
 */
export const saturateParameter = (value: number): number =>
  Number.isNaN(value) ? 0 : Math.min(LARGEST_WHOLE, Math.max(-LARGEST_WHOLE, value));

/** A norm in parameter units as one of lattice vectors, rounded up. */
export const normSteps = (norm: number): bigint => BigInt(Math.ceil(norm * SCALE));

/**
 * Real parameters rounded to the lattice, half to even.
 *
 * @throws ParameterRangeError for NaN and for values outside [-2048, 2048 - 2^-20].
 */
export function quantizeParameters(values: ArrayLike<number>): Int32Array {
  const lattice = new Int32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const step = roundHalfEven(values[i]! * SCALE);
    if (!(step >= SMALLEST && step <= LARGEST)) {
      throw new ParameterRangeError(
        `parameter ${i} is not a number in [-2048, 2048): lower the learning rate or the steps per round`,
      );
    }
    lattice[i] = step;
  }
  return lattice;
}

/** The real values of lattice parameters, exactly. */
export function dequantizeParameters(lattice: Int32Array): Float64Array {
  return Float64Array.from(lattice, (step) => step / SCALE);
}

/** Length in bytes of the canonical form of `count` parameters. */
export const parameterBytes = (count: number): number => HEADER_BYTES + count * 4;

/** Canonical bytes of lattice parameters: little-endian, one form for one vector. */
export function encodeParameters(lattice: Int32Array): Uint8Array {
  const bytes = new Uint8Array(parameterBytes(lattice.length));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, false);
  view.setUint8(4, VERSION);
  view.setUint8(5, PARAMETER_SCALE_BITS);
  view.setUint32(8, lattice.length, true);
  bytes.set(encodeValues(lattice), HEADER_BYTES);
  return bytes;
}

/** int32 values, little-endian, without a header. */
export function encodeValues(lattice: Int32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(lattice.length * 4));
  lattice.forEach((step, i) => {
    view.setInt32(i * 4, step, true);
  });
  return new Uint8Array(view.buffer);
}

export function decodeValues(bytes: Uint8Array): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int32Array.from({ length: bytes.length / 4 }, (_, i) => view.getInt32(i * 4, true));
}

/**
 * The lattice parameters in canonical bytes.
 *
 * @throws ParameterFormatError for anything that `encodeParameters` would not have written.
 */
export function decodeParameters(bytes: Uint8Array): Int32Array {
  if (bytes.length < HEADER_BYTES) throw new ParameterFormatError('too short for a parameter file');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, false) !== MAGIC) throw new ParameterFormatError('not a parameter file');
  if (view.getUint8(4) !== VERSION) throw new ParameterFormatError('unknown version of the parameter file');
  if (view.getUint8(5) !== PARAMETER_SCALE_BITS || view.getUint16(6) !== 0) {
    throw new ParameterFormatError('unknown scale of the parameter file');
  }
  const count = view.getUint32(8, true);
  if (bytes.length !== parameterBytes(count)) {
    throw new ParameterFormatError(`the parameter file says ${count} values but has another length`);
  }
  return decodeValues(bytes.subarray(HEADER_BYTES));
}

/** SHA-256 of the canonical bytes, lower-case hex: an update's commitment, an aggregate's hash. */
export function hashParameters(lattice: Int32Array): string {
  return sha256Hex(encodeParameters(lattice));
}
