/**
 * Multi-version concurrency control: a transaction holds only if what it read is still so, counting the valid
 * transactions before it in the block. Produces the block's updates to the state.
 */
import { compareBytes } from './byte-order.ts';
import { encodeMetadata } from './key-metadata.ts';
import type { HashUpdate, KeyUpdate } from './ledger-store.ts';
import { createRead, type KVReadMessage, RangeQuerySummary } from './range-query-summary.ts';
import type { RangeQueryInfo } from './read-write-set.ts';
import type { StateEntry, StateReader } from './state-reader.ts';
import type { NamespaceReadWriteSet } from './transaction.ts';
import { sameVersion, type Version } from './version.ts';

const FETCH = 100;

export type Conflict = 'MVCC_READ_CONFLICT' | 'PHANTOM_READ_CONFLICT';

export class BlockState {
  readonly #reader: StateReader;
  readonly #keys = new Map<string, Map<string, KeyUpdate>>();
  readonly #hashes = new Map<string, HashUpdate>();

  constructor(reader: StateReader) {
    this.#reader = reader;
  }

  get keyUpdates(): KeyUpdate[] {
    return [...this.#keys.values()].flatMap((updates) => [...updates.values()]);
  }

  get hashUpdates(): HashUpdate[] {
    return [...this.#hashes.values()];
  }

  conflictOf(sets: readonly NamespaceReadWriteSet[]): Conflict | undefined {
    for (const { ns, kv, collections } of sets) {
      for (const read of kv.getReadsList()) {
        if (this.#keys.get(ns)?.has(read.getKey())) return 'MVCC_READ_CONFLICT';
        const committed = this.#reader.state(ns, read.getKey())?.version;
        if (!sameVersion(committed, versionOf(read))) return 'MVCC_READ_CONFLICT';
      }
      for (const query of kv.getRangeQueriesInfoList()) {
        if (!this.#rangeUnchanged(ns, query)) return 'PHANTOM_READ_CONFLICT';
      }
      for (const { coll, hashed } of collections) {
        for (const read of hashed.getHashedReadsList()) {
          const keyHash = read.getKeyHash_asU8();
          if (this.#hashes.has(hashId(ns, coll, keyHash))) return 'MVCC_READ_CONFLICT';
          const committed = this.#reader.hashed(ns, coll, keyHash)?.version;
          if (!sameVersion(committed, versionOf(read))) return 'MVCC_READ_CONFLICT';
        }
      }
    }
    return undefined;
  }

  /** Adds a valid transaction's writes. */
  apply(sets: readonly NamespaceReadWriteSet[], version: Version): void {
    for (const { ns, kv, collections } of sets) {
      const metadata = new Map(kv.getMetadataWritesList().map((write) => [write.getKey(), write]));
      for (const write of kv.getWritesList()) {
        const key = write.getKey();
        const changed = metadata.get(key);
        metadata.delete(key);
        const value =
          write.getIsDelete() || !write.getValue_asU8().length ? undefined : write.getValue_asU8();
        const entries = changed && metadataBytes(changed.getEntriesList());
        const kept = changed ? entries : this.#latestKey(ns, key)?.metadata;
        this.#setKey({ ns, key, value, metadata: kept, version });
      }
      for (const [key, write] of metadata) {
        const latest = this.#latestKey(ns, key);
        if (latest?.value === undefined) continue;
        const entries = metadataBytes(write.getEntriesList());
        this.#setKey({ ns, key, value: latest.value, metadata: entries, version });
      }
      for (const { coll, hashed } of collections) this.#applyHashed(ns, coll, hashed, version);
    }
  }

  #applyHashed(
    ns: string,
    coll: string,
    hashed: NamespaceReadWriteSet['collections'][number]['hashed'],
    version: Version,
  ): void {
    const metadata = new Map(
      hashed.getMetadataWritesList().map((write) => [hashId(ns, coll, write.getKeyHash_asU8()), write]),
    );
    for (const write of hashed.getHashedWritesList()) {
      const keyHash = write.getKeyHash_asU8();
      const id = hashId(ns, coll, keyHash);
      const changed = metadata.get(id);
      metadata.delete(id);
      const removed = write.getIsDelete() || write.getIsPurge() || !write.getValueHash_asU8().length;
      const valueHash = removed ? undefined : write.getValueHash_asU8();
      const kept = changed
        ? metadataBytes(changed.getEntriesList())
        : this.#latestHash(ns, coll, keyHash)?.metadata;
      this.#hashes.set(id, { ns, coll, keyHash, valueHash, metadata: kept, version });
    }
    for (const [id, write] of metadata) {
      const keyHash = write.getKeyHash_asU8();
      const latest = this.#latestHash(ns, coll, keyHash);
      if (latest?.value === undefined) continue;
      const entries = metadataBytes(write.getEntriesList());
      this.#hashes.set(id, { ns, coll, keyHash, valueHash: latest.value, metadata: entries, version });
    }
  }

  #setKey(update: KeyUpdate): void {
    const updates = this.#keys.get(update.ns) ?? new Map<string, KeyUpdate>();
    this.#keys.set(update.ns, updates.set(update.key, update));
  }

  #latestKey(ns: string, key: string) {
    return this.#keys.get(ns)?.get(key) ?? this.#reader.state(ns, key);
  }

  #latestHash(ns: string, coll: string, keyHash: Uint8Array) {
    const update = this.#hashes.get(hashId(ns, coll, keyHash));
    if (update) return { value: update.valueHash, metadata: update.metadata };
    return this.#reader.hashed(ns, coll, keyHash);
  }

  #rangeUnchanged(ns: string, query: RangeQueryInfo): boolean {
    const results = this.#combinedRange(ns, query);
    const merkle = query.getReadsMerkleHashes();
    if (merkle) {
      const summary = new RangeQuerySummary(merkle.getMaxDegree());
      for (const result of results) summary.add(createRead(result.key, result.version));
      const now = summary.finish();
      if (!('merkle' in now)) return false;
      return Buffer.from(now.merkle.serializeBinary()).equals(merkle.serializeBinary());
    }
    const reads: readonly KVReadMessage[] = query.getRawReads()?.getKvReadsList() ?? [];
    let at = 0;
    for (const result of results) {
      const read = reads[at];
      if (!read || read.getKey() !== result.key) return false;
      if (!sameVersion(result.version, versionOf(read))) return false;
      at += 1;
    }
    return at === reads.length;
  }

