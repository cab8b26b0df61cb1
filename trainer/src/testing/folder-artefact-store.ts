// A store in a folder, which outlives the processes that use it.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ArtefactError,
  type ArtefactRef,
  type ArtefactStore,
  computeCid,
  sha256Hex,
} from '../artefacts/index.ts';

export class FolderArtefactStore implements ArtefactStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  async put(bytes: Uint8Array): Promise<ArtefactRef> {
    const cid = await computeCid(bytes);
    const path = join(this.#folder, cid);
    writeFileSync(`${path}.new`, bytes);
    renameSync(`${path}.new`, path);
    return { cid, sha256: sha256Hex(bytes), sizeBytes: bytes.length };
  }

  async get({ cid, sha256 }: ArtefactRef): Promise<Uint8Array> {
    const path = join(this.#folder, cid);
    if (!existsSync(path)) throw new ArtefactError('ARTEFACT_UNREACHABLE');
    const bytes = new Uint8Array(readFileSync(path));
    if (sha256Hex(bytes) !== sha256) throw new ArtefactError('ARTEFACT_HASH_MISMATCH');
    return bytes;
  }

  async pin(): Promise<void> {}

  async unpin(cid: string): Promise<void> {
    rmSync(join(this.#folder, cid), { force: true });
  }

  async unpinnedOf(cids: readonly string[]): Promise<string[]> {
    return cids.filter((cid) => !existsSync(join(this.#folder, cid)));
  }
}
