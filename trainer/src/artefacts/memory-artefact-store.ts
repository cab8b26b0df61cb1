// A store for tests and rehearsals that keeps its promises in memory.

import { ArtefactError } from './artefact-error.ts';
import { type ArtefactRef, type ArtefactStore, DEFAULT_MAX_ARTEFACT_BYTES } from './artefact-store.ts';
import { refOf, refuseOversize, verifyArtefact } from './verify-artefact.ts';

export interface MemoryArtefactStoreOptions {
  readonly maxBytes?: number;
  /** Bytes in all beyond which it is full. */
  readonly capacityBytes?: number;
}

export class MemoryArtefactStore implements ArtefactStore {
  readonly #contents = new Map<string, Uint8Array>();
  readonly #pins = new Set<string>();
  readonly #maxBytes: number;
  readonly #capacityBytes: number;

  constructor(options: MemoryArtefactStoreOptions = {}) {
    this.#maxBytes = options.maxBytes ?? DEFAULT_MAX_ARTEFACT_BYTES;
    this.#capacityBytes = options.capacityBytes ?? Number.POSITIVE_INFINITY;
  }

  async put(bytes: Uint8Array): Promise<ArtefactRef> {
    refuseOversize(bytes.length, this.#maxBytes);
    const ref = await refOf(bytes);
    const used = [...this.#contents.values()].reduce((sum, { length }) => sum + length, 0);
    if (!this.#contents.has(ref.cid) && used + bytes.length > this.#capacityBytes) {
      throw new ArtefactError('ARTEFACT_STORAGE_FULL');
    }
    this.#contents.set(ref.cid, Uint8Array.from(bytes));
    this.#pins.add(ref.cid);
    return ref;
  }

  async get(ref: ArtefactRef): Promise<Uint8Array> {
    refuseOversize(ref.sizeBytes, this.#maxBytes);
    const bytes = this.#contents.get(ref.cid);
    if (bytes === undefined) throw new ArtefactError('ARTEFACT_UNREACHABLE', `${ref.cid} is not here`);
    await verifyArtefact(bytes, ref);
    return Uint8Array.from(bytes);
  }

  async pin(cid: string): Promise<void> {
    if (!this.#contents.has(cid)) throw new ArtefactError('ARTEFACT_UNREACHABLE', `${cid} is not here`);
    this.#pins.add(cid);
  }

  async unpin(cid: string): Promise<void> {
    this.#pins.delete(cid);
  }

  async unpinnedOf(cids: readonly string[]): Promise<string[]> {
    return cids.filter((cid) => !this.#pins.has(cid));
  }

  isPinned(cid: string): boolean {
    return this.#pins.has(cid);
  }

  /** Drops what is unpinned, as a node's garbage collection does. */
  collect(): void {
    for (const cid of this.#contents.keys()) if (!this.#pins.has(cid)) this.#contents.delete(cid);
  }

  /** Puts other bytes under a CID, as a lying node would. */
  forge(cid: string, bytes: Uint8Array): void {
    this.#contents.set(cid, Uint8Array.from(bytes));
  }
}
