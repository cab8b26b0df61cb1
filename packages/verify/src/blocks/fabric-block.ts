// A block as peers and orderers send it, taken apart into what a bundle carries of it.
import { hex, sameBytes, sha256 } from '../wire/digests.ts';
import { Message } from '../wire/protobuf-reader.ts';
import { type BlockHeader, headerHash } from './block-header.ts';

const METADATA = { signatures: 0, filter: 2 } as const;

/** One orderer's signature on a block, in Fabric's own parts. */
export interface OrdererSignature {
  /** Who signed; empty where a number says so. */
  readonly signatureHeader: Uint8Array;
  /** Under BFT: the orderer's number in the configuration. */
  readonly identifierHeader: Uint8Array;
  readonly signature: Uint8Array;
}

/** What orderers signed with a block's header: which block holds the configuration, for one. */
export interface OrdererWord {
  readonly value: Uint8Array;
  readonly signatures: readonly OrdererSignature[];
}

/** A block as it was read: its header, its transactions, and what its orderers signed. */
export interface FabricBlock {
  readonly header: BlockHeader;
  readonly envelopes: readonly Uint8Array[];
  readonly orderers: OrdererWord;
  /** A peer's validation code of each transaction. Nobody signs them. */
  readonly codes: readonly number[];
}

/** @throws UnreadableError */
export function readBlock(bytes: Uint8Array): FabricBlock {
  const message = new Message('block', bytes);
  const header = message.message(1, 'header of a block');
  const metadata = message.message(3, 'metadata of a block').list(1);
  const orderers = new Message('signatures of a block', metadata[METADATA.signatures] ?? new Uint8Array());
  return {
    header: { number: header.number(1), previousHash: header.bytes(2), dataHash: header.bytes(3) },
    envelopes: message.message(2, 'data of a block').list(1),
    orderers: { value: orderers.bytes(1), signatures: orderers.list(2).map(readOrdererSignature) },
    codes: [...(metadata[METADATA.filter] ?? [])],
  };
}

function readOrdererSignature(bytes: Uint8Array): OrdererSignature {
  const message = new Message('signature of a block', bytes);
  return {
    signatureHeader: message.bytes(1),
    signature: message.bytes(2),
    identifierHeader: message.bytes(3),
  };
}

/** The block that holds the configuration in force, as the orderers signed it. @throws UnreadableError */
export function lastConfigOf({ value }: OrdererWord): number {
  return new Message('word of the orderers', value).message(1, 'last configuration').number(1);
}

/**
 * The digest from which all trust starts: the SHA-256 of block 0's header, which block 1 names as the hash before it.
 *
 * @param block block 0: the file genesis.block, or as a peer sends it
 * @throws UnreadableError where it is no block; RangeError where it is not the first one, or not whole
 */
export function genesisDigest(block: Uint8Array): string {
  const { header, envelopes } = readBlock(block);
  const { number, dataHash } = header;
  if (number !== 0 || !sameBytes(sha256(...envelopes), dataHash))
    throw new RangeError('not block 0 of a channel');
  return hex(headerHash(header));
}
