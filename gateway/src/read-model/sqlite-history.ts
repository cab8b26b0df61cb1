// The history of the ledger, answered from the tables of the index.
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import { presentForm, type RowKind } from '@consilium/domain/ledger';
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
import type {
  ChainBlock,
  FormEntry,
  HistoryEdge,
  LedgerHistory,
  LookupRange,
  Period,
  RefusalCount,
  RefusalPlace,
  RefusalRecord,
  RowRecord,
  TransactionRecord,
} from './ledger-history.ts';
import { LedgerSearch } from './ledger-search.ts';
import { LOOKUPS, type Lookup } from './lookups.ts';
import { REFUSAL_SOURCES, type RefusalKind } from './refusal-events.ts';
import { spanOf, type TransactionRow, timeOf, transactionOf } from './transaction-row.ts';

interface VersionRow {
  readonly key: Uint8Array;
  readonly position: number;
  readonly value: Uint8Array | null;
  readonly at: number;
}

interface RefusalRow extends VersionRow {
  readonly at_ms: number;
  readonly source: number;
  readonly version: number;
  readonly part: number;
  readonly kind: RefusalKind;
}

const VERSION = 'SELECT v.key, v.position, v.value, v.at';
/** A row's value as it is now; none where it was deleted. */
const NOW = `${VERSION} FROM rows AS r JOIN versions AS v ON v.id = r.written`;
/** Rows that a lookup leads to. */
const FOUND = 'FROM lookups AS l';
const FOUND_NOW =
  `${VERSION} ${FOUND} CROSS JOIN rows AS r ON r.namespace = ? AND r.key = l.key ` +
  'CROSS JOIN versions AS v ON v.id = r.written';
const OF_ROWS = `${VERSION} FROM versions AS v`;
const REFUSED = 'FROM refusals AS f WHERE f.msp_id = ? AND f.at >= ? AND f.at < ?';

/** Rows that are kept while one answer is made, which reads some of them many times. */
const KEPT_MAX = 4096;

/**
 * Answers of several calls are of one height where the database is in a transaction meanwhile.
 *
 * @see LedgerIndex.read
 */
export class SqliteHistory implements LedgerHistory {
  readonly #database: DatabaseSync;
  /** Of what is read at once. */
  readonly #statements = new Map<string, StatementSync>();
  /** Of what is iterated, those that nobody iterates now: the same may be asked within itself. */
  readonly #idle = new Map<string, StatementSync[]>();
  /** Under which the chaincode's rows are. */
  readonly #namespace: string;
  readonly search: LedgerSearch;
  /** Rows that were read, while the database is in a transaction. */
  #kept: Map<string, RowRecord<unknown> | undefined> | undefined;

  constructor(database: DatabaseSync, chaincode: string) {
    this.#database = database;
    this.#namespace = chaincode;
    this.search = new LedgerSearch(database);
  }

