// The history of the ledger, answered from the tables of the index.
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { presentForm, type RowKind } from '@consilium/domain';
import {
  blockOf,
  compositeKey,
  endOfPrefix,
  keyBytes,
  keyText,
  placeOf,
  positionOf,
  splitKey,
} from './index-schema.ts';
import type { HistoryEdge, LedgerHistory, Period, RowRecord, TransactionRecord } from './ledger-history.ts';
import type { Lookup } from './lookups.ts';

interface VersionRow {
  readonly key: Uint8Array;
  readonly position: number;
  readonly value: Uint8Array | null;
  readonly at: number;
  readonly transaction_id: string;
}

interface TransactionRow {
  readonly position: number;
  readonly transaction_id: string;
  readonly at: number;
  readonly chaincode: string;
  readonly name: string;
  readonly argument: string | null;
  readonly msp_id: string;
  readonly role: string | null;
  readonly person: string | null;
  readonly code: string;
  readonly endorsers: string;
  readonly rows: string;
}

const VERSION = 'SELECT v.key, v.position, v.value, v.at, t.transaction_id';
const OF_TRANSACTION = 'JOIN transactions AS t ON t.position = v.position';
/** A row's value as it is now; none where it was deleted. */
const NOW =
  `${VERSION} FROM rows AS r JOIN versions AS v ` +
  `ON v.namespace = r.namespace AND v.key = r.key AND v.position = r.written ${OF_TRANSACTION}`;
/** The same of rows that a lookup leads to. */
const FOUND =
  `${VERSION} FROM lookups AS l JOIN rows AS r ON r.key = l.key ` +
  `JOIN versions AS v ON v.namespace = r.namespace AND v.key = r.key AND v.position = r.written ${OF_TRANSACTION} ` +
  'WHERE l.name = ? AND l.value = ? AND r.namespace = ?';
const OF_ROWS = `${VERSION} FROM versions AS v ${OF_TRANSACTION}`;

/**
 * Answers of several calls are of one height where the database is in a transaction meanwhile.
 *
 * @see LedgerIndex.read
 */
export class SqliteHistory implements LedgerHistory {
  readonly #database: DatabaseSync;
  /** Of single rows, each prepared once. What is iterated is prepared each time: it may be asked within itself. */
  readonly #statements = new Map<string, StatementSync>();
  /** Under which the chaincode's rows are. */
  readonly #namespace: string;

  constructor(database: DatabaseSync, chaincode: string) {
    this.#database = database;
    this.#namespace = chaincode;
  }

