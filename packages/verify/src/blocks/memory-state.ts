// The state of the ledger in memory, for files of evidence: it also keeps what rows held before.

import { compareBytes, utf8Bytes } from '../wire/bytes.ts';
import type { LedgerState, Row } from './ledger-state.ts';
import { rowId, type Version } from './read-write-set.ts';

/** A row with its value, and what it held before. */
export interface KeptRow extends Row {
  /** Undefined: deleted, or hidden. */
  readonly value: Uint8Array | undefined;
  /** What it held before, oldest first, of blocks that are shown. */
  readonly earlier: EarlierValue[];
}

/** What a row held from one transaction on, until the next one wrote over it. */
export interface EarlierValue {
  readonly value: Uint8Array;
  readonly version: Version;
}

interface PlacedKey {
  readonly bytes: Uint8Array;
  readonly key: string;
}
type Changed = Pick<Row, 'namespace' | 'key' | 'version'>;

export class MemoryState implements LedgerState {
  readonly #rows = new Map<string, KeptRow>();
  /** The keys of each chaincode in the order of their bytes, made when a range is asked for. */
  readonly #sorted = new Map<string, PlacedKey[]>();
  readonly #transactions = new Set<string>();

  get all(): Iterable<KeptRow> {
    return this.#rows.values();
  }

  row(namespace: string, key: string): KeptRow | undefined {
    return this.#rows.get(rowId(namespace, key));
  }

  value(namespace: string, key: string): Uint8Array | undefined {
    return this.row(namespace, key)?.value;
  }

  /** All that a row held by the blocks that are shown, newest first. */
  history(namespace: string, key: string): readonly EarlierValue[] {
    const row = this.row(namespace, key);
    return row === undefined ? [] : valuesUntil({ ...row, earlier: [...row.earlier] }).toReversed();
  }

  *rowsBetween(namespace: string, start: string, end: string): Generator<Row, void, undefined> {
    const keys = this.#keysOf(namespace);
    const last = utf8Bytes(end);
    for (let i = placeIn(keys, utf8Bytes(start)); i < keys.length; i++) {
      const { bytes, key } = keys[i]!;
      if (end !== '' && compareBytes(bytes, last) >= 0) return;
      const row = this.row(namespace, key);
      if (row?.exists === true) yield row;
    }
  }

  write({ namespace, key, version }: Changed, value: Uint8Array | undefined): void {
    const before = this.row(namespace, key);
    const exists = value !== undefined;
    const policy = exists ? before?.policy : undefined;
    const earlier = before === undefined ? [] : valuesUntil(before);
    // A copy: the transaction around it is many times as long, and is not kept.
    const kept = value && Uint8Array.from(value);
    this.#put({ namespace, key, version, value: kept, exists, policy, earlier, isHidden: false });
  }

  writePolicy({ namespace, key, version }: Changed, policy: Uint8Array | undefined): void {
    const row = this.row(namespace, key);
    if (row !== undefined) this.#put({ ...row, version, policy: policy && Uint8Array.from(policy) });
  }

  hide({ namespace, key, version }: Changed): void {
    const before = this.row(namespace, key);
    const earlier = before === undefined ? [] : valuesUntil(before);
    const unknown = { value: undefined, exists: false, policy: undefined };
    this.#put({ namespace, key, version, ...unknown, earlier, isHidden: true });
  }

  hasTransaction(transactionId: string): boolean {
    return this.#transactions.has(transactionId);
  }

  addTransaction(transactionId: string): void {
    this.#transactions.add(transactionId);
  }

  #put(row: KeptRow): void {
    const { namespace, key } = row;
    const isNew = this.row(namespace, key) === undefined;
    this.#rows.set(rowId(namespace, key), row);
    const keys = this.#sorted.get(namespace);
    if (!isNew || keys === undefined) return;
    const bytes = utf8Bytes(key);
    keys.splice(placeIn(keys, bytes), 0, { bytes, key });
  }

  #keysOf(namespace: string): readonly PlacedKey[] {
    let keys = this.#sorted.get(namespace);
    if (keys === undefined) {
      keys = [...this.#rows.values()]
        .filter((row) => row.namespace === namespace)
        .map(({ key }) => ({ bytes: utf8Bytes(key), key }))
        .sort((a, b) => compareBytes(a.bytes, b.bytes));
      this.#sorted.set(namespace, keys);
    }
    return keys;
  }
}

/** All that a row held, and what it holds, oldest first. The list is the row's own, and goes on with what follows. */
function valuesUntil({ value, version, earlier }: KeptRow): EarlierValue[] {
  if (value !== undefined) earlier.push({ value, version });
  return earlier;
}

/** Where the first key is that is not before this one. */
function placeIn(keys: readonly PlacedKey[], key: Uint8Array): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareBytes(keys[middle]!.bytes, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
