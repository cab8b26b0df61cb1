// Where sealed artefacts are kept: content-addressed bytes that any member's node can serve and none is
// trusted with. A reader names what it wants exactly as the ledger does, and gets that or a named error.

export interface ArtefactRef {
  readonly cid: string;
  /** SHA-256 of the bytes, lower-case hexadecimal. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

export interface ArtefactStore {
  /**
   * Keeps the bytes, pinned, and says how the ledger may name them. Putting the same bytes again is the same.
   *
   * @throws ArtefactError ARTEFACT_TOO_LARGE, ARTEFACT_STORAGE_FULL, ARTEFACT_STORE_UNREACHABLE,
   *   ARTEFACT_STORE_REFUSED, or ARTEFACT_HASH_MISMATCH where the node names other bytes
   */
  put(bytes: Uint8Array): Promise<ArtefactRef>;

  /**
   * Exactly the bytes that the reference names, verified.
   *
   * @throws ArtefactError ARTEFACT_TOO_LARGE, ARTEFACT_UNREACHABLE, ARTEFACT_HASH_MISMATCH,
   *   ARTEFACT_STORE_UNREACHABLE or ARTEFACT_STORE_REFUSED
   */
  get(ref: ArtefactRef): Promise<Uint8Array>;

  /** Keeps what another member put. Pinning twice is the same. */
  pin(cid: string): Promise<void>;

  /** Lets the bytes go at the node's next collection. Unpinning what is not pinned is no error. */
  unpin(cid: string): Promise<void>;

  /** Which of these the node does not pin, so that its next collection may drop them. @throws ArtefactError */
  unpinnedOf(cids: readonly string[]): Promise<string[]>;
}

export const DEFAULT_MAX_ARTEFACT_BYTES = 256 * 1024 * 1024;
