// What the checks of the next block need of earlier ones, from the tables of the index. What a block does is kept
// beside them until it is added: nothing of a block that does not hold reaches the file.
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { LedgerState, Row } from '@consilium/verify';
import { blockOf, keyBytes, keyText, placeOf, positionOf } from './index-schema.ts';

interface StoredRow {
  readonly key: Uint8Array;
  readonly version: number;
  readonly written: number | null;
  readonly policy: Uint8Array | null;
}

interface ChangedRow {
  readonly row: Row;
  /** Its new value; where it has none, that of the file is the row's. */
  readonly value: { readonly bytes: Uint8Array | undefined } | undefined;
  readonly isPolicyNew: boolean;
}

type Changed = Pick<Row, 'namespace' | 'key' | 'version'>;

const idOf = (namespace: string, key: string): string => `${namespace}\n\n${key}`;

export class SqliteState implements LedgerState {
  readonly #database: DatabaseSync;
  readonly #find: StatementSync;
  readonly #value: StatementSync;
  readonly #transaction: StatementSync;
  readonly #setPolicy: StatementSync;
  /** What the block that is being checked did. */
  readonly #changes = new Map<string, ChangedRow>();
  /** Rows as the file has them: reads, policies and writers of a block ask for the same ones. */
  readonly #found = new Map<string, Row | undefined>();

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#find = database.prepare(
      'SELECT key, version, written, policy FROM rows WHERE namespace = ? AND key = ?',
    );
    this.#value = database.prepare(
      'SELECT v.value FROM rows AS r JOIN versions AS v ON v.id = r.written WHERE r.namespace = ? AND r.key = ?',
    );
    this.#transaction = database.prepare('SELECT 1 FROM transactions WHERE transaction_id = ? LIMIT 1');
    this.#setPolicy = database.prepare(
      'UPDATE rows SET version = ?, policy = ? WHERE namespace = ? AND key = ?',
    );
  }

  row(namespace: string, key: string): Row | undefined {
    const id = idOf(namespace, key);
    const changed = this.#changes.get(id);
    if (changed !== undefined) return changed.row;
    if (this.#found.has(id)) return this.#found.get(id);
    const stored = this.#find.get(namespace, keyBytes(key)) as StoredRow | undefined;
    const row = stored && rowOf(namespace, key, stored);
    this.#found.set(id, row);
    return row;
  }

  value(namespace: string, key: string): Uint8Array | undefined {
    const changed = this.#changes.get(idOf(namespace, key));
    if (changed?.value !== undefined) return changed.value.bytes;
    const stored = this.#value.get(namespace, keyBytes(key)) as { value: Uint8Array } | undefined;
    return stored?.value;
  }

  *rowsBetween(namespace: string, start: string, end: string): Generator<Row, void, undefined> {
    const [first, last] = [keyBytes(start), keyBytes(end)];
    const isBeforeEnd = (key: Uint8Array): boolean => end === '' || Buffer.compare(key, last) < 0;
    const changed = [...this.#changes.values()]
      .flatMap(({ row }) => (row.namespace === namespace ? [{ row, bytes: keyBytes(row.key) }] : []))
      .filter(({ bytes }) => Buffer.compare(bytes, first) >= 0 && isBeforeEnd(bytes))
      .sort((a, b) => Buffer.compare(a.bytes, b.bytes));
    let next = 0;
    const until = end === '' ? '' : 'AND key < ? ';
    const sql =
      'SELECT key, version, written, policy FROM rows WHERE namespace = ? AND key >= ? ' +
      `${until}AND written IS NOT NULL ORDER BY key`;
    const found = this.#database.prepare(sql).iterate(namespace, first, ...(end === '' ? [] : [last]));
    for (const one of found as Iterable<unknown> as Iterable<StoredRow>) {
      for (; next < changed.length && Buffer.compare(changed[next]!.bytes, one.key) < 0; next++) {
        if (changed[next]!.row.exists) yield changed[next]!.row;
      }
      const key = keyText(one.key);
      if (!this.#changes.has(idOf(namespace, key))) yield rowOf(namespace, key, one);
    }
    for (const { row } of changed.slice(next)) if (row.exists) yield row;
  }

  write({ namespace, key, version }: Changed, bytes: Uint8Array | undefined): void {
    const exists = bytes !== undefined;
    const policy = exists ? this.row(namespace, key)?.policy : undefined;
    const row = { namespace, key, version, exists, policy, isHidden: false };
    const isPolicyNew = this.#changes.get(idOf(namespace, key))?.isPolicyNew ?? false;
    this.#changes.set(idOf(namespace, key), { row, value: { bytes }, isPolicyNew });
  }

  writePolicy({ namespace, key, version }: Changed, policy: Uint8Array | undefined): void {
    const row = this.row(namespace, key);
    if (row === undefined) return;
    const value = this.#changes.get(idOf(namespace, key))?.value;
    this.#changes.set(idOf(namespace, key), { row: { ...row, version, policy }, value, isPolicyNew: true });
  }

  hide(): never {
    throw new Error('every block of a channel that is followed is shown');
  }

  hasTransaction(transactionId: string): boolean {
    return this.#transaction.get(transactionId) !== undefined;
  }

  /** Those of a block are added with it. */
  addTransaction(): void {}

  /** Writes what the block did beside its values, which were added with it. */
  keep(): void {
    for (const { row, isPolicyNew } of this.#changes.values()) {
      if (!isPolicyNew) continue;
      const { namespace, key, version, policy } = row;
      this.#setPolicy.run(positionOf(version), policy ?? null, namespace, keyBytes(key));
    }
    this.#changes.clear();
    this.#found.clear();
  }

  /** Forgets a block that was not added. */
  forget(): void {
    this.#changes.clear();
    this.#found.clear();
  }
}

const rowOf = (namespace: string, key: string, { version, written, policy }: StoredRow): Row => ({
  namespace,
  key,
  version: { block: blockOf(version), place: placeOf(version) },
  exists: written !== null,
  policy: policy ?? undefined,
  isHidden: false,
});
