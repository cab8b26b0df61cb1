// The checks that every store makes of the bytes it returns.

import { ArtefactError } from './artefact-error.ts';
import type { ArtefactRef } from './artefact-store.ts';
import { sameDigest, sha256Hex } from './commitment.ts';
import { computeCid } from './content-id.ts';

export function refuseOversize(sizeBytes: number, maxBytes: number): void {
  if (sizeBytes > maxBytes) {
    throw new ArtefactError(
      'ARTEFACT_TOO_LARGE',
      `${sizeBytes} bytes where at most ${maxBytes} are accepted`,
    );
  }
}

export async function refOf(bytes: Uint8Array): Promise<ArtefactRef> {
  return { cid: await computeCid(bytes), sha256: sha256Hex(bytes), sizeBytes: bytes.length };
}

/**
 * Checks size, SHA-256 and CID. A CID that was made with other UnixFS options than ours names the same bytes
 * under another name and is refused too: the ledger's writers all make it as `computeCid` does.
 *
 * @throws ArtefactError ARTEFACT_HASH_MISMATCH naming what differs
 */
export async function verifyArtefact(bytes: Uint8Array, ref: ArtefactRef): Promise<void> {
  if (bytes.length !== ref.sizeBytes) {
    const detail = `${ref.cid} has ${bytes.length} bytes, not ${ref.sizeBytes}`;
    throw new ArtefactError('ARTEFACT_HASH_MISMATCH', detail);
  }
  if (!sameDigest(sha256Hex(bytes), ref.sha256)) {
    throw new ArtefactError('ARTEFACT_HASH_MISMATCH', `the SHA-256 of ${ref.cid} is not ${ref.sha256}`);
  }
  const cid = await computeCid(bytes);
  if (cid !== ref.cid) {
    throw new ArtefactError('ARTEFACT_HASH_MISMATCH', `the bytes served for ${ref.cid} have the CID ${cid}`);
  }
}
