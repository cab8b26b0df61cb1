// A block's header as Fabric hashes it: an ASN.1 sequence of its number, the hash of the header before and the hash of
// its data.
import { sha256 } from '../wire/digests.ts';

export interface BlockHeader {
  readonly number: number;
  readonly previousHash: Uint8Array;
  readonly dataHash: Uint8Array;
}

export function headerBytes({ number, previousHash, dataHash }: BlockHeader): Buffer {
  const body = Buffer.concat([
    element(0x02, integer(number)),
    element(0x04, previousHash),
    element(0x04, dataHash),
  ]);
  return element(0x30, body);
}

/** What the next block names as the hash before it, and what block 0's is called the genesis digest. */
export const headerHash = (header: BlockHeader): Buffer => sha256(headerBytes(header));

export const dataHashOf = (envelopes: readonly Uint8Array[]): Buffer => sha256(...envelopes);

function element(tag: number, contents: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([tag]), length(contents.length), contents]);
}

function length(bytes: number): Buffer {
  if (bytes < 0x80) return Buffer.from([bytes]);
  const digits = integer(bytes);
  const shortest = digits[0] === 0 ? digits.subarray(1) : digits;
  return Buffer.concat([Buffer.from([0x80 | shortest.length]), shortest]);
}

/** Big-endian two's complement of a number that is not negative, as short as can be. */
function integer(value: number): Buffer {
  const digits = value.toString(16);
  const bytes = Buffer.from(digits.length % 2 ? `0${digits}` : digits, 'hex');
  return bytes[0]! & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
}