  /** Does work that asks from one height, as the database's transaction has it: no row is read twice. */
  once<T>(work: () => T): T {
    if (this.#kept !== undefined) return work();
    this.#kept = new Map();
    try {
      return work();
    } finally {
      this.#kept = undefined;
    }
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

  *chain(from: number): Generator<ChainBlock, void, undefined> {
    const sql =
      'SELECT number, data_hash, configuration, needs FROM blocks WHERE number >= ? ORDER BY number';
    for (const { number, data_hash: dataHash, configuration, needs } of this.#each(sql, from)) {
      yield {
        dataHash: dataHash as Uint8Array,
        isConfiguration: configuration === number,
        needs: JSON.parse(String(needs)),
      };
    }
  }

  row<T>(kind: RowKind, key: readonly string[]): RowRecord<T> | undefined {
    const id = compositeKey(kind, key);
    if (this.#kept?.has(id)) return this.#kept.get(id) as RowRecord<T> | undefined;
    const found = this.#one<VersionRow>(
      `${NOW} WHERE r.namespace = ? AND r.key = ?`,
      this.#namespace,
      keyBytes(id),
    );
    const record = found && this.#recordOf<T>(found);
    if (this.#kept !== undefined && this.#kept.size < KEPT_MAX) this.#kept.set(id, record);
    return record;
  }

  rows<T>(kind: RowKind, prefix: readonly string[] = [], after?: readonly string[]): Iterable<RowRecord<T>> {
    const from = keyBytes(compositeKey(kind, prefix));
    const last = after === undefined ? from : keyBytes(compositeKey(kind, after));
    const beyond = after === undefined ? '>=' : '>';
    const sql = `${NOW} WHERE r.namespace = ? AND r.key ${beyond} ? AND r.key < ? ORDER BY r.key`;
    return this.#records(sql, this.#namespace, last, endOfPrefix(from));
  }

  keys(kind: RowKind, prefix: readonly string[] = []): Iterable<readonly string[]> {
    const from = keyBytes(compositeKey(kind, prefix));
    const sql =
      'SELECT key FROM rows WHERE namespace = ? AND key >= ? AND key < ? AND written IS NOT NULL ORDER BY key';
    return this.#keys(sql, this.#namespace, from, endOfPrefix(from));
  }

  lookUp<T>(lookup: Lookup, value: string, range: LookupRange = {}): Iterable<RowRecord<T>> {
    const [where, ...parameters] = foundIn(lookup, value, range);
    return this.#records(`${FOUND_NOW} ${where}`, this.#namespace, ...parameters);
  }

  lookUpKeys(lookup: Lookup, value: string, range: LookupRange = {}): Iterable<readonly string[]> {
    const [where, ...parameters] = foundIn(lookup, value, range);
    return this.#keys(`SELECT l.key ${FOUND} ${where}`, ...parameters);
  }

  *forms(lookup: Lookup, value: string, during: Period = {}): Generator<FormEntry, void, undefined> {
    const [since, until] = spanOf(during);
    const sql =
      'SELECT l.value, l.key, l.since FROM lookups AS l WHERE l.name = ? AND l.value > ? AND l.value < ? ' +
      'AND l.since < ? AND (l.until IS NULL OR l.until >= ?) ORDER BY l.value, l.place, l.key';
    // No id has a blank, nor what is behind it in Unicode.
    const found = this.#statement(sql).all(lookup, `${value} `, `${value}!`, until, since);
    for (const entry of found) {
      const split = splitKey(keyText(entry.key as Uint8Array));
      const form = String(entry.value).slice(value.length + 1);
      if (split !== undefined) yield { form, key: split.parts, since: timeOf(Number(entry.since)) };
    }
  }

  count(lookup: Lookup, value: string): number {
    const sql = `SELECT count(*) AS rows ${FOUND} WHERE l.name = ? AND l.value = ?`;
    return this.#one<{ rows: number }>(sql, lookup, value)!.rows;
  }

  *refusals(mspId: string, within: Period, after?: RefusalPlace): Generator<RefusalRecord, void, undefined> {
    const [beyond, place] =
      after === undefined
        ? ['', []]
        : [
            'AND (f.at, f.source, f.version, f.part) > (?, ?, ?, ?) ',
            [after.atMs, REFUSAL_SOURCES.indexOf(after.source), after.version, after.part],
          ];
    const sql =
      `${VERSION}, f.at AS at_ms, f.source, f.version, f.part, f.kind ` +
      `${REFUSED.replace('WHERE', 'CROSS JOIN versions AS v ON v.id = f.version WHERE')} ` +
      `${beyond}ORDER BY f.at, f.source, f.version, f.part`;
    for (const found of this.#each(sql, mspId, ...spanOf(within), ...place)) {
      const row = found as unknown as RefusalRow;
      const record = this.#recordOf<Readonly<Record<string, unknown>>>(row);
      if (record === undefined) continue;
      const { at_ms: atMs, version, part, kind } = row;
      yield { atMs, source: REFUSAL_SOURCES[row.source]!, version, part, kind, record };
    }
  }

  countRefusals(mspId: string, within: Period): RefusalCount[] {
    const sql =
      'SELECT kind, count(*) AS count, min(at) AS firstMs FROM (SELECT f.kind, f.at, ' +
      `row_number() OVER (ORDER BY f.at, f.source, f.version, f.part) AS place ${REFUSED}) ` +
      'GROUP BY kind ORDER BY min(place)';
    const counts = this.#database.prepare(sql).all(mspId, ...spanOf(within));
    return counts.map((count) => ({ ...(count as unknown as RefusalCount) }));
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
    const [since, until] = spanOf({ from, to });
    // The unary plus keeps SQLite from the index of times where the key says more.
    const at = prefix.length > 0 ? '+v.at' : 'v.at';
    const sql =
      `${OF_ROWS} WHERE v.namespace = ? AND v.kind = ? AND ${at} >= ? AND ${at} < ? ` +
      'AND v.key >= ? AND v.key < ? ORDER BY v.position';
    return this.#records(sql, this.#namespace, kind, since, until, first, endOfPrefix(first));
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
    const period = [...spanOf({ from, to }), after === undefined ? -1 : positionOf(after)];
    const [where, parameters] = mspId === undefined ? ['', period] : ['msp_id = ? AND ', [mspId, ...period]];
    // Places are sorted without what is there, of which there can be more than memory: it is read one by one.
    const sql =
      'SELECT t.* FROM (SELECT position FROM transactions ' +
      `WHERE ${where}at >= ? AND at < ? AND position > ? ORDER BY position) AS p ` +
      'CROSS JOIN transactions AS t ON t.position = p.position';
    for (const row of this.#each(sql, ...parameters)) {
      yield transactionOf(row as unknown as TransactionRow);
    }
  }

  #one<T>(sql: string, ...parameters: readonly SQLInputValue[]): T | undefined {
    return this.#statement(sql).get(...parameters) as T | undefined;
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** Rows one by one. Whoever stops before the last gives the statement back too. */
  *#each(
    sql: string,
    ...parameters: readonly SQLInputValue[]
  ): Generator<Record<string, SQLOutputValue>, void, undefined> {
    const idle = this.#idle.get(sql) ?? [];
    this.#idle.set(sql, idle);
    const statement = idle.pop() ?? this.#database.prepare(sql);
    try {
      yield* statement.iterate(...parameters);
    } finally {
      idle.push(statement);
    }
  }

  *#keys(
    sql: string,
    ...parameters: readonly SQLInputValue[]
  ): Generator<readonly string[], void, undefined> {
    for (const { key } of this.#each(sql, ...parameters)) {
      const split = splitKey(keyText(key as Uint8Array));
      if (split !== undefined) yield split.parts;
    }
  }

  *#records<T>(
    sql: string,
    ...parameters: readonly SQLInputValue[]
  ): Generator<RowRecord<T>, void, undefined> {
    for (const row of this.#each(sql, ...parameters)) {
      const record = this.#recordOf<T>(row as unknown as VersionRow);
      if (record !== undefined) yield record;
    }
  }

