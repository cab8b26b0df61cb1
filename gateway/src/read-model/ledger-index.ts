// The index of the ledger in one SQLite file: written by one thread, block by block as they were checked, and read by
// any. It holds nothing that the blocks do not say: a file that is damaged, or of another version, is made again.
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { ROW_SCHEMA, type RowKind } from '@consilium/domain/ledger';
import { RowGuard } from '@consilium/guarded-rows';
import type { BlockNeeds } from '@consilium/verify';
import { type CheckedBlocks, type IndexTip, type KnownBlock, SqliteBlocks } from './checked-blocks.ts';
import {
  INDEX_SCHEMA,
  INDEX_TABLES,
  INDEX_VERSION,
  keyBytes,
  keyText,
  positionOf,
  splitKey,
} from './index-schema.ts';
import type { HistorySource, LedgerHistory, TransactionRecord } from './ledger-history.ts';
import { type Found, isLookedUp, type Lookup, lookupsOf } from './lookups.ts';
import { PlacesInTime } from './places-in-time.ts';
import { isRefusalSource, REFUSAL_SOURCES, type RefusalEvent, refusalsIn } from './refusal-events.ts';
import { SqliteHistory } from './sqlite-history.ts';
import { idsIn, subjectsIn } from './subjects.ts';

/** A row as a transaction writes it. */
export interface WrittenRow {
  /** Whose row it is: a chaincode. */
  readonly namespace: string;
  /** As the ledger keeps it. */
  readonly key: string;
  /** Undefined: it is deleted. */
  readonly value: Uint8Array | undefined;
}

/** One transaction of a block, as the checks leave it. */
export interface IndexedTransaction
  extends Omit<TransactionRecord, 'subjects' | 'block' | 'at' | 'argument' | 'rows'> {
  /** Milliseconds since 1970, as its sender says. */
  readonly atMs: number;
  /** JSON, as it was sent; undefined where it is none. */
  readonly argument: string | undefined;
  /** None of a transaction that took no effect. */
  readonly writes: readonly WrittenRow[];
}

/** A block as the checks leave it. */
export interface IndexedBlock {
  readonly number: number;
  /** SHA-256 of its header. */
  readonly hash: Uint8Array;
  /** Organisations whose orderers signed it; none where absent. */
  readonly signedBy?: readonly string[];
  /** The block that holds the configuration in force after it. */
  readonly configuration: number;
  /** The validation code of each of its transactions. */
  readonly codes: readonly number[];
  /** SHA-256 of its data. */
  readonly dataHash?: Uint8Array;
  /** Which earlier blocks evidence shows with it. */
  readonly needs?: BlockNeeds;
  /** The whole block where it is that one, in Fabric's encoding: with it a check goes on. */
  readonly bytes?: Uint8Array | undefined;
  readonly transactions: readonly IndexedTransaction[];
}

/** Where the index is, and whose rows questions are about. */
export interface IndexOptions {
  /** Undefined: in memory, for one connection. */
  readonly file: string | undefined;
  readonly chaincode: string;
  /** Takes lines about a check that takes long. */
  readonly report?: (line: string) => void;
}

// Readers go on while a block is written. A power failure may undo the last blocks: they are checked again then.
const PRAGMAS = 'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000;';
/** Pages that a reader keeps, in KiB: an answer reads the upper ones of each tree again and again. */
const READER_PRAGMAS = 'PRAGMA cache_size = -16384;';
const VALID = 'VALID';
const REMEDY = 'It is made again from the blocks.';

/** A file of tables that this version does not know. */
export class OtherIndexVersionError extends Error {
  override readonly name = 'OtherIndexVersionError';
}

