// A peer's state as an ordered table on disk, for measuring how costs grow with it: a B-tree, where a peer of
// Fabric has a tree of sorted files. Keys are the composite keys in bytes, ranges read no more than they give. The file
// is mapped into memory, so that a page of it costs the same whether or not it was just read.
import { DatabaseSync } from 'node:sqlite';
import { MemoryStub, type Proposal } from '../src/testing/memory-stub.ts';

export class SortedState {
  readonly #database: DatabaseSync;
  readonly #get;
  readonly #put;
  readonly #range;
  readonly #remove;

  constructor(file: string) {
    this.#database = new DatabaseSync(file);
    this.#database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA mmap_size = 4294967296');
    this.#database.exec(
      'CREATE TABLE state (key BLOB PRIMARY KEY, value BLOB NOT NULL, version INTEGER NOT NULL) WITHOUT ROWID',
    );
    this.#get = this.#database.prepare('SELECT value, version FROM state WHERE key = ?');
    this.#put = this.#database.prepare(
      'INSERT INTO state VALUES (?, ?, 1) ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = version + 1',
    );
    this.#remove = this.#database.prepare('DELETE FROM state WHERE key = ?');
    this.#range = this.#database.prepare(
      'SELECT key, value FROM state WHERE key >= ? AND key < ? ORDER BY key LIMIT ?',
    );
  }

  get(key: string): { value: Uint8Array; version: number } | undefined {
    return this.#get.get(Buffer.from(key)) as { value: Uint8Array; version: number } | undefined;
  }

  put(key: string, value: string): void {
    if (value === '') {
      this.#remove.run(Buffer.from(key));
      return;
    }
    this.#put.run(Buffer.from(key), Buffer.from(value));
  }

  range(from: string, to: string, limit: number): { key: string; value: Uint8Array }[] {
    const rows = this.#range.all(Buffer.from(from), Buffer.from(to), limit);
    return rows.map(({ key, value }) => ({
      key: Buffer.from(key as Uint8Array).toString('utf8'),
      value: value as Uint8Array,
    }));
  }

  /** Everything within is written at once. */
  inOneGo(write: () => void): void {
    this.#database.exec('BEGIN');
    write();
    this.#database.exec('COMMIT');
  }

  count(): number {
    return Number(this.#database.prepare('SELECT count(*) AS rows FROM state').get()!.rows);
  }

  close(): void {
    this.#database.close();
  }
}

const END = '\u{10FFFF}';

/** A peer's side of a transaction over a sorted state. It counts what it reads. */
export class SortedStub extends MemoryStub {
  rowsRead = 0;

  constructor(state: SortedState, proposal: Proposal, peer: string) {
    super({ rows: new Map(), history: new Map() }, proposal, peer);
    Object.assign(this, {
      getState: async (key: string) => {
        this.rowsRead++;
        return state.get(key)?.value ?? new Uint8Array();
      },
      getStateByPartialCompositeKey: async function* (this: SortedStub, noun: string, parts: string[]) {
        const prefix = this.createCompositeKey(noun, parts);
        for (const row of state.range(prefix, prefix + END, Number.MAX_SAFE_INTEGER)) {
          this.rowsRead++;
          yield { namespace: 'consilium', ...row };
        }
      },
      getStateByPartialCompositeKeyWithPagination: async (
        noun: string,
        parts: string[],
        pageSize: number,
        bookmark: string,
      ) => {
        const prefix = this.createCompositeKey(noun, parts);
        const rows = state.range(bookmark === '' ? prefix : bookmark, prefix + END, pageSize + 1);
        this.rowsRead += rows.length;
        const page = rows.slice(0, pageSize);
        let position = 0;
        return {
          metadata: { fetchedRecordsCount: page.length, bookmark: rows[pageSize]?.key ?? '' },
          iterator: {
            next: async () => {
              const value = page[position++];
              return value === undefined ? { done: true } : { done: false, value };
            },
            close: async () => {},
          },
        };
      },
    });
  }
}
