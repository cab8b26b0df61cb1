// Blocks on disk, one file each, found by multihash: as in Kubo, a CIDv0 and a CIDv1 of the same bytes name
// the same block. Nothing is verified on reading (Kubo's Datastore.HashOnRead is off by default too), so that
// readers who trust nobody have something to catch.

import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { base32upper } from 'multiformats/bases/base32';
import { CID } from 'multiformats/cid';
import * as raw from 'multiformats/codecs/raw';
import { decode as decodeDigest } from 'multiformats/hashes/digest';
import { syncFolder, writeWhole } from './durable-file.ts';
import { KuboError } from './kubo-error.ts';

const EXTENSION = '.data';

export interface BlockStoreOptions {
  readonly dir: string;
  /** Refuses blocks beyond this as a full disk would, so that operators can rehearse one. */
  readonly storageMaxBytes: number;
}

export class BlockStore {
  readonly #blocksDir: string;
  readonly #tmpDir: string;
  readonly #storageMaxBytes: number;
  readonly #unsyncedFolders = new Set<string>();
  readonly #knownFolders = new Set<string>();
  readonly #writesUnderWay = new Map<string, Promise<void>>();
  #flushes: Promise<void> = Promise.resolve();
  #sizeBytes = 0;
  #count = 0;

  private constructor(options: BlockStoreOptions) {
    this.#blocksDir = join(options.dir, 'blocks');
    this.#tmpDir = join(options.dir, 'tmp');
    this.#storageMaxBytes = options.storageMaxBytes;
  }

  static async open(options: BlockStoreOptions): Promise<BlockStore> {
    const store = new BlockStore(options);
    await rm(store.#tmpDir, { recursive: true, force: true });
    await mkdir(store.#tmpDir, { recursive: true });
    await mkdir(store.#blocksDir, { recursive: true });
    await syncFolder(options.dir);
    for await (const cid of store.cids()) {
      store.#sizeBytes += await store.size(cid);
      store.#count += 1;
    }
    return store;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get count(): number {
    return this.#count;
  }

  async has(cid: CID): Promise<boolean> {
    return (await this.#statOf(cid)) !== undefined;
  }

  async size(cid: CID): Promise<number> {
    const found = await this.#statOf(cid);
    if (found === undefined) throw notFound(cid);
    return found.size;
  }

  async read(cid: CID): Promise<Uint8Array> {
    try {
      return await readFile(this.#pathOf(cid).file);
    } catch (error) {
      if (isAbsent(error)) throw notFound(cid);
      throw error;
    }
  }

  /** Durable only after the next `flush`. */
  async write(cid: CID, bytes: Uint8Array): Promise<void> {
    const { file } = this.#pathOf(cid);
    const underWay = this.#writesUnderWay.get(file);
    if (underWay !== undefined) return underWay;
    const write = this.#writeOnce(cid, bytes).finally(() => this.#writesUnderWay.delete(file));
    this.#writesUnderWay.set(file, write);
    return write;
  }

  async #writeOnce(cid: CID, bytes: Uint8Array): Promise<void> {
    if (await this.has(cid)) return;
    const { folder, file } = this.#pathOf(cid);
    if (this.#sizeBytes + bytes.length > this.#storageMaxBytes) {
      throw new KuboError(`write ${file}: no space left on device`);
    }
    this.#sizeBytes += bytes.length;
    try {
      await this.#makeFolder(folder);
      await writeWhole(file, bytes, this.#tmpDir);
    } catch (error) {
      this.#sizeBytes -= bytes.length;
      throw error;
    }
    this.#count += 1;
    this.#unsyncedFolders.add(folder);
  }

  // Flushes queue up: a folder taken by an earlier flush may hold a later caller's block too.
  flush(): Promise<void> {
    const flush = this.#flushes.then(async () => {
      const folders = [...this.#unsyncedFolders];
      this.#unsyncedFolders.clear();
      await Promise.all(folders.map(syncFolder));
    });
    this.#flushes = flush.catch(() => {});
    return flush;
  }

  async delete(cid: CID): Promise<void> {
    const sizeBytes = await this.size(cid);
    await rm(this.#pathOf(cid).file, { force: true });
    this.#sizeBytes -= sizeBytes;
    this.#count -= 1;
  }

  /** Every block, as the CIDv1 of its raw bytes, which is how Kubo lists them. */
  async *cids(): AsyncGenerator<CID> {
    for (const folder of await readdir(this.#blocksDir)) {
      for (const name of await readdir(join(this.#blocksDir, folder))) {
        if (!name.endsWith(EXTENSION)) continue;
        const multihash = base32upper.decode(`B${name.slice(0, -EXTENSION.length)}`);
        yield CID.createV1(raw.code, decodeDigest(multihash));
      }
    }
  }

  async #makeFolder(folder: string): Promise<void> {
    if (this.#knownFolders.has(folder)) return;
    await mkdir(folder, { recursive: true });
    this.#unsyncedFolders.add(this.#blocksDir);
    this.#knownFolders.add(folder);
  }

  async #statOf(cid: CID): Promise<{ size: number } | undefined> {
    try {
      return await stat(this.#pathOf(cid).file);
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  // The next-to-last two characters spread blocks evenly; the first ones are the same for every SHA-256.
  #pathOf(cid: CID): { folder: string; file: string } {
    const key = base32upper.encode(cid.multihash.bytes).slice(1);
    const folder = join(this.#blocksDir, key.slice(-3, -1));
    return { folder, file: join(folder, `${key}${EXTENSION}`) };
  }
}

function isAbsent(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

function notFound(cid: CID): KuboError {
  return new KuboError(`block was not found locally (offline): ipld: could not find ${cid}`);
}