  /** Undefined where it is no row of Consilium: contracts read none there either. */
  #recordOf<T>({ key, position, value, at }: VersionRow): RowRecord<T> | undefined {
    const split = splitKey(keyText(key));
    if (split === undefined || (value !== null && value[0] !== OBJECT)) return undefined;
    const { kind, parts } = split;
    let row: { readonly parsed: T | undefined } | undefined;
    const transactionIdOf = () =>
      this.#one<TransactionRow>('SELECT transaction_id FROM transactions WHERE position = ?', position)!
        .transaction_id;
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
      get transactionId() {
        return transactionIdOf();
      },
      block: blockOf(position),
      place: placeOf(position),
      get at() {
        return timeOf(at);
      },
    };
  }
}

/** Where entries of a lookup are, and what the statement takes. */
function foundIn(
  lookup: Lookup,
  value: string,
  { after, during }: LookupRange,
): [where: string, ...parameters: SQLInputValue[]] {
  const beyond: [string, ...SQLInputValue[]] =
    after === undefined
      ? ['']
      : [
          ' AND (l.place, l.key) > (?, ?)',
          after.place ?? 0,
          keyBytes(compositeKey(LOOKUPS[lookup].kind, after.key)),
        ];
  const [since, until] = during === undefined ? [] : spanOf(during);
  const meeting: [string, ...SQLInputValue[]] =
    since === undefined || until === undefined
      ? ['']
      : [' AND l.since < ? AND (l.until IS NULL OR l.until >= ?)', until, since];
  return [
    `WHERE l.name = ? AND l.value = ?${beyond[0]}${meeting[0]} ORDER BY l.place, l.key`,
    lookup,
    value,
    ...beyond.slice(1),
    ...meeting.slice(1),
  ];
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
