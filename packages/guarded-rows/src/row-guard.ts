// SQLite notices damage to its own structure, not a changed byte inside a row. So each row of a guarded table has a
// digest in a table beside it, written by triggers in the same transaction, and a start compares them all: bytes that
// are not what was written stop the program, naming the file and the row. The digests have no key: they find
// accidents and careless edits, not somebody who recomputes them.
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { CommitWitness } from './commit-witness.ts';
import { DamagedDatabaseError } from './damaged-database-error.ts';

/** One table whose rows get digests. */
export interface GuardedTable {
  readonly name: string;
  /** The columns of its primary key. */
  readonly key: readonly string[];
  /**
   * Set for a table that only grows: the integer column to read it by, newest first, when the file is larger than
   * a start may check. The older rows are then for `checkRow` where they are used.
   */
  readonly newestFirst?: string;
}

/** What to open, which of its tables to guard, and what to say about a damaged file. */
export interface GuardedDatabase {
  /** Undefined for a database in memory. */
  readonly file: string | undefined;
  /** Statements to run once it is open. */
  readonly pragmas: string;
  readonly tables: readonly GuardedTable[];
  /** What an operator should do about a damaged file, as whole sentences. */
  readonly remedy: string;
  /** Most bytes that a start reads; 1 GiB where not given. */
  readonly maxCheckedBytes?: number;
  /** Takes a line about every two seconds of checking; standard error where not given. */
  readonly report?: (line: string) => void;
}

/** Marks, in the file's header, that the digests belong to it: "CGRD". */
const APPLICATION_ID = 0x43475244;
const DIGEST_BYTES = 16;
const DEFAULT_MAX_CHECKED_BYTES = 1024 ** 3;
const REPORT_EVERY_MS = 2_000;
const ROWS_PER_LOOK_AT_THE_CLOCK = 512;

const GUARD_SCHEMA = `
CREATE TABLE guard_rows (
  table_name TEXT NOT NULL, row_key TEXT NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (table_name, row_key)
) STRICT, WITHOUT ROWID;
CREATE TABLE guard_head (writes INTEGER NOT NULL, schema_digest BLOB NOT NULL) STRICT;
`;

/**
 * A SQLite file whose rows are checked against their digests when it is opened. A row that another connection
 * writes counts as damage.
 */
export class RowGuard {
  /** The connection that writes. Its owner closes it. */
  readonly database: DatabaseSync;
  /** Whether the file came with digests; without, its owner may know another way to check it. */
  readonly hadDigests: boolean;
  readonly #options: GuardedDatabase;
  readonly #witness: CommitWitness | undefined;
  #hashedBytes = 0;
  #writes: StatementSync | undefined;
  readonly #rowChecks = new Map<string, StatementSync>();