  /** The committed range with this block's updates laid over it. */
  *#combinedRange(ns: string, query: RangeQueryInfo): Generator<{ key: string; version: Version }> {
    const [start, end] = [query.getStartKey(), query.getEndKey()];
    const inclusive = !query.getItrExhausted();
    const within = (key: string) => {
      if (compareBytes(key, start) < 0) return false;
      if (end === '') return !inclusive;
      const order = compareBytes(key, end);
      return order < 0 || (inclusive && order === 0);
    };
    const updates = [...(this.#keys.get(ns)?.values() ?? [])]
      .filter((update) => within(update.key))
      .sort((left, right) => compareBytes(left.key, right.key));
    let next = 0;
    for (const entry of this.#committedRange({ ns, start, end, inclusive })) {
      for (; next < updates.length && compareBytes(updates[next]!.key, entry.key) < 0; next += 1) {
        if (updates[next]!.value !== undefined) yield updates[next]!;
      }
      if (next < updates.length && updates[next]!.key === entry.key) {
        if (updates[next]!.value !== undefined) yield updates[next]!;
        next += 1;
      } else {
        yield entry;
      }
    }
    for (; next < updates.length; next += 1) if (updates[next]!.value !== undefined) yield updates[next]!;
  }

  *#committedRange(range: {
    readonly ns: string;
    readonly start: string;
    readonly end: string;
    readonly inclusive: boolean;
  }): Generator<StateEntry> {
    const { ns, start, end, inclusive } = range;
    // A query that was opened and never advanced saw nothing, and nothing can have changed under it.
    if (inclusive && end === '') return;
    let after: string | undefined;
    for (;;) {
      const entries = this.#reader.stateRange({ ns, start, end, after, limit: FETCH });
      yield* entries;
      if (entries.length < FETCH) break;
      after = entries.at(-1)!.key;
    }
    if (!inclusive) return;
    const last = this.#reader.state(ns, end);
    if (last) yield { key: end, ...last };
  }
}

function versionOf(read: {
  getVersion(): { getBlockNum(): number; getTxNum(): number } | undefined;
}): Version | undefined {
  const version = read.getVersion();
  return version && { block: version.getBlockNum(), tx: version.getTxNum() };
}

function metadataBytes(entries: Parameters<typeof encodeMetadata>[0]): Uint8Array | undefined {
  return entries.length > 0 ? encodeMetadata(entries) : undefined;
}

function hashId(ns: string, coll: string, keyHash: Uint8Array): string {
  return JSON.stringify([ns, coll, Buffer.from(keyHash).toString('hex')]);
}
