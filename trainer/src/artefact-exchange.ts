// How this trainer gives artefacts to the other members and takes theirs. Nothing is trusted that comes back:
// size, SHA-256 and the seal are checked on every read. What is published is written down first, so that after
// a crash the ledger's hash still fits the bytes in IPFS.
import type { ArtefactRef, Member } from '@consilium/chaincode/domain';
import { named, TrainerError } from './errors.ts';
import { type Journal, type StepKey, sha256Hex } from './journal.ts';

/** Where artefacts lie: IPFS, or a map in tests. */
export interface ArtefactStore {
  /** @throws TrainerError TRAINER_IPFS_UNREACHABLE */
  put(bytes: Uint8Array): Promise<{ readonly cid: string }>;
  /** @throws TrainerError TRAINER_IPFS_UNREACHABLE, TRAINER_ARTEFACT_UNREACHABLE, TRAINER_ARTEFACT_HASH_MISMATCH */
  get(cid: string, options: { readonly maxBytes: number }): Promise<Uint8Array>;
}

/** How artefacts are sealed for members and opened by this one. */
export interface Seal {
  seal(plaintext: Uint8Array, recipients: readonly Member[], label: string): Promise<Uint8Array>;
  /** @throws TrainerError TRAINER_ARTEFACT_NOT_DECRYPTABLE */
  open(sealed: Uint8Array, label: string): Promise<Uint8Array>;
}

export interface ExchangeOptions {
  readonly store: ArtefactStore;
  readonly seal: Seal;
  readonly journal: Journal;
  readonly listMembers: () => Promise<readonly Member[]>;
  readonly afterStep: (step: string) => void;
  readonly nowMs: () => number;
}

/** Room for headers and one wrapped key per member, in a sealed artefact and beside its values. */
const OVERHEAD_BYTES = 64 * 1024;
const MAX_GRAPH_BYTES = 512 * 1024 * 1024;
/** Opened artefacts kept in memory at most: the verdict, the attestation and the finalising read the same. */
const CACHE_BYTES = 64 * 1024 * 1024;

export class ArtefactExchange {
  readonly #options: ExchangeOptions;
  readonly #opened = new Map<string, Uint8Array>();
  readonly #missingSinceMs = new Map<string, number>();

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  /**
   * Seals the plaintext for every member and puts it into IPFS; called again it gives the same artefact.
   *
   * @throws TrainerError where IPFS or the journal fails
   */
  async publish(artefact: {
    readonly key: StepKey;
    readonly plaintext: Uint8Array;
    readonly purpose: 'update' | 'aggregate';
  }): Promise<ArtefactRef> {
    const { journal, store, seal, listMembers, afterStep } = this.#options;
    const { key, plaintext, purpose } = artefact;
    const plaintextSha256 = sha256Hex(plaintext);
    let sealed = journal.sealed(key);
    if (sealed === undefined) {
      const ciphertext = await seal.seal(plaintext, await listMembers(), labelOf(key.studyId));
      sealed = journal.recordSealed(key, { ciphertext, plaintextSha256 });
      afterStep(`${purpose}: sealed and written down`);
    }
    if (sealed.plaintextSha256 !== plaintextSha256) throw new TrainerError('TRAINER_RELEASE_DIFFERS');
    const { sha256, sizeBytes } = sealed;
    if (sealed.cid !== undefined) return { cid: sealed.cid, sha256, sizeBytes };
    const { cid } = await store.put(sealed.ciphertext);
    afterStep(`${purpose}: put into IPFS`);
    journal.transaction(() => {
      journal.recordPut(key, cid);
      journal.countArtefact({ cid, sizeBytes }, purpose);
    });
    afterStep(`${purpose}: its CID written down`);
    return { cid, sha256, sizeBytes };
  }

  /** Puts a public artefact, such as a model's graph. */
  async publishPlain(bytes: Uint8Array, purpose: string): Promise<ArtefactRef> {
    const { cid } = await this.#options.store.put(bytes);
    this.#options.journal.countArtefact({ cid, sizeBytes: bytes.length }, purpose);
    return { cid, sha256: sha256Hex(bytes), sizeBytes: bytes.length };
  }

  /** The bytes that a reference names. @throws TrainerError where they cannot be had or are others */
  async fetch(ref: ArtefactRef, maxBytes = MAX_GRAPH_BYTES): Promise<Uint8Array> {
    if (ref.sizeBytes > maxBytes) {
      throw new TrainerError(
        'TRAINER_ARTEFACT_MALFORMED',
        `it claims ${ref.sizeBytes} bytes, ${maxBytes} is the most`,
      );
    }
    let bytes: Uint8Array;
    try {
      bytes = await this.#options.store.get(ref.cid, { maxBytes: ref.sizeBytes });
    } catch (error) {
      if (error instanceof TrainerError && error.code === 'TRAINER_ARTEFACT_UNREACHABLE') {
        const sinceMs = this.#missingSinceMs.get(ref.cid) ?? this.#options.nowMs();
        this.#missingSinceMs.set(ref.cid, sinceMs);
      }
      throw named(error);
    }
    this.#missingSinceMs.delete(ref.cid);
    if (bytes.length !== ref.sizeBytes || sha256Hex(bytes) !== ref.sha256) {
      throw new TrainerError('TRAINER_ARTEFACT_HASH_MISMATCH');
    }
    return bytes;
  }

  /** The plaintext of a sealed artefact that holds so many values. */
  async open(
    ref: ArtefactRef,
    { studyId, values }: { readonly studyId: string; readonly values: number },
  ): Promise<Uint8Array> {
    const cached = this.#opened.get(ref.sha256);
    if (cached !== undefined) return cached;
    const sealed = await this.fetch(ref, 4 * values + OVERHEAD_BYTES);
    const plaintext = await this.#options.seal.open(sealed, labelOf(studyId));
    this.#remember(ref.sha256, plaintext);
    return plaintext;
  }

  /** For how long an artefact has not been found, since it was first looked for. */
  missingForMs(cid: string, nowMs: number): number {
    return nowMs - (this.#missingSinceMs.get(cid) ?? nowMs);
  }

  #remember(sha256: string, plaintext: Uint8Array): void {
    this.#opened.set(sha256, plaintext);
    let bytes = 0;
    for (const kept of this.#opened.values()) bytes += kept.length;
    for (const [oldest, kept] of this.#opened) {
      if (bytes <= CACHE_BYTES) break;
      this.#opened.delete(oldest);
      bytes -= kept.length;
    }
  }
}

/** Binds a sealed artefact to its study: it does not open in another one. */
const labelOf = (studyId: string): string => `consilium/study/${studyId}`;