/** The connection that writes. */
export class LedgerIndex implements HistorySource, CheckedBlocks {
  readonly database: DatabaseSync;
  readonly #history: SqliteHistory;
  readonly #blocks: SqliteBlocks;
  readonly #guard: RowGuard;
  /** Whose rows questions are about. */
  readonly chaincode: string;
  readonly #insertBlock: StatementSync;
  readonly #insertConfiguration: StatementSync;
  readonly #insertTransaction: StatementSync;
  readonly #insertSubject: StatementSync;
  readonly #places: PlacesInTime;
  readonly #insertVersion: StatementSync;
  readonly #findVersion: StatementSync;
  readonly #putRow: StatementSync;
  readonly #addLookup: StatementSync;
  readonly #removeLookup: StatementSync;
  readonly #addRefusal: StatementSync;
  readonly #removeRefusal: StatementSync;
  readonly #agree: StatementSync;

  /** @throws DamagedDatabaseError, OtherIndexVersionError, or what SQLite says where the file cannot be opened */
  constructor({ file, chaincode, report }: IndexOptions) {
    this.chaincode = chaincode;
    this.#guard = new RowGuard({
      file,
      pragmas: PRAGMAS,
      tables: INDEX_TABLES,
      remedy: REMEDY,
      ...(report && { report }),
    });
    this.database = this.#guard.database;
    try {
      const version = Number(this.database.prepare('PRAGMA user_version').get()!.user_version);
      if (version !== 0 && version !== INDEX_VERSION) {
        throw new OtherIndexVersionError(
          `${file} has tables of version ${version}, and this is ${INDEX_VERSION}`,
        );
      }
      this.#guard.upgrade(() => this.database.exec(INDEX_SCHEMA));
      const { database } = this;
      this.#insertBlock = database.prepare('INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
      this.#insertConfiguration = database.prepare('INSERT INTO configurations VALUES (?, ?)');
      this.#insertTransaction = database.prepare(
        'INSERT INTO transactions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      );
      this.#insertSubject = database.prepare('INSERT INTO subjects VALUES (?, ?)');
      this.#places = new PlacesInTime(database);
      this.#insertVersion = database.prepare(
        'INSERT INTO versions (namespace, key, position, kind, at, value) VALUES (?, ?, ?, ?, ?, ?) ' +
          'ON CONFLICT (namespace, key, position) DO UPDATE SET value = excluded.value RETURNING id',
      );
      this.#findVersion = database.prepare(
        'SELECT v.id, v.value, v.at FROM rows AS r JOIN versions AS v ON v.id = r.written ' +
          'WHERE r.namespace = ? AND r.key = ?',
      );
      this.#putRow = database.prepare(
        'INSERT INTO rows VALUES (?, ?, ?, ?, NULL) ON CONFLICT DO UPDATE SET version = excluded.version, ' +
          'written = excluded.written, policy = iif(excluded.written IS NULL, NULL, policy)',
      );
      this.#addLookup = database.prepare('INSERT INTO lookups VALUES (?, ?, ?, ?, ?, ?)');
      this.#removeLookup = database.prepare(
        'DELETE FROM lookups WHERE name = ? AND value = ? AND place = ? AND key = ?',
      );
      this.#addRefusal = database.prepare('INSERT INTO refusals VALUES (?, ?, ?, ?, ?, ?)');
      this.#removeRefusal = database.prepare(
        'DELETE FROM refusals WHERE msp_id = ? AND at = ? AND source = ? AND version = ? AND part = ?',
      );
      this.#agree = database.prepare(
        'INSERT INTO of_peers VALUES (?, ?) ON CONFLICT DO UPDATE SET blocks = excluded.blocks ' +
          'WHERE blocks <> excluded.blocks',
      );
    } catch (error) {
      this.close();
      throw error;
    }
    this.#history = new SqliteHistory(this.database, chaincode);
    this.#blocks = new SqliteBlocks(this.database);
  }

  get history(): LedgerHistory {
    return this.#history;
  }

  /** Does all of the work in one transaction, or none of it. */
  write<T>(work: () => T): T {
    this.database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.commit();
      return result;
    } catch (error) {
      if (this.database.isTransaction) this.database.exec('ROLLBACK');
      throw error;
    }
  }

  /** Ends the transaction that is open. */
  commit(): void {
    this.database.exec('COMMIT');
    this.#guard.acknowledge();
  }

  /** Adds the next block: its transactions, and the rows that they wrote, by what is written at once. */
  add(block: IndexedBlock): void {
    if (this.database.isTransaction) this.#add(block);
    else this.write(() => this.#add(block));
  }

  tip(): IndexTip | undefined {
    return this.#blocks.tip();
  }

  block(number: number): KnownBlock | undefined {
    return this.#blocks.block(number);
  }

  configurations(until: number): readonly Uint8Array[] {
    return this.#blocks.configurations(until);
  }

  /** Forgets that an organisation's peer sent the same blocks. */
  disagree(mspId: string): void {
    this.database.prepare('DELETE FROM of_peers WHERE msp_id = ?').run(mspId);
  }

  /** How many blocks peers of an organisation sent that are those of this index. */
  agreedBy(mspId: string): number {
    const found = this.database.prepare('SELECT blocks FROM of_peers WHERE msp_id = ?').get(mspId);
    return Number(found?.blocks ?? 0);
  }

  /** Notes how many blocks peers of these organisations sent that are those of this index. */
  agree(mspIds: Iterable<string>, blocks: number): void {
    for (const mspId of mspIds) this.#agree.run(mspId, blocks);
  }

  #add(block: IndexedBlock): void {
    const { number, hash, configuration, codes, bytes, transactions } = block;
    const { dataHash = new Uint8Array(), needs = NO_NEEDS, signedBy = [] } = block;
    this.#insertBlock.run(
      number,
      hash,
      dataHash,
      this.#latestOf(transactions),
      configuration,
      Uint8Array.from(codes),
      JSON.stringify(needs),
      JSON.stringify(signedBy),
    );
    if (bytes !== undefined) this.#insertConfiguration.run(number, bytes);
    const positionAt = (place: number) => positionOf({ block: number, place });
    for (const transaction of transactions) this.#addTransaction(positionAt(transaction.place), transaction);
    this.#places.add(transactions.map(({ atMs, place }) => ({ atMs, position: positionAt(place) })));
  }

  /** Peers compare the time of what took effect with their own. Of anything else its sender may claim any time. */
  #latestOf(transactions: readonly IndexedTransaction[]): number | null {
    let latest: number | null = null;
    for (const { chaincode, code, atMs } of transactions) {
      if (chaincode === this.chaincode && code === VALID) latest = Math.max(latest ?? atMs, atMs);
    }
    return latest;
  }

  #addTransaction(position: number, transaction: IndexedTransaction): void {
    const { atMs, sender, writes } = transaction;
    const argument = transaction.chaincode === this.chaincode ? transaction.argument : undefined;
    const subjects = subjectsIn(argument);
    const rows: TransactionRecord['rows'][number][] = [];
    for (const { namespace, key, value } of writes) {
      const split = namespace === this.chaincode ? splitKey(key) : undefined;
      const isKnown = split !== undefined && Object.hasOwn(ROW_SCHEMA, split.kind);
      if (isKnown) rows.push({ kind: split.kind, key: split.parts });
      const [bytes, kind] = [keyBytes(key), isKnown ? split.kind : null];
      const isFound = isKnown && (isLookedUp(split.kind) || isRefusalSource(split.kind));
      const before = isFound ? this.#findVersion.get(namespace, bytes) : undefined;
      const { id } = this.#insertVersion.get(namespace, bytes, position, kind, atMs, value ?? null)!;
      this.#putRow.run(namespace, bytes, position, value === undefined ? null : id!);
      if (isFound) {
        const now = value && { id, value, at: atMs };
        this.#find(split, bytes, {
          before: before && (before as unknown as StoredVersion),
          now: now && (now as unknown as StoredVersion),
        });
      }
    }
    this.#insertTransaction.run(
      position,
      transaction.transactionId,
      atMs,
      transaction.chaincode,
      transaction.name,
      sender.mspId,
      sender.role ?? null,
      sender.person ?? null,
      transaction.code,
      JSON.stringify(transaction.endorsers),
      JSON.stringify(subjects),
      argument ?? null,
      JSON.stringify(rows),
    );
    for (const id of idsIn(subjects, rows)) {
      this.#insertSubject.run(id, position);
    }
  }

  /** How a row is found, by what it held before and what it holds now. */
  #find(
    { kind, parts }: { readonly kind: RowKind; readonly parts: readonly string[] },
    key: Uint8Array,
    { before, now }: { readonly before: StoredVersion | undefined; readonly now: StoredVersion | undefined },
  ): void {
    const [old, present] = [before, now].map((version) => version && writtenText(parts, version));
    const gone = old === undefined ? NONE_FOUND : lookupsOf(kind, old);
    const found = present === undefined ? NONE_FOUND : lookupsOf(kind, present);
    for (const [name, one] of gone) {
      if (!isSame(one, found.get(name))) this.#removeLookup.run(name, one.value, one.place, key);
    }
    for (const [name, one] of found) {
      if (isSame(one, gone.get(name))) continue;
      this.#addLookup.run(name, one.value, one.place, key, one.since, one.until);
    }
    if (!isRefusalSource(kind)) return;
    const refused = old === undefined ? [] : refusalsIn(kind, old, before!.at);
    const refuses = present === undefined ? [] : refusalsIn(kind, present, now!.at);
    // A decline of an earlier text remains one. A withdrawal is of the first transaction that says so.
    if (kind === 'consent' && refused.length > 0 && present !== undefined) return;
    if (kind !== 'decline') for (const event of refused) this.#removeRefusal.run(...placeOf(event, before!));
    for (const event of refuses) this.#addRefusal.run(...placeOf(event, now!), event.kind);
  }

  read<T>(work: (history: LedgerHistory) => T): T {
    return readAtOnce(this.database, () => this.#history.once(() => work(this.history)));
  }

  /** Looks at all rows again, in steps between which it may be used. @throws DamagedDatabaseError */
  checkAgain(): Iterable<void> {
    return this.#guard.checkAgain();
  }

  close(): void {
    this.#guard.close();
    if (this.database.isOpen) this.database.close();
  }
}

