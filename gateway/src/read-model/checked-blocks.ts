// Blocks that were checked, by their numbers: where the next one is checked from, and what is compared with what others
// saw.
import type { DatabaseSync } from 'node:sqlite';
import type { CheckedSoFar } from '@consilium/verify';

/** Where the index ends. */
export type IndexTip = CheckedSoFar;

/** What is kept of a block. */
export interface KnownBlock {
  readonly hash: Uint8Array;
  readonly codes: readonly number[];
  /** The block with the configuration that was in force before it, whole; undefined of the first. */
  readonly configuration: Uint8Array | undefined;
}

export interface CheckedBlocks {
  /** The last blocks that are in the file: their number, and what the next one is checked against. */
  tip(): IndexTip | undefined;
  /** A block that is in the file, and the configuration that it had to be signed under; undefined where it is not. */
  block(number: number): KnownBlock | undefined;
  /** Blocks that hold a configuration, whole, up to this block, oldest first. */
  configurations(until: number): readonly Uint8Array[];
}

export class SqliteBlocks implements CheckedBlocks {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  tip(): IndexTip | undefined {
    const found = this.#database
      .prepare(
        'SELECT b.number, b.hash, c.block, c.bytes FROM blocks AS b JOIN configurations AS c ' +
          'ON c.block = b.configuration ORDER BY b.number DESC LIMIT 1',
      )
      .get();
    if (found === undefined) return undefined;
    const { number, hash, block, bytes } = found;
    return {
      blocks: Number(number) + 1,
      hash: hash as Uint8Array,
      configurationBlock: Number(block),
      configuration: bytes as Uint8Array,
    };
  }

  block(number: number): KnownBlock | undefined {
    const found = this.#database.prepare('SELECT hash, codes FROM blocks WHERE number = ?').get(number);
    if (found === undefined) return undefined;
    const before = this.#database
      .prepare(
        'SELECT c.bytes FROM blocks AS b JOIN configurations AS c ON c.block = b.configuration WHERE b.number = ?',
      )
      .get(number - 1) as { bytes: Uint8Array } | undefined;
    const { hash, codes } = found as { hash: Uint8Array; codes: Uint8Array };
    return { hash, codes: [...codes], configuration: before?.bytes };
  }

  configurations(until: number): readonly Uint8Array[] {
    const found = this.#database
      .prepare('SELECT bytes FROM configurations WHERE block <= ? ORDER BY block')
      .all(until);
    return found.map(({ bytes }) => bytes as Uint8Array);
  }
}
