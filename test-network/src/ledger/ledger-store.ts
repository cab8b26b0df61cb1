/**
 * A channel's ledger on disk: blocks, state, hashes of private data, history and indexes in one SQLite file.
 * A block and all it changes are one transaction, synchronised to disk before anyone hears of it, so a
 * process
 * that is killed comes back at the last block it announced.
 */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { DamagedDatabaseError, RowGuard } from '@consilium/guarded-rows';
import { common } from '../fabric-protos.ts';
import { type Block, blockHash } from './block.ts';
import { chainProblem } from './block-chain.ts';
import { ADDED_COLUMNS, LEDGER_SCHEMA, LEDGER_TABLES } from './ledger-schema.ts';
import { StateReader } from './state-reader.ts';
import type { Version } from './version.ts';

const BLOCK_CACHE = 32;
const PRAGMAS = 'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000;';
const REMEDY =
  'Stop the network and put back a copy of its folder that was made while it was stopped, or remove the folder: ' +
  'the next start then makes a new, empty ledger.';
const READER = { readOnly: true, timeout: 10_000 };
const IDLE_READERS = 8;
/** Private writes of transactions that never committed are forgotten after this many blocks, as in Fabric. */
const TRANSIENT_BLOCKS = 1000;

export interface KeyUpdate {
  readonly ns: string;
  readonly key: string;
  /** Undefined when the key is deleted. */
  readonly value: Uint8Array | undefined;
  readonly metadata: Uint8Array | undefined;
  readonly version: Version;
}

export interface HashUpdate {
  readonly ns: string;
  readonly coll: string;
  readonly keyHash: Uint8Array;
  readonly valueHash: Uint8Array | undefined;
  readonly metadata: Uint8Array | undefined;
  readonly version: Version;
}

export interface PrivateUpdate {
  readonly ns: string;
  readonly coll: string;
  readonly key: string;
  readonly value: Uint8Array | undefined;
  readonly version: Version;
}

export interface PrivateWrites {
  readonly tx: number;
  readonly ns: string;
  readonly coll: string;
  readonly rwset: Uint8Array;
}

export interface BlockUpdates {
  readonly transactions: readonly { readonly txId: string; readonly tx: number; readonly code: number }[];
  readonly keys: readonly KeyUpdate[];
  readonly hashes: readonly HashUpdate[];
  readonly privateKeys: readonly PrivateUpdate[];
  readonly privateWrites: readonly PrivateWrites[];
  readonly history: readonly { readonly ns: string; readonly key: string; readonly tx: number }[];
  /** Rewrites of earlier blocks' private writes, after a purge. */
  readonly purgedWrites: readonly (PrivateWrites & { readonly block: number })[];
}

export interface Installed {
  readonly name: string;
  readonly mspId: string;
  readonly address: string;
  readonly tlsRootPem: string | undefined;
  /** The id under which its server has to register; the first one where it is undefined. */
  readonly packageId: string | undefined;
}

export class LedgerStore {
  readonly #path: string;
  readonly #db: DatabaseSync;
  readonly #guard: RowGuard;
  readonly #idle: StateReader[] = [];
  readonly #blocks = new Map<number, Block>();
  /** Reads the latest committed state, outside any snapshot. */
  readonly latest: StateReader;