  edge(): HistoryEdge {
    const { blocks } = this.#one<{ blocks: number }>(
      'SELECT coalesce(max(number) + 1, 0) AS blocks FROM blocks',
    )!;
    const last = this.#one<{ at: number }>(
      'SELECT at FROM blocks WHERE at IS NOT NULL ORDER BY number DESC LIMIT 1',
    );
    const agreeing = this.#database.prepare('SELECT msp_id FROM of_peers WHERE blocks >= ? ORDER BY msp_id');
    return {
      blocks,
      at: last && timeOf(last.at),
      organisations: blocks === 0 ? [] : agreeing.all(blocks).map(({ msp_id: mspId }) => String(mspId)),
    };
  }

  row<T>(kind: RowKind, key: readonly string[]): RowRecord<T> | undefined {
    const bytes = keyBytes(compositeKey(kind, key));
    const found = this.#one<VersionRow>(`${NOW} WHERE r.namespace = ? AND r.key = ?`, this.#namespace, bytes);
    return found && recordOf<T>(found);
  }

  rows<T>(kind: RowKind, prefix: readonly string[] = []): Iterable<RowRecord<T>> {
    const from = keyBytes(compositeKey(kind, prefix));
    const sql = `${NOW} WHERE r.namespace = ? AND r.key >= ? AND r.key < ? ORDER BY r.key`;
    return this.#records(sql, this.#namespace, from, endOfPrefix(from));
  }

  keys(kind: RowKind, prefix: readonly string[] = []): Iterable<readonly string[]> {
    const from = keyBytes(compositeKey(kind, prefix));
    const sql =
      'SELECT key FROM rows WHERE namespace = ? AND key >= ? AND key < ? AND written IS NOT NULL ORDER BY key';
    return this.#keys(sql, this.#namespace, from, endOfPrefix(from));
  }

  lookUp<T>(lookup: Lookup, value: string): Iterable<RowRecord<T>> {
    return this.#records(`${FOUND} ORDER BY l.key`, lookup, value, this.#namespace);
  }

  lookUpKeys(lookup: Lookup, value: string): Iterable<readonly string[]> {
    const sql =
      'SELECT l.key FROM lookups AS l JOIN rows AS r ON r.key = l.key ' +
      'WHERE l.name = ? AND l.value = ? AND r.namespace = ? AND r.written IS NOT NULL ORDER BY l.key';
    return this.#keys(sql, lookup, value, this.#namespace);
  }

  versions<T>(kind: RowKind, key: readonly string[]): Iterable<RowRecord<T>> {
    const sql = `${OF_ROWS} WHERE v.namespace = ? AND v.key = ? ORDER BY v.position`;
    return this.#records(sql, this.#namespace, keyBytes(compositeKey(kind, key)));
  }

  changes<T>(
    kind: RowKind,
    { from, to, prefix = [] }: Period & { readonly prefix?: readonly string[] },
  ): Iterable<RowRecord<T>> {
    const first = keyBytes(compositeKey(kind, prefix));
    const [since, until] = [millisecondsOf(from), millisecondsOf(to)];
    // The unary plus keeps SQLite from the index of times where the key says more.
    const at = prefix.length > 0 ? '+v.at' : 'v.at';
    const sql =
      `${OF_ROWS} WHERE v.namespace = ? AND v.kind = ? AND ${at} >= ? AND ${at} < ? ` +
      'AND v.key >= ? AND v.key < ? ORDER BY v.position';
    return this.#records(
      sql,
      this.#namespace,
      kind,
      since ?? Number.MIN_SAFE_INTEGER,
      until ?? Number.MAX_SAFE_INTEGER,
      first,
      endOfPrefix(first),
    );
  }

  transaction(transactionId: string): TransactionRecord | undefined {
    // An id can be in blocks twice: then at most one of them took effect.
    const sql =
      'SELECT * FROM transactions WHERE transaction_id = ? ' +
      "ORDER BY code = 'VALID' DESC, position DESC LIMIT 1";
    const found = this.#one<TransactionRow>(sql, transactionId);
    return found && transactionOf(found);
  }

  *transactions({
    from,
    to,
    mspId,
    after,
  }: Parameters<LedgerHistory['transactions']>[0]): Generator<TransactionRecord, void, undefined> {
    const period = [
      millisecondsOf(from) ?? Number.MIN_SAFE_INTEGER,
      millisecondsOf(to) ?? Number.MAX_SAFE_INTEGER,
      after === undefined ? -1 : positionOf(after),
    ];
    const [where, parameters] = mspId === undefined ? ['', period] : ['msp_id = ? AND ', [mspId, ...period]];
    // Places are sorted without what is there, of which there can be more than memory: it is read one by one.
    const sql =
      'SELECT t.* FROM (SELECT position FROM transactions ' +
      `WHERE ${where}at >= ? AND at < ? AND position > ? ORDER BY position) AS p ` +
      'CROSS JOIN transactions AS t ON t.position = p.position';
    for (const row of this.#database.prepare(sql).iterate(...parameters)) {
      yield transactionOf(row as unknown as TransactionRow);
    }
  }

  #one<T>(sql: string, ...parameters: readonly SQLInputValue[]): T | undefined {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement.get(...parameters) as T | undefined;
  }

  *#keys(
    sql: string,
    ...parameters: readonly SQLInputValue[]
  ): Generator<readonly string[], void, undefined> {
    for (const { key } of this.#database.prepare(sql).iterate(...parameters)) {
      const split = splitKey(keyText(key as Uint8Array));
      if (split !== undefined) yield split.parts;
    }
  }

  *#records<T>(
    sql: string,
    ...parameters: readonly SQLInputValue[]
  ): Generator<RowRecord<T>, void, undefined> {
    for (const row of this.#database.prepare(sql).iterate(...parameters)) {
      const record = recordOf<T>(row as unknown as VersionRow);
      if (record !== undefined) yield record;
    }
  }
}

/** Undefined where it is no row of Consilium: contracts read none there either. */
function recordOf<T>({
  key,
  position,
  value,
  at,
  transaction_id: transactionId,
}: VersionRow): RowRecord<T> | undefined {
  const split = splitKey(keyText(key));
  if (split === undefined || (value !== null && value[0] !== OBJECT)) return undefined;
  const { kind, parts } = split;
  const [block, place] = [blockOf(position), placeOf(position)];
  let row: { readonly parsed: T | undefined } | undefined;
  return {
    kind,
    key: parts,
    get row() {
      row ??= { parsed: value === null ? undefined : rowOf<T>(kind, value) };
      return row.parsed;
    },
    get text() {
      return value === null ? undefined : keyText(value);
    },
    transactionId,
    block,
    place,
    at: timeOf(at),
  };
}

/** What an object in JSON begins with. */
const OBJECT = '{'.charCodeAt(0);

/** @throws RangeError for a form that is newer than this gateway: another member has upgraded first */
function rowOf<T>(kind: RowKind, value: Uint8Array): T | undefined {
  let row: T;
  try {
    row = JSON.parse(keyText(value));
  } catch {
    return undefined;
  }
  return presentForm(kind, row);
}

function transactionOf(row: TransactionRow): TransactionRecord {
  const { position, chaincode, name, code } = row;
  return {
    transactionId: row.transaction_id,
    block: blockOf(position),
    place: placeOf(position),
    at: timeOf(row.at),
    chaincode,
    name,
    argument: row.argument === null ? undefined : JSON.parse(row.argument),
    sender: { mspId: row.msp_id, role: row.role ?? undefined, person: row.person ?? undefined },
    code,
    endorsers: JSON.parse(row.endorsers),
    rows: JSON.parse(row.rows),
  };
}

/** What a `Date` can hold; a sender may claim any time. */
const TIME_MAX = 8.64e15;

const timeOf = (milliseconds: number): string =>
  new Date(Math.max(-TIME_MAX, Math.min(TIME_MAX, milliseconds))).toISOString();

/** @throws RangeError for a text that is no time */
function millisecondsOf(time: string | undefined): number | undefined {
  if (time === undefined) return undefined;
  const milliseconds = Date.parse(time);
  if (Number.isNaN(milliseconds)) throw new RangeError(`${time} is no time`);
  return milliseconds;
}
