// A block's header as Fabric hashes it: an ASN.1 sequence of its number, the hash of the header before and the hash of
// its data.
import { concatBytes } from '../wire/bytes.ts';
import { DER } from '../wire/der-reader.ts';
import { derElement, derNumber } from '../wire/der-writer.ts';
import { sha256 } from '../wire/digests.ts';

export interface BlockHeader {
  readonly number: number;
  readonly previousHash: Uint8Array;
  readonly dataHash: Uint8Array;
}

export function headerBytes({ number, previousHash, dataHash }: BlockHeader): Uint8Array {
  const body = concatBytes([
    derElement(DER.integer, derNumber(number)),
    derElement(DER.octetString, previousHash),
    derElement(DER.octetString, dataHash),
  ]);
  return derElement(DER.sequence, body);
}

/** What the next block names as the hash before it, and what block 0's is called the genesis digest. */
export const headerHash = (header: BlockHeader): Uint8Array => sha256(headerBytes(header));

export const dataHashOf = (envelopes: readonly Uint8Array[]): Uint8Array => sha256(...envelopes);