  /**
   * Opens or creates the file and checks what an earlier run wrote, before any of it is used.
   *
   * @throws DamagedDatabaseError, or what SQLite says where the file cannot be opened or is locked
   */
  constructor(options: GuardedDatabase) {
    const { file, pragmas } = options;
    this.#options = options;
    if (file !== undefined) {
      this.#witness = new CommitWitness(`${file}.head`);
      if (!hasKnownFormat(file)) throw this.#damaged('its header is not the one written');
    }
    this.database = new DatabaseSync(file ?? ':memory:');
    try {
      this.#named(() => {
        this.database.exec(pragmas);
        this.database.function('row_digest', { varargs: true, deterministic: true }, (...values) =>
          this.#digest(values as (Uint8Array | null)[]),
        );
        this.#check();
      }, DAMAGE_WHILE_READING);
      this.hadDigests = this.#isGuarded();
    } catch (error) {
      this.database.close();
      throw error;
    }
  }

  /**
   * Creates or upgrades the tables, and keeps digests of all rows from here on. All or nothing: a schema that
   * changed, or a file of a version without digests, gets those of the rows that it holds.
   *
   * @param work - creates and alters tables; must not open a transaction of its own
   */
  upgrade(work: () => void): void {
    const { tables } = this.#options;
    this.#named(() => {
      this.database.exec('BEGIN IMMEDIATE');
      try {
        work();
        if (!this.#isGuarded()) {
          this.database.exec(GUARD_SCHEMA);
          this.database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
          this.database.prepare('INSERT INTO guard_head VALUES (0, ?)').run(new Uint8Array());
        }
        const schema = this.#schemaDigest();
        if (!schema.equals(this.#head().schemaDigest)) {
          this.database.exec('DELETE FROM guard_rows');
          for (const { name, key } of tables) {
            const columns = this.#columnsOf(name);
            this.database.exec(
              `INSERT INTO guard_rows SELECT '${name}', ${keyOf(key)}, ${digestOf(name, columns)} FROM ${name}`,
            );
          }
          this.database.prepare('UPDATE guard_head SET schema_digest = ?').run(schema);
        }
        this.database.exec('COMMIT');
      } catch (error) {
        if (this.database.isTransaction) this.database.exec('ROLLBACK');
        throw error;
      }
      for (const table of tables) this.#watch(table);
      this.#writes = this.database.prepare('SELECT writes FROM guard_head');
      this.acknowledge();
    });
  }

  /** Notes that all that was written is on disk. Call it after a commit that was synchronised. */
  acknowledge(): void {
    if (this.#writes === undefined || this.#witness === undefined) return;
    const writes = Number(this.#writes.get()?.writes);
    try {
      this.#witness.write(writes);
    } catch {
      // The commit counts, whatever becomes of its witness: one that is behind only notices less.
    }
  }

  /**
   * Checks one row where it is used, for tables of which a start checks only the newest rows.
   *
   * @throws DamagedDatabaseError
   */
  checkRow(table: string, ...key: readonly (string | number | Uint8Array)[]): void {
    let statement = this.#rowChecks.get(table);
    if (statement === undefined) {
      const guarded = this.#options.tables.find(({ name }) => name === table)!;
      const where = guarded.key.map((column) => `${column} = ?`).join(' AND ');
      statement = this.database.prepare(`${this.#comparison(guarded)} WHERE ${where}`);
      this.#rowChecks.set(table, statement);
    }
    const row = statement.get(...key);
    if (row !== undefined && row.same !== 1) throw this.#damaged(changed(table, String(row.place)));
  }

  /**
   * Checks all rows again as a start does, in steps between which this connection may be used, also to write. Each row
   * that is there all the time is looked at once.
   *
   * @throws DamagedDatabaseError
   */
  *checkAgain(rowsOfStep = 500): Generator<void, void, undefined> {
    const tables = this.#present();
    for (const table of tables) {
      this.#named(() => this.#checkStructure([table]), DAMAGE_WHILE_READING);
      yield;
      const { name, key } = table;
      const columns = key.join(', ');
      const beyond = `WHERE (${columns}) > (${key.map(() => '?').join(', ')})`;
      const rest = `ORDER BY ${columns} LIMIT ${rowsOfStep}`;
      const comparison = this.#comparison(table, key);
      const [first, next] = [`${comparison} ${rest}`, `${comparison} ${beyond} ${rest}`].map((sql) =>
        this.database.prepare(sql),
      ) as [StatementSync, StatementSync];
      for (let last: Record<string, SQLOutputValue> | undefined; ; ) {
        const after = last === undefined ? [] : key.map((_, i) => last![`key_${i}`] as SQLInputValue);
        let rows: Record<string, SQLOutputValue>[] = [];
        this.#named(() => {
          rows = (last === undefined ? first : next).all(...after);
        }, DAMAGE_WHILE_READING);
        const other = rows.find(({ same }) => same !== 1);
        if (other !== undefined) throw this.#damaged(changed(name, String(other.place)));
        yield;
        if (rows.length < rowsOfStep) break;
        last = rows.at(-1);
      }
      const { rows } = this.database.prepare(`SELECT count(*) AS rows FROM ${name}`).get()!;
      this.#checkNoneMissing(table, Number(rows));
    }
  }

  /** Lets go of the witness; the database is its owner's to close. */
  close(): void {
    this.#witness?.close();
  }

  #check(): void {
    if (!this.#isGuarded()) {
      if (this.#applicationId() === APPLICATION_ID) throw this.#damaged('the table of digests is missing');
      this.#checkWitness(0);
      this.#checkStructure([]);
      return;
    }
    if (this.#applicationId() !== APPLICATION_ID) throw this.#damaged('its header is not the one written');
    const { writes, schemaDigest } = this.#head();
    const partly = this.#sizeBytes() > this.#limitBytes;
    this.#checkStructure(partly ? this.#present().filter((table) => table.newestFirst === undefined) : []);
    if (!this.#schemaDigest().equals(schemaDigest))
      throw this.#damaged('its tables are not the ones created');
    this.#checkWitness(writes);
    this.#checkRows(partly);
  }

  #checkStructure(only: readonly GuardedTable[]): void {
    const pragmas = only.length === 0 ? [''] : only.map(({ name }) => `, '${name}'`);
    for (const of of pragmas) {
      const argument = of === '' ? '(1)' : `(${of.slice(2)})`;
      const [row] = this.database.prepare(`PRAGMA integrity_check${argument}`).all();
      const said = row && String(Object.values(row)[0]);
      if (said !== 'ok') throw this.#damaged(said ?? 'SQLite cannot check it');
    }
  }

  #checkWitness(writes: number): void {
    if (this.#witness === undefined) return;
    let acknowledged: number;
    try {
      acknowledged = this.#witness.read();
    } catch (cause) {
      // What cannot be read says nothing of what was written.
      if ((cause as NodeJS.ErrnoException).code !== undefined) throw cause;
      throw new DamagedDatabaseError(
        {
          file: `${this.#options.file}.head`,
          place: 'it is not what was written',
          remedy: `The database beside it may be whole: remove this file if you know that nothing of it is missing.`,
        },
        { cause },
      );
    }
    if (acknowledged > writes) {
      throw this.#damaged(`its last ${acknowledged - writes} writes are missing, which were on disk before`);
    }
  }

  /** The tables that the file has: a later version's come with its upgrade. Its schema's digest says if one is gone. */
  #present(): readonly GuardedTable[] {
    return this.#options.tables.filter(({ name }) => this.#columnsOf(name).length > 0);
  }

  #checkRows(partly: boolean): void {
    const total = Number(this.database.prepare('SELECT count(*) AS rows FROM guard_rows').get()!.rows);
    const started = Date.now();
    let reported = started;
    let seen = 0;
    for (const table of this.#present()) {
      const newest = partly && table.newestFirst !== undefined;
      const order = newest ? ` ORDER BY ${table.newestFirst} DESC` : '';
      const fromBytes = this.#hashedBytes;
      let rows = 0;
      for (const row of this.database.prepare(this.#comparison(table) + order).iterate()) {
        if (row.same !== 1) throw this.#damaged(changed(table.name, String(row.place)));
        rows += 1;
        seen += 1;
        if (newest && this.#hashedBytes - fromBytes > this.#limitBytes) break;
        if (seen % ROWS_PER_LOOK_AT_THE_CLOCK === 0 && Date.now() - reported > REPORT_EVERY_MS) {
          reported = Date.now();
          this.#report(`checking ${this.#options.file}: ${seen} of ${total} rows`);
        }
      }
      if (!newest) this.#checkNoneMissing(table, rows);
    }
    if (partly) this.#report(`${this.#options.file} is large: its older rows are checked when they are read`);
    else if (reported > started)
      this.#report(`checked ${this.#options.file}: all ${total} rows are as written`);
  }

  #checkNoneMissing({ name, key }: GuardedTable, rows: number): void {
    const { digests } = this.database
      .prepare('SELECT count(*) AS digests FROM guard_rows WHERE table_name = ?')
      .get(name)!;
    if (Number(digests) === rows) return;
    const orphan = this.database
      .prepare(
        `SELECT row_key FROM guard_rows WHERE table_name = ?
           AND row_key NOT IN (SELECT ${keyOf(key)} FROM ${name}) LIMIT 1`,
      )
      .get(name);
    throw this.#damaged(`table ${name}, row ${placeOf(String(orphan?.row_key ?? ''))}: the row is missing`);
  }

  /** Selects, for each row, its key and whether its digest is the one written. */
  #comparison({ name, key }: GuardedTable, also: readonly string[] = []): string {
    const digest = digestOf(name, this.#columnsOf(name));
    const more = also.map((column, i) => `, ${name}.${column} AS key_${i}`).join('');
    return (
      `SELECT ${keyOf(key)} AS place, ${digest} IS g.digest AS same${more} FROM ${name} ` +
      `LEFT JOIN guard_rows AS g ON g.table_name = '${name}' AND g.row_key = ${keyOf(key)}`
    );
  }

  /** Temporary triggers: only this connection writes, and the file's own schema stays its owner's. */
  #watch({ name, key }: GuardedTable): void {
    const columns = this.#columnsOf(name);
    const forget = (row: 'old' | 'new') =>
      `DELETE FROM guard_rows WHERE table_name = '${name}' AND row_key = ${keyOf(key, row)};`;
    const keep = `INSERT INTO guard_rows VALUES ('${name}', ${keyOf(key, 'new')}, ${digestOf(name, columns, 'new')});`;
    const count = 'UPDATE guard_head SET writes = writes + 1;';
    this.database.exec(`
      CREATE TEMP TRIGGER guard_insert_${name} AFTER INSERT ON main.${name}
        BEGIN ${forget('new')} ${keep} ${count} END;
      CREATE TEMP TRIGGER guard_update_${name} AFTER UPDATE ON main.${name}
        BEGIN ${forget('old')} ${forget('new')} ${keep} ${count} END;
      CREATE TEMP TRIGGER guard_delete_${name} AFTER DELETE ON main.${name}
        BEGIN ${forget('old')} ${count} END;
    `);
  }

  /** Each value with its length, so that no two rows have the same bytes. */
  #digest(values: readonly (Uint8Array | null)[]): Uint8Array {
    const hash = createHash('sha256');
    for (const value of values) {
      hash.update(value === null ? '-;' : `${value.length};`);
      if (value === null) continue;
      hash.update(value);
      this.#hashedBytes += value.length;
    }
    return hash.digest().subarray(0, DIGEST_BYTES);
  }

  #columnsOf(table: string): string[] {
    return this.database
      .prepare('SELECT name FROM pragma_table_info(?) ORDER BY cid')
      .all(table)
      .map(({ name }) => String(name));
  }

  #schemaDigest(): Buffer {
    const rows = this.database
      .prepare('SELECT type, name, tbl_name, sql FROM main.sqlite_schema ORDER BY type, name')
      .all();
    const { user_version: version } = this.database.prepare('PRAGMA user_version').get()!;
    const hash = createHash('sha256').update(
      JSON.stringify([version, ...rows.map((row) => Object.values(row))]),
    );
    return hash.digest().subarray(0, DIGEST_BYTES);
  }

  #head(): { writes: number; schemaDigest: Buffer } {
    const rows = this.database.prepare('SELECT writes, schema_digest FROM guard_head').all();
    if (rows.length !== 1) throw this.#damaged('the table guard_head does not hold one row');
    const { writes, schema_digest: digest } = rows[0]!;
    return { writes: Number(writes), schemaDigest: Buffer.from(digest as Uint8Array) };
  }

  #isGuarded(): boolean {
    const sql =
      "SELECT count(*) AS tables FROM main.sqlite_schema WHERE name IN ('guard_rows', 'guard_head')";
    const tables = Number(this.database.prepare(sql).get()!.tables);
    if (tables === 1) throw this.#damaged('one of its tables is missing');
    return tables === 2;
  }

  #applicationId(): number {
    return Number(this.database.prepare('PRAGMA application_id').get()!.application_id);
  }

  #sizeBytes(): number {
    const pages = this.database.prepare('PRAGMA page_count').get()!.page_count;
    return Number(pages) * Number(this.database.prepare('PRAGMA page_size').get()!.page_size);
  }

  get #limitBytes(): number {
    return this.#options.maxCheckedBytes ?? DEFAULT_MAX_CHECKED_BYTES;
  }

  #report(line: string): void {
    if (this.#options.report === undefined) process.stderr.write(`${line}\n`);
    else this.#options.report(line);
  }

  #damaged(place: string, options?: ErrorOptions): DamagedDatabaseError {
    const { file = 'the database in memory', remedy } = this.#options;
    return new DamagedDatabaseError({ file, place, remedy }, options);
  }

  /** Names what SQLite itself finds, whichever statement it finds it in. */
  #named(work: () => void, codes = DAMAGE): void {
    try {
      work();
    } catch (error) {
      if (codes.includes(((error as { errcode?: number }).errcode ?? 0) & 0xff))
        throw this.#damaged((error as Error).message, { cause: error });
      throw error;
    }
  }
}

