// What the journal holds, as the rest of the trainer reads it.
import type { Dictionary, Pool, RecordCountBand } from '@consilium/domain';

export interface PreparedDataset {
  readonly datasetId: string;
  readonly path: string;
  readonly dictionary: Dictionary;
  readonly salt: Uint8Array;
  readonly commitment: string;
  readonly recordCountBand: RecordCountBand;
}

export interface ReleaseKey {
  readonly studyId: string;
  readonly round: number;
  readonly datasetId: string;
  readonly pool: Pool;
}

/** One draw of noise: the bytes that may be published for one charge. */
export interface Release {
  /** The noised bytes; empty once the round is over, when nobody needs them any more. */
  readonly payload: Uint8Array;
  readonly payloadSha256: string;
  /** What the mechanism ran on: the base model (training) or the candidate (held-out). */
  readonly subjectSha256: string;
  readonly localParameters: Uint8Array | undefined;
  /** open: not known to be on the ledger; charged: it is; void: its round ended without it. */
  readonly charge: 'open' | 'charged' | 'void';
}

export interface Sealed {
  readonly ciphertext: Uint8Array;
  readonly plaintextSha256: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Set once IPFS has it. */
  readonly cid: string | undefined;
}

/** A sealed artefact that IPFS is not known to have. */
export interface Undelivered {
  readonly round: number;
  readonly subject: string;
  readonly sha256: string;
}

/** What was sealed and may be in IPFS, and is not known to be named by the ledger or unpinned. */
export interface Inconclusive extends Undelivered {
  /** Under which it was put, or would have been. */
  readonly cid: string | undefined;
  readonly ciphertext: Uint8Array | undefined;
}

export interface StepKey {
  readonly studyId: string;
  readonly round: number;
  readonly subject: string;
}

/** What a mechanism gave, before it is written down. */
export interface Draw {
  readonly payload: Uint8Array;
  readonly subjectSha256: string;
  readonly localParameters?: Uint8Array;
  /** The mechanism ran on no patients: a draw that failed is followed by noise alone. */
  readonly isOfNobody?: boolean;
}

/** How a draw ended; begun: it is not known to have. */
export type DrawOutcome = 'begun' | 'patients' | 'nobody';