  /** @throws DamagedDatabaseError where the file is not what an earlier run wrote */
  constructor(path: string) {
    this.#path = path;
    this.#guard = new RowGuard({ file: path, pragmas: PRAGMAS, tables: LEDGER_TABLES, remedy: REMEDY });
    this.#db = this.#guard.database;
    this.latest = new StateReader(this.#db);
    try {
      this.#guard.upgrade(() => {
        this.#db.exec(LEDGER_SCHEMA);
        this.#addColumns();
        if (!this.#guard.hadDigests) this.#checkChain();
      });
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #addColumns(): void {
    for (const { table, column, type } of ADDED_COLUMNS) {
      const present = this.#db
        .prepare('SELECT 1 FROM pragma_table_info(?) WHERE name = ?')
        .get(table, column);
      if (present === undefined) this.#db.exec(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`);
    }
  }

  #checkChain(): void {
    const place = chainProblem((number) => this.latest.blockBytes(number), this.latest.height());
    if (place !== '') throw new DamagedDatabaseError({ file: this.#path, place, remedy: REMEDY });
  }

  /** A reader fixed at the present height; give it back with `release`. */
  snapshot(): StateReader {
    const reader = this.#idle.pop() ?? new StateReader(new DatabaseSync(this.#path, READER));
    reader.begin();
    return reader;
  }

  release(reader: StateReader): void {
    reader.end();
    if (this.#idle.length < IDLE_READERS) this.#idle.push(reader);
    else reader.close();
  }

  block(number: number): Block | undefined {
    const cached = this.#blocks.get(number);
    if (cached) return cached;
    const bytes = this.latest.blockBytes(number);
    if (!bytes) return undefined;
    this.#guard.checkRow('blocks', number);
    const block = common.Block.deserializeBinary(bytes);
    this.#remember(number, block);
    return block;
  }

  commit(block: Block, updates: BlockUpdates): void {
    const header = block.getHeader()!;
    const number = header.getNumber();
    this.#transaction(() => {
      const bytes = block.serializeBinary();
      this.#run('INSERT INTO blocks VALUES (?, ?, ?)', number, blockHash(header), bytes);
      for (const { txId, tx, code } of updates.transactions) {
        this.#run('INSERT INTO transactions VALUES (?, ?, ?, ?)', txId, number, tx, code);
        this.#run('DELETE FROM transient_writes WHERE tx_id = ?', txId);
      }
      for (const update of updates.keys) this.#applyKey(update);
      for (const update of updates.hashes) this.#applyHash(update);
      for (const update of updates.privateKeys) this.#applyPrivate(update);
      for (const { ns, key, tx } of updates.history) {
        this.#run('INSERT INTO history VALUES (?, ?, ?, ?)', ns, Buffer.from(key, 'utf8'), number, tx);
      }
      for (const { block: purged, tx, ns, coll, rwset } of updates.purgedWrites) {
        const sql = 'UPDATE private_writes SET rwset = ? WHERE block = ? AND tx = ? AND ns = ? AND coll = ?';
        this.#run(sql, rwset, purged, tx, ns, coll);
      }
      for (const { tx, ns, coll, rwset } of updates.privateWrites) {
        this.#run('INSERT INTO private_writes VALUES (?, ?, ?, ?, ?)', number, tx, ns, coll, rwset);
      }
      this.#run('DELETE FROM transient_writes WHERE height < ?', number - TRANSIENT_BLOCKS);
    });
    this.#remember(number, block);
  }

  /** Keeps an endorser's private writes until their transaction commits. */
  keepTransient(writes: {
    readonly txId: string;
    readonly ns: string;
    readonly coll: string;
    readonly hash: Uint8Array;
    readonly rwset: Uint8Array;
    readonly height: number;
  }): void {
    const sql = 'INSERT OR IGNORE INTO transient_writes VALUES (?, ?, ?, ?, ?, ?)';
    this.#run(sql, writes.txId, writes.ns, writes.coll, writes.hash, writes.rwset, writes.height);
  }

  /** Earlier private writes of a collection, which a purge has to go through. */
  privateWritesOf(ns: string, coll: string): (PrivateWrites & { block: number })[] {
    const rows = this.#db
      .prepare('SELECT block, tx, ns, coll, rwset FROM private_writes WHERE ns = ? AND coll = ?')
      .all(ns, coll);
    return rows as unknown as (PrivateWrites & { block: number })[];
  }

  install(installed: Installed): void {
    const { name, mspId, address, tlsRootPem, packageId } = installed;
    this.#run(
      'INSERT OR REPLACE INTO installed (name, msp_id, address, tls_root, package_id) VALUES (?, ?, ?, ?, ?)',
      name,
      mspId,
      address,
      tlsRootPem ?? null,
      packageId ?? null,
    );
  }

  keepPackageId({ name, mspId, packageId }: Pick<Installed, 'name' | 'mspId' | 'packageId'>): void {
    const sql = 'UPDATE installed SET package_id = ? WHERE name = ? AND msp_id = ?';
    this.#run(sql, packageId ?? null, name, mspId);
  }

  uninstall(name: string, mspId: string): void {
    this.#run('DELETE FROM installed WHERE name = ? AND msp_id = ?', name, mspId);
  }

  installed(): Installed[] {
    return this.#db
      .prepare('SELECT name, msp_id, address, tls_root, package_id FROM installed')
      .all()
      .map((row) => ({
        name: String(row.name),
        mspId: String(row.msp_id),
        address: String(row.address),
        tlsRootPem: row.tls_root === null ? undefined : String(row.tls_root),
        packageId: row.package_id === null ? undefined : String(row.package_id),
      }));
  }

  close(): void {
    for (const reader of this.#idle) reader.close();
    this.#idle.length = 0;
    this.#guard.close();
    this.#db.close();
  }

  #applyKey({ ns, key, value, metadata, version }: KeyUpdate): void {
    const keyBytes = Buffer.from(key, 'utf8');
    if (value === undefined) {
      this.#run('DELETE FROM state WHERE ns = ? AND key = ?', ns, keyBytes);
      return;
    }
    const sql = 'INSERT OR REPLACE INTO state VALUES (?, ?, ?, ?, ?, ?)';
    this.#run(sql, ns, keyBytes, value, metadata ?? null, version.block, version.tx);
  }

  #applyHash({ ns, coll, keyHash, valueHash, metadata, version }: HashUpdate): void {
    if (valueHash === undefined) {
      this.#run('DELETE FROM hashed_state WHERE ns = ? AND coll = ? AND key_hash = ?', ns, coll, keyHash);
      return;
    }
    const sql = 'INSERT OR REPLACE INTO hashed_state VALUES (?, ?, ?, ?, ?, ?, ?)';
    this.#run(sql, ns, coll, keyHash, valueHash, metadata ?? null, version.block, version.tx);
  }

  #applyPrivate({ ns, coll, key, value, version }: PrivateUpdate): void {
    const keyBytes = Buffer.from(key, 'utf8');
    if (value === undefined) {
      this.#run('DELETE FROM private_state WHERE ns = ? AND coll = ? AND key = ?', ns, coll, keyBytes);
      return;
    }
    const sql = 'INSERT OR REPLACE INTO private_state VALUES (?, ?, ?, ?, ?, ?)';
    this.#run(sql, ns, coll, keyBytes, value, version.block, version.tx);
  }

  #remember(number: number, block: Block): void {
    this.#blocks.set(number, block);
    if (this.#blocks.size > BLOCK_CACHE) this.#blocks.delete(this.#blocks.keys().next().value!);
  }

  readonly #statements = new Map<string, ReturnType<DatabaseSync['prepare']>>();

  #run(sql: string, ...values: SQLInputValue[]): void {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    statement.run(...values);
  }

  #transaction(work: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#db.exec('COMMIT');
      this.#guard.acknowledge();
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }
}
