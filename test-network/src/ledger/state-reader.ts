/**
 * A view of the committed ledger. A reader with its own connection sees one height from `begin` to `end`
 * (SQLite's write-ahead log keeps the snapshot), so that a simulation never straddles two blocks and commits
 * do not wait for slow chaincode.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { Version } from './version.ts';

export interface StateValue {
  readonly value: Uint8Array;
  readonly metadata: Uint8Array | undefined;
  readonly version: Version;
}

export interface StateEntry extends StateValue {
  readonly key: string;
}

export interface TransactionPlace {
  readonly block: number;
  readonly tx: number;
  readonly code: number;
}

type Row = Record<string, unknown>;

export class StateReader {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  begin(): void {
    this.#db.exec('BEGIN');
    this.height();
  }

  end(): void {
    this.#db.exec('COMMIT');
  }

  close(): void {
    this.#db.close();
  }

  height(): number {
    const row = this.#get('SELECT COALESCE(MAX(number) + 1, 0) AS height FROM blocks');
    return Number(row!.height);
  }

  blockBytes(number: number): Uint8Array | undefined {
    return this.#get('SELECT bytes FROM blocks WHERE number = ?', number)?.bytes as Uint8Array | undefined;
  }

  blockNumberByHash(hash: Uint8Array): number | undefined {
    const row = this.#get('SELECT number FROM blocks WHERE hash = ?', hash);
    return row && Number(row.number);
  }

  /** Where a transaction id first occurs; later duplicates do not change its status. */
  transaction(txId: string): TransactionPlace | undefined {
    const sql = 'SELECT block, tx, code FROM transactions WHERE tx_id = ? ORDER BY block, tx LIMIT 1';
    const row = this.#get(sql, txId);
    return row && { block: Number(row.block), tx: Number(row.tx), code: Number(row.code) };
  }

  state(ns: string, key: string): StateValue | undefined {
    const sql = 'SELECT value, metadata, block, tx FROM state WHERE ns = ? AND key = ?';
    return stateValue(this.#get(sql, ns, Buffer.from(key, 'utf8')));
  }

  /**
   * At most `limit` entries from `start` (inclusive) to `end` (exclusive; the namespace's end when empty).
   */
  stateRange(range: {
    readonly ns: string;
    readonly start: string;
    readonly end: string;
    readonly after: string | undefined;
    readonly limit: number;
  }): StateEntry[] {
    const columns = 'SELECT key, value, metadata, block, tx FROM state WHERE ns = ?';
    const from = Buffer.from(range.after ?? range.start, 'utf8');
    const lower = range.after === undefined ? 'key >= ?' : 'key > ?';
    const upper = range.end === '' ? '' : ' AND key < ?';
    const sql = `${columns} AND ${lower}${upper} ORDER BY key LIMIT ?`;
    const end = range.end === '' ? [] : [Buffer.from(range.end, 'utf8')];
    return this.#all(sql, range.ns, from, ...end, range.limit).map(stateEntry);
  }

  hashed(ns: string, coll: string, keyHash: Uint8Array): StateValue | undefined {
    const sql =
      'SELECT value_hash AS value, metadata, block, tx FROM hashed_state ' +
      'WHERE ns = ? AND coll = ? AND key_hash = ?';
    return stateValue(this.#get(sql, ns, coll, keyHash));
  }

  privateState(ns: string, coll: string, key: string): StateValue | undefined {
    const sql =
      'SELECT value, NULL AS metadata, block, tx FROM private_state WHERE ns = ? AND coll = ? AND key = ?';
    return stateValue(this.#get(sql, ns, coll, Buffer.from(key, 'utf8')));
  }

  privateRange(range: {
    readonly ns: string;
    readonly coll: string;
    readonly start: string;
    readonly end: string;
    readonly after: string | undefined;
    readonly limit: number;
  }): StateEntry[] {
    const columns =
      'SELECT key, value, NULL AS metadata, block, tx FROM private_state WHERE ns = ? AND coll = ?';
    const from = Buffer.from(range.after ?? range.start, 'utf8');
    const lower = range.after === undefined ? 'key >= ?' : 'key > ?';
    const upper = range.end === '' ? '' : ' AND key < ?';
    const sql = `${columns} AND ${lower}${upper} ORDER BY key LIMIT ?`;
    const end = range.end === '' ? [] : [Buffer.from(range.end, 'utf8')];
    return this.#all(sql, range.ns, range.coll, from, ...end, range.limit).map(stateEntry);
  }

  /** Where a key was written, newest first, strictly before `before` when given. */
  history(ns: string, key: string, before: Version | undefined, limit: number): Version[] {
    const keyBytes = Buffer.from(key, 'utf8');
    const columns = 'SELECT block, tx FROM history WHERE ns = ? AND key = ?';
    const rows = before
      ? this.#all(
          `${columns} AND (block, tx) < (?, ?) ORDER BY block DESC, tx DESC LIMIT ?`,
          ns,
          keyBytes,
          before.block,
          before.tx,
          limit,
        )
      : this.#all(`${columns} ORDER BY block DESC, tx DESC LIMIT ?`, ns, keyBytes, limit);
    return rows.map((row) => ({ block: Number(row.block), tx: Number(row.tx) }));
  }

  privateWrites(block: number): { tx: number; ns: string; coll: string; rwset: Uint8Array }[] {
    const sql = 'SELECT tx, ns, coll, rwset FROM private_writes WHERE block = ? ORDER BY tx, ns, coll';
    return this.#all(sql, block).map((row) => ({
      tx: Number(row.tx),
      ns: String(row.ns),
      coll: String(row.coll),
      rwset: row.rwset as Uint8Array,
    }));
  }

  transientWrites(options: {
    readonly txId: string;
    readonly ns: string;
    readonly coll: string;
    readonly hash: Uint8Array;
  }): Uint8Array | undefined {
    const sql = 'SELECT rwset FROM transient_writes WHERE tx_id = ? AND ns = ? AND coll = ? AND hash = ?';
    const row = this.#get(sql, options.txId, options.ns, options.coll, options.hash);
    return row?.rwset as Uint8Array | undefined;
  }

  #get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined;
  }

  #all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function stateValue(row: Row | undefined): StateValue | undefined {
  if (!row) return undefined;
  return {
    value: row.value as Uint8Array,
    metadata: (row.metadata as Uint8Array | null) ?? undefined,
    version: { block: Number(row.block), tx: Number(row.tx) },
  };
}

function stateEntry(row: Row): StateEntry {
  return { key: Buffer.from(row.key as Uint8Array).toString('utf8'), ...stateValue(row)! };
}
