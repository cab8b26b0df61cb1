// A small SQLite file of a long run: locked by one process, on disk at every commit, and checked byte for byte when it
// is opened. What fails is said in words for the person who called the command.
import { closeSync, existsSync, openSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { InputError } from '@consilium/command-line';
import { DamagedDatabaseError, type GuardedTable, RowGuard } from '@consilium/guarded-rows';
import { reasonOf } from '../commands/input-file.ts';

const PRAGMAS = 'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL';
const [SQLITE_BUSY, SQLITE_FULL] = [5, 13];

export interface GuardedFileOptions {
  readonly file: string;
  readonly schema: string;
  readonly tables: readonly GuardedTable[];
  /** What the file is, and the remedy where it is damaged, for a sentence. */
  readonly field: string;
  readonly remedy: string;
  /** Whether it must be there, or must not. */
  readonly expected: 'new' | 'present';
}

export class GuardedFile implements Disposable {
  readonly database: DatabaseSync;
  readonly #guard: RowGuard;
  readonly #options: GuardedFileOptions;

  /** @throws InputError where it is damaged, truncated, locked or cannot be written */
  constructor(options: GuardedFileOptions) {
    const { file, schema, tables, remedy, expected, field } = options;
    this.#options = options;
    if (existsSync(file) !== (expected === 'present')) {
      const text = expected === 'new' ? `${file} is there already` : `${file} is missing`;
      throw new InputError({ field, text, remedy });
    }
    if (expected === 'new') this.#create();
    this.#guard = this.#named(() => new RowGuard({ file, pragmas: PRAGMAS, tables, remedy }));
    this.database = this.#guard.database;
    try {
      this.#named(() =>
        this.#guard.upgrade(() => {
          if (expected === 'new') this.database.exec(schema);
          else this.#refuseEmptied();
        }),
      );
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** All or nothing, and on disk when it returns. */
  commit(work: (database: DatabaseSync) => void): void {
    this.#named(() => {
      this.database.exec('BEGIN IMMEDIATE');
      try {
        work(this.database);
        this.database.exec('COMMIT');
      } catch (error) {
        if (this.database.isTransaction) this.database.exec('ROLLBACK');
        throw error;
      }
      this.#guard.acknowledge();
    });
  }

  close(): void {
    this.#guard.close();
    if (this.database.isOpen) this.database.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** For nobody else to read, the files beside it too, which SQLite makes as this one is. */
  #create(): void {
    const { file, field } = this.#options;
    try {
      closeSync(openSync(file, 'wx', 0o600));
    } catch (cause) {
      throw new InputError({ field, text: `${file} cannot be written: ${reasonOf(cause)}` }, { cause });
    }
  }

  #refuseEmptied(): void {
    const { tables, field, file, remedy } = this.#options;
    const { found } = this.database
      .prepare("SELECT count(*) AS found FROM sqlite_schema WHERE type = 'table' AND name = ?")
      .get(tables[0]!.name) as { found: number };
    if (found === 0) throw new InputError({ field, text: `${file} is damaged: it is empty`, remedy });
  }

  #named<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      const { field, file, remedy } = this.#options;
      if (cause instanceof DamagedDatabaseError) {
        throw new InputError({ field, text: `${file} is damaged: ${cause.place}`, remedy }, { cause });
      }
      const { errcode, code } = cause as { readonly errcode?: number; readonly code?: string };
      if (code !== 'ERR_SQLITE_ERROR') throw cause;
      const primary = (errcode ?? 0) & 0xff;
      if (primary === SQLITE_BUSY) {
        const text = `${file} is in use by another process`;
        throw new InputError({ field, text, remedy: 'wait for it to end, or end it' }, { cause });
      }
      const text =
        primary === SQLITE_FULL ? `${file}: the disk is full` : `${file}: ${(cause as Error).message}`;
      throw new InputError({ field, text, remedy: 'see to the disk, then resume' }, { cause });
    }
  }
}
