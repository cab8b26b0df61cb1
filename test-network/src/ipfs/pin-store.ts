// What garbage collection must keep: one durable file per pin, named by the CID as it was pinned.

import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CID } from 'multiformats/cid';
import { syncFolder, writeWhole } from './durable-file.ts';

export type PinMode = 'direct' | 'recursive';

export interface Pin {
  readonly cid: CID;
  readonly mode: PinMode;
  readonly name: string;
}

export class PinStore {
  readonly #pinsDir: string;
  readonly #tmpDir: string;
  readonly #pins = new Map<string, Pin>();

  private constructor(dir: string) {
    this.#pinsDir = join(dir, 'pins');
    this.#tmpDir = join(dir, 'tmp');
  }

  static async open(dir: string): Promise<PinStore> {
    const store = new PinStore(dir);
    await mkdir(store.#tmpDir, { recursive: true });
    await mkdir(store.#pinsDir, { recursive: true });
    for (const file of await readdir(store.#pinsDir)) {
      const { mode, name } = JSON.parse(await readFile(join(store.#pinsDir, file), 'utf8'));
      store.#pins.set(file, { cid: CID.parse(file), mode, name });
    }
    return store;
  }

  all(): Pin[] {
    return [...this.#pins.values()];
  }

  get(cid: CID): Pin | undefined {
    return this.#pins.get(cid.toString());
  }

  async put(pin: Pin): Promise<void> {
    const key = pin.cid.toString();
    const bytes = Buffer.from(JSON.stringify({ mode: pin.mode, name: pin.name }));
    await writeWhole(join(this.#pinsDir, key), bytes, this.#tmpDir);
    await syncFolder(this.#pinsDir);
    this.#pins.set(key, pin);
  }

  async delete(cid: CID): Promise<void> {
    await rm(join(this.#pinsDir, cid.toString()), { force: true });
    await syncFolder(this.#pinsDir);
    this.#pins.delete(cid.toString());
  }
}
