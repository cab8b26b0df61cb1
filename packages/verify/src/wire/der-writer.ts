// DER as it is written: elements with the shortest length, and numbers in the fewest bytes.
import { concatBytes, hexBytes } from './bytes.ts';

export const derElement = (tag: number, contents: Uint8Array): Uint8Array =>
  concatBytes([Uint8Array.of(tag), length(contents.length), contents]);

/** Big-endian two's complement of a whole number that is not negative, as short as can be. */
export function derNumber(value: number | bigint): Uint8Array {
  const digits = value.toString(16);
  const bytes = hexBytes(digits.length % 2 ? `0${digits}` : digits);
  return bytes[0]! & 0x80 ? concatBytes([Uint8Array.of(0), bytes]) : bytes;
}

function length(bytes: number): Uint8Array {
  if (bytes < 0x80) return Uint8Array.of(bytes);
  const digits = derNumber(bytes);
  const shortest = digits[0] === 0 ? digits.subarray(1) : digits;
  return concatBytes([Uint8Array.of(0x80 | shortest.length), shortest]);
}
