// The CID that Kubo would give some bytes with `add --cid-version=1`, computed here, so that no daemon has to
// be trusted for it, and so that something can be committed to without uploading it.
//
// The nodes are written here too (UnixFS in DAG-PB): protons-runtime 7 and 8, with which the public importer writes
// them, encode sizes from 2 GiB on wrongly, with bytes of other buffers, so that equal files had different CIDs.
import { createHash } from 'node:crypto';
import { CID } from 'multiformats/cid';
import { create as digestOf } from 'multiformats/hashes/digest';

/** UnixFS as Kubo 0.43 builds it by default under CID version 1; the store asks the daemon for the same. */
export const CHUNK_BYTES = 262_144;
const MAX_LINKS_PER_NODE = 174;
const RAW = 0x55;
const DAG_PB = 0x70;
const SHA2_256 = 0x12;
/** UnixFS's DataType File. */
const FILE = 2;

/** A node of the tree, or a leaf. */
interface Subtree {
  readonly cid: CID;
  /** Of the file's bytes. */
  readonly fileBytes: number;
  /** Of all blocks below, this one with them. */
  readonly blockBytes: number;
}

/**
 * CID (version 1, base32) of a file with these bytes: balanced DAG of raw leaves of 262 144 bytes, at most
 * 174 links per node, SHA-256. An empty file is the CID of the empty raw block. Memory is bounded for a
 * stream.
 */
export async function computeCid(content: Uint8Array | AsyncIterable<Uint8Array>): Promise<string> {
  let level: Subtree[] = [];
  for await (const chunk of chunksOf(content instanceof Uint8Array ? [content] : content))
    level.push(leafOf(chunk));
  while (level.length > 1) {
    const above: Subtree[] = [];
    for (let i = 0; i < level.length; i += MAX_LINKS_PER_NODE) {
      above.push(nodeOf(level.slice(i, i + MAX_LINKS_PER_NODE)));
    }
    level = above;
  }
  return level[0]!.cid.toString();
}

/** Pieces of CHUNK_BYTES; the last may be shorter, and is the only one, and empty, of nothing. */
async function* chunksOf(
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunk = new Uint8Array(CHUNK_BYTES);
  let used = 0;
  let isEmpty = true;
  for await (const piece of pieces) {
    for (let start = 0; start < piece.length; ) {
      const taken = piece.subarray(start, start + CHUNK_BYTES - used);
      chunk.set(taken, used);
      used += taken.length;
      start += taken.length;
      if (used < CHUNK_BYTES) continue;
      yield chunk;
      used = 0;
      isEmpty = false;
    }
  }
  if (used > 0 || isEmpty) yield chunk.subarray(0, used);
}

const cidOf = (codec: number, block: Uint8Array): CID =>
  CID.createV1(codec, digestOf(SHA2_256, new Uint8Array(createHash('sha256').update(block).digest())));

const leafOf = (chunk: Uint8Array): Subtree => ({
  cid: cidOf(RAW, chunk),
  fileBytes: chunk.length,
  blockBytes: chunk.length,
});

/** A node over these, as DAG-PB has it: its links first, then UnixFS's data. */
function nodeOf(children: readonly Subtree[]): Subtree {
  const fileBytes = children.reduce((sum, child) => sum + child.fileBytes, 0);
  const data = Buffer.concat([
    number(1, FILE),
    number(3, fileBytes),
    ...children.map((child) => number(4, child.fileBytes)),
  ]);
  const links = children.map(({ cid, blockBytes }) =>
    bytes(2, Buffer.concat([bytes(1, cid.bytes), bytes(2, new Uint8Array()), number(3, blockBytes)])),
  );
  const block = Buffer.concat([...links, bytes(1, data)]);
  const below = children.reduce((sum, child) => sum + child.blockBytes, 0);
  return { cid: cidOf(DAG_PB, block), fileBytes, blockBytes: block.length + below };
}

/** A varint of protocol buffers. @param value non-negative, up to 2^53 */
function varint(value: number): Buffer {
  const digits: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) digits.push((rest % 128) + 128);
  return Buffer.from([...digits, rest]);
}

const number = (field: number, value: number): Buffer => Buffer.concat([varint(field * 8), varint(value)]);
const bytes = (field: number, value: Uint8Array): Buffer =>
  Buffer.concat([varint(field * 8 + 2), varint(value.length), value]);
