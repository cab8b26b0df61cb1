// A block's header as Fabric hashes it: an ASN.1 sequence of its number, the hash of the header before and the hash of
// its data.
import { concatBytes, hexBytes } from '../wire/bytes.ts';
import { sha256 } from '../wire/digests.ts';

export interface BlockHeader {
  readonly number: number;
  readonly previousHash: Uint8Array;
  readonly dataHash: Uint8Array;
}

export function headerBytes({ number, previousHash, dataHash }: BlockHeader): Uint8Array {
  const body = concatBytes([
    element(0x02, integer(number)),
    element(0x04, previousHash),
    element(0x04, dataHash),
  ]);
  return element(0x30, body);
}

/** What the next block names as the hash before it, and what block 0's is called the genesis digest. */
export const headerHash = (header: BlockHeader): Uint8Array => sha256(headerBytes(header));

export const dataHashOf = (envelopes: readonly Uint8Array[]): Uint8Array => sha256(...envelopes);

const element = (tag: number, contents: Uint8Array): Uint8Array =>
  concatBytes([Uint8Array.of(tag), length(contents.length), contents]);

function length(bytes: number): Uint8Array {
  if (bytes < 0x80) return Uint8Array.of(bytes);
  const digits = integer(bytes);
  const shortest = digits[0] === 0 ? digits.subarray(1) : digits;
  return concatBytes([Uint8Array.of(0x80 | shortest.length), shortest]);
}

/** Big-endian two's complement of a number that is not negative, as short as can be. */
function integer(value: number): Uint8Array {
  const digits = value.toString(16);
  const bytes = hexBytes(digits.length % 2 ? `0${digits}` : digits);
  return bytes[0]! & 0x80 ? concatBytes([Uint8Array.of(0), bytes]) : bytes;
}
