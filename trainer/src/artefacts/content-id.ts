// The CID that Kubo would give some bytes with `add --cid-version=1`, computed here, so that no daemon has to
// be trusted for it, and so that something can be committed to without uploading it.

import { importFile } from 'ipfs-unixfs-importer';
import { fixedSize } from 'ipfs-unixfs-importer/chunker';
import { balanced } from 'ipfs-unixfs-importer/layout';

/** UnixFS as Kubo 0.43 builds it by default under CID version 1; the store asks the daemon for the same. */
export const CHUNK_BYTES = 262_144;
const MAX_LINKS_PER_NODE = 174;
const CHUNKS_IN_FLIGHT = 8;

/**
 * CID (version 1, base32) of a file with these bytes: balanced DAG of raw leaves of 262 144 bytes, at most
 * 174 links per node, SHA-256. An empty file is the CID of the empty raw block. Memory is bounded for a
 * stream.
 */
export async function computeCid(content: Uint8Array | AsyncIterable<Uint8Array>): Promise<string> {
  const { cid } = await importFile({ content }, DISCARD, {
    cidVersion: 1,
    rawLeaves: true,
    chunker: fixedSize({ chunkSize: CHUNK_BYTES }),
    layout: balanced({ maxChildrenPerNode: MAX_LINKS_PER_NODE }),
    reduceSingleLeafToSelf: true,
    blockWriteConcurrency: CHUNKS_IN_FLIGHT,
  });
  return cid.toString();
}

const DISCARD = { put: <Key>(key: Key): Key => key };
