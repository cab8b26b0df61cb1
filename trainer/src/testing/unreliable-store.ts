// An IPFS node for tests of what goes wrong.
import { ArtefactError, type ArtefactRef, MemoryArtefactStore } from '../artefacts/index.ts';

/** An IPFS node that can be switched off, and whose put can be meddled with. */
export class UnreliableStore extends MemoryArtefactStore {
  reachable = true;
  readonly lost = new Set<string>();
  readonly pinned: string[] = [];
  afterPut: (ref: ArtefactRef) => void = () => undefined;

  override async put(bytes: Uint8Array): Promise<ArtefactRef> {
    if (!this.reachable) throw new ArtefactError('ARTEFACT_STORE_UNREACHABLE');
    const ref = await super.put(bytes);
    this.afterPut(ref);
    return ref;
  }

  override async pin(cid: string): Promise<void> {
    this.pinned.push(cid);
    return super.pin(cid);
  }

  override async get(ref: ArtefactRef): Promise<Uint8Array> {
    if (!this.reachable) throw new ArtefactError('ARTEFACT_STORE_UNREACHABLE');
    if (this.lost.has(ref.cid)) throw new ArtefactError('ARTEFACT_UNREACHABLE');
    return super.get(ref);
  }
}