/** CORRUPT and NOTADB: the bytes of the file are not a database's. */
const DAMAGE: readonly number[] = [11, 26];
/** ERROR (a format or schema that SQLite does not know), NOMEM and TOOBIG (a length that cannot be) as well. */
const DAMAGE_WHILE_READING: readonly number[] = [...DAMAGE, 1, 7, 18];

/**
 * Whether the header names a format that SQLite reads and writes: others it opens read-only, or not at all. Read
 * before SQLite has the file, since closing a second handle on it would drop SQLite's locks.
 */
function hasKnownFormat(file: string): boolean {
  const header = Buffer.alloc(20);
  try {
    const handle = openSync(file, 'r');
    const readBytes = readSync(handle, header);
    closeSync(handle);
    return readBytes < header.length || (header[18]! <= 2 && header[19]! <= 2);
  } catch {
    return true; // there is none yet, or opening it will say why not
  }
}

/** A row's key as text, whatever its columns hold. */
function keyOf(columns: readonly string[], row?: 'old' | 'new'): string {
  return columns
    .map((column) => `hex(${row === undefined ? column : `${row}.${column}`})`)
    .join(" || ',' || ");
}

function digestOf(table: string, columns: readonly string[], row?: 'old' | 'new'): string {
  const prefix = row === undefined ? table : row;
  return `row_digest(${columns.map((column) => `CAST(${prefix}.${column} AS BLOB)`).join(', ')})`;
}

const changed = (table: string, key: string): string =>
  `table ${table}, row ${placeOf(key)}: its content is not what was written`;

/** A key for people: printable text as it is, other bytes in hexadecimal. */
function placeOf(key: string): string {
  const parts = key.split(',').map((hex) => {
    const text = Buffer.from(hex, 'hex').toString('utf8');
    return /^[\x20-\x7e]{1,80}$/.test(text) ? text : `0x${hex.slice(0, 80)}`;
  });
  return `(${parts.join(', ')})`;
}