/** A connection of its own that only reads. Another may write meanwhile. */
export class IndexReader implements HistorySource {
  readonly blocks: CheckedBlocks;
  readonly #database: DatabaseSync;
  readonly #history: SqliteHistory;

  /** @throws what SQLite says where the file cannot be opened */
  constructor(file: string, chaincode: string) {
    this.#database = new DatabaseSync(file, { readOnly: true });
    this.#database.exec(READER_PRAGMAS);
    this.#history = new SqliteHistory(this.#database, chaincode);
    this.blocks = new SqliteBlocks(this.#database);
  }

  read<T>(work: (history: LedgerHistory) => T): T {
    return readAtOnce(this.#database, () => this.#history.once(() => work(this.#history)));
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

function readAtOnce<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN');
  try {
    return work();
  } finally {
    database.exec('COMMIT');
  }
}

/** A value of a row, and since when. */
interface StoredVersion {
  readonly id: number;
  readonly value: Uint8Array;
  readonly at: number;
}

const NO_NEEDS: BlockNeeds = { written: [], uses: [], texts: [] };
const NONE_FOUND: ReadonlyMap<Lookup, Found> = new Map();
const writtenText = (key: readonly string[], { value, at }: StoredVersion) => ({
  key,
  text: keyText(value),
  atMs: at,
});

const isSame = (a: Found, b: Found | undefined): boolean =>
  b !== undefined && a.value === b.value && a.place === b.place && a.since === b.since && a.until === b.until;

const placeOf = (
  { mspId, atMs, source, part }: RefusalEvent,
  { id }: StoredVersion,
): [string, number, number, number, number] => [mspId, atMs, REFUSAL_SOURCES.indexOf(source), id, part];
