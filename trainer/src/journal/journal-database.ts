// The journal's SQLite file: opened once, locked, durable at every commit, with its failures named.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { DamagedDatabaseError, RowGuard } from '@consilium/guarded-rows';
import { named, TrainerError } from '../errors.ts';
import { JOURNAL_STEPS, JOURNAL_TABLES } from './journal-schema.ts';

export type Row = Record<string, SQLInputValue>;

const SQLITE_CONSTRAINT_PRIMARYKEY = 1555;

/** What is removed is written over; what is rewritten on the way stays in memory, and in no other file. */
const PRAGMAS =
  'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; ' +
  'PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY';
const REMEDY =
  'Do not remove it and do not start from an older copy while a consent runs: a round could be drawn again for one ' +
  'charge. Withdraw the running consents at the gateway, let the ledger settle them, then put back a copy of the ' +
  'folder that was made while the trainer was stopped.';

export class JournalDatabase implements Disposable {
  readonly #guard: RowGuard;
  readonly #database: DatabaseSync;
  /** Each is prepared once, with the digests that its triggers keep. The texts are the code's own, and few. */
  readonly #statements = new Map<string, StatementSync>();
  /** The database itself. Its log is beside it. */
  protected readonly file: string;
  /** Of the salted ids of populations' blocks, and of the copies of revisions' files: nobody else's to read. */
  readonly peopleDirectory: string;
  readonly copiesDirectory: string;

  /**
   * Opens or creates the journal of a data directory and locks it: two trainers on one would draw twice.
   *
   * @throws TrainerError TRAINER_JOURNAL_FAILED (locked or of another version), TRAINER_JOURNAL_DAMAGED (not what was
   *   written), TRAINER_DISK_FULL
   */
  constructor(directory: string) {
    this.peopleDirectory = join(directory, 'people');
    this.copiesDirectory = join(directory, 'copies');
    this.file = join(directory, 'journal.sqlite');
    try {
      for (const folder of [directory, this.peopleDirectory, this.copiesDirectory]) {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
      }
      this.#guard = new RowGuard({
        file: this.file,
        pragmas: PRAGMAS,
        tables: JOURNAL_TABLES,
        remedy: REMEDY,
      });
      this.#database = this.#guard.database;
    } catch (error) {
      throw damageNamed(error);
    }
    try {
      this.#guard.upgrade(() => this.#migrate());
    } catch (error) {
      this.close();
      throw damageNamed(error);
    }
  }

  #migrate(): void {
    const { user_version: version } = this.#database.prepare('PRAGMA user_version').get() as Row;
    const before = Number(version);
    const present = JOURNAL_STEPS.length;
    if (before === present) return;
    if (before > present) {
      throw new TrainerError(
        'TRAINER_JOURNAL_FAILED',
        `the journal is of version ${before}, this trainer reads up to version ${present}: start the newer trainer`,
      );
    }
    for (const step of JOURNAL_STEPS.slice(before)) this.#database.exec(step);
    this.#database.exec(`PRAGMA user_version = ${present}`);
  }

  close(): void {
    this.#guard.close();
    if (this.#database.isOpen) this.#database.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Bounds the journal's size in pages, as a disk that is full would. */
  limitPages(pages: number): void {
    this.#database.exec(`PRAGMA max_page_count = ${Math.trunc(pages)}`);
  }

  /** All or nothing, on disk when it returns; within another one, when that does. */
  transaction<T>(work: () => T): T {
    if (this.#database.isTransaction) return work();
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        this.#database.exec('COMMIT');
        this.#guard.acknowledge();
        return result;
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        throw error;
      }
    } catch (error) {
      throw named(error);
    }
  }

  /** Brings all that was written into the file, and leaves the log without a byte. @throws TrainerError */
  protected emptyLog(): void {
    const { busy } = this.get('PRAGMA wal_checkpoint(TRUNCATE)') as Row;
    if (busy !== 0) throw new TrainerError('TRAINER_JOURNAL_FAILED', 'its log could not be emptied');
  }

  /** Writes the whole file again, without what is not in use. @throws TrainerError */
  protected rewrite(): void {
    try {
      this.#database.exec('VACUUM');
    } catch (error) {
      throw named(error);
    }
  }

  protected get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    try {
      return this.#prepared(sql).get(...values) as Row | undefined;
    } catch (error) {
      throw named(error);
    }
  }

  protected all(sql: string, ...values: SQLInputValue[]): Row[] {
    try {
      return this.#prepared(sql).all(...values) as Row[];
    } catch (error) {
      throw named(error);
    }
  }

  /** One row after the other, with whole numbers as they are written. */
  protected *each(sql: string): Generator<Row> {
    const statement = this.#database.prepare(sql);
    statement.setReadBigInts(true);
    yield* statement.iterate() as Iterable<Row>;
  }

  protected run(sql: string, ...values: SQLInputValue[]): void {
    this.#write(() => this.#prepared(sql), values);
  }

  /** As `run`, for a secret: a statement that is kept would hold it in memory until it is used again. */
  protected runWithSecret(sql: string, ...values: SQLInputValue[]): void {
    this.#write(() => this.#database.prepare(sql), values);
  }

  #write(prepared: () => StatementSync, values: readonly SQLInputValue[]): void {
    try {
      prepared().run(...values);
      this.#acknowledge();
    } catch (error) {
      throw named(error);
    }
  }

  /** Inserts a row; false where one with its primary key is there already, which stays as it is. */
  protected insertOnce(sql: string, ...values: SQLInputValue[]): boolean {
    try {
      this.#prepared(sql).run(...values);
      this.#acknowledge();
      return true;
    } catch (error) {
      if ((error as { errcode?: number }).errcode === SQLITE_CONSTRAINT_PRIMARYKEY) return false;
      throw named(error);
    }
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** A statement outside a transaction is on disk when it returns. */
  #acknowledge(): void {
    if (!this.#database.isTransaction) this.#guard.acknowledge();
  }
}

function damageNamed(error: unknown): unknown {
  if (!(error instanceof DamagedDatabaseError)) return named(error);
  return new TrainerError('TRAINER_JOURNAL_DAMAGED', error.message, { cause: error });
}
