/**
 * Runs one transaction's reads and writes at one height of the ledger and records them. Writes are not read
 * back; queries over private data and pages are for transactions that only read. Refusals are worded as
 * Fabric's.
 */
import { ledger } from '../fabric-protos.ts';
import { ownerOfImplicitCollection } from './implicit-collection.ts';
import { decodeMetadata, type KeyMetadata } from './key-metadata.ts';
import { createRead, RangeQuerySummary } from './range-query-summary.ts';
import { type RangeQueryInfo, ReadWriteSet, type SimulationResults } from './read-write-set.ts';
import { sha256 } from './sha256.ts';
import type { StateEntry, StateReader } from './state-reader.ts';
import { formatVersion, sameVersion } from './version.ts';

const { RangeQueryInfo: RangeQueryMessage, QueryReads } = ledger.rwset.kvrwset;
const FETCH = 100;

export interface SimulatorOptions {
  readonly reader: StateReader;
  readonly txId: string;
  /** Whose peer simulates: it holds the private data of its own implicit collection only. */
  readonly mspId: string;
  readonly mspIds: readonly string[];
}

/** Written keys with the metadata they carry now, by namespace, collection ("" for public) and key. */
export type WrittenMetadata = Map<string, Map<string, Map<string, KeyMetadata>>>;

export class TransactionSimulator {
  readonly #options: SimulatorOptions;
  readonly #set = new ReadWriteSet();
  readonly #ranges: StateRangeIterator[] = [];
  readonly writtenMetadata: WrittenMetadata = new Map();
  /** Collections whose private values were read, by namespace. */
  readonly privateReads = new Map<string, Set<string>>();
  #wrote = false;
  #queriedPrivate = false;
  #paged = false;

  constructor(options: SimulatorOptions) {
    this.#options = options;
  }

  get reader(): StateReader {
    return this.#options.reader;
  }

  getState(ns: string, key: string): Uint8Array | undefined {
    const found = this.reader.state(ns, key);
    this.#set.addRead(ns, key, found?.version);
    return found?.value;
  }

  getStateMetadata(ns: string, key: string): KeyMetadata {
    const found = this.reader.state(ns, key);
    this.#set.addRead(ns, key, found?.version);
    return decodeMetadata(found?.metadata);
  }

  putState(ns: string, key: string, value: Uint8Array | undefined): void {
    this.#beforeWrite();
    this.#set.addWrite(ns, key, value);
    this.#noteMetadata({ ns, coll: '', key }, decodeMetadata(this.reader.state(ns, key)?.metadata));
  }

  putStateMetadata(ns: string, key: string, metadata: KeyMetadata): void {
    this.#beforeWrite();
    this.#set.addMetadataWrite(ns, key, metadata);
    this.#noteMetadata({ ns, coll: '', key }, decodeMetadata(this.reader.state(ns, key)?.metadata));
  }

  stateRange(ns: string, start: string, end: string): StateRangeIterator {
    return this.#openRange({ ns, start, end, pageSize: 0 });
  }

  stateRangePage(ns: string, start: string, end: string, pageSize: number): StateRangeIterator {
    if (this.#wrote) {
      throw this.#unsupported('Paginated queries are supported only in a read-only transaction');
    }
    this.#paged = true;
    return this.#openRange({ ns, start, end, pageSize });
  }

  getPrivate(ns: string, coll: string, key: string): Uint8Array | undefined {
    this.#checkCollection(ns, coll);
    const held = this.#holds(coll) ? this.reader.privateState(ns, coll, key) : undefined;
    const hashVersion = this.#hashed(ns, coll, key)?.version;
    if (!sameVersion(hashVersion, held?.version)) {
      throw new Error(
        'private data matching public hash version is not available. ' +
          `Public hash version = ${formatVersion(hashVersion)}, ` +
          `Private data version = ${formatVersion(held?.version)}`,
      );
    }
    this.#set.addPrivateRead(ns, coll, key, held?.version);
    const collections = this.privateReads.get(ns) ?? new Set();
    this.privateReads.set(ns, collections.add(coll));
    return held?.value;
  }

  getPrivateHash(ns: string, coll: string, key: string): Uint8Array | undefined {
    this.#checkCollection(ns, coll);
    const found = this.#hashed(ns, coll, key);
    this.#set.addPrivateRead(ns, coll, key, found?.version);
    return found?.value;
  }

  getPrivateMetadata(ns: string, coll: string, key: string): KeyMetadata {
    this.#checkCollection(ns, coll);
    const found = this.#hashed(ns, coll, key);
    this.#set.addPrivateRead(ns, coll, key, found?.version);
    return decodeMetadata(found?.metadata);
  }

  putPrivate(ns: string, coll: string, key: string, value: Uint8Array | undefined): void {
    this.#beforePrivateWrite(ns, coll);
    this.#set.addPrivateWrite(ns, coll, key, { value, purge: false });
    this.#noteMetadata({ ns, coll, key }, decodeMetadata(this.#hashed(ns, coll, key)?.metadata));
  }

  purgePrivate(ns: string, coll: string, key: string): void {
    this.#beforePrivateWrite(ns, coll);
    this.#set.addPrivateWrite(ns, coll, key, { value: undefined, purge: true });
    this.#noteMetadata({ ns, coll, key }, decodeMetadata(this.#hashed(ns, coll, key)?.metadata));
  }

  putPrivateMetadata(place: { ns: string; coll: string; key: string }, metadata: KeyMetadata): void {
    const { ns, coll, key } = place;
    this.#beforePrivateWrite(ns, coll);
    this.#set.addPrivateMetadataWrite(ns, coll, key, metadata);
    this.#noteMetadata(place, decodeMetadata(this.#hashed(ns, coll, key)?.metadata));
  }

  privateRange(ns: string, coll: string, start: string, end: string): EntryIterator {
    if (this.#wrote) {
      throw this.#unsupported('Queries on pvt data is supported only in a read-only transaction');
    }
    this.#queriedPrivate = true;
    this.#checkCollection(ns, coll);
    if (!this.#holds(coll)) return new EntryIterator(() => [], 0);
    return new EntryIterator(
      (after) => this.reader.privateRange({ ns, coll, start, end, after, limit: FETCH }),
      0,
    );
  }

  finish(): SimulationResults {
    for (const range of this.#ranges) this.#set.addRangeQuery(range.ns, range.info());
    return this.#set.finish();
  }

  #openRange(query: { ns: string; start: string; end: string; pageSize: number }): StateRangeIterator {
    const iterator = new StateRangeIterator(this.reader, query);
    this.#ranges.push(iterator);
    return iterator;
  }

  #hashed(ns: string, coll: string, key: string) {
    return this.reader.hashed(ns, coll, sha256(Buffer.from(key, 'utf8')));
  }

  #holds(coll: string): boolean {
    return ownerOfImplicitCollection(coll) === this.#options.mspId;
  }

  #checkCollection(ns: string, coll: string): void {
    const owner = ownerOfImplicitCollection(coll);
    if (owner === undefined || !this.#options.mspIds.includes(owner)) {
      throw new Error(`collection [${coll}] not defined in the collection config for chaincode [${ns}]`);
    }
  }

  #beforePrivateWrite(ns: string, coll: string): void {
    this.#checkCollection(ns, coll);
    this.#beforeWrite();
  }

  #beforeWrite(): void {
    if (this.#queriedPrivate) {
      throw this.#unsupported(
        'Transaction has already performed queries on pvt data. Writes are not allowed',
      );
    }
    if (this.#paged) {
      throw this.#unsupported('Transaction has already performed a paginated query. Writes are not allowed');
    }
    this.#wrote = true;
  }

  #unsupported(reason: string): Error {
    // The spelling is Fabric's, and clients may match it.
    return new Error(`txid [${this.#options.txId}]: unsuppored transaction. ${reason}`);
  }

  #noteMetadata(place: { ns: string; coll: string; key: string }, metadata: KeyMetadata): void {
    const collections = this.writtenMetadata.get(place.ns) ?? new Map();
    this.writtenMetadata.set(place.ns, collections);
    const keys = collections.get(place.coll) ?? new Map();
    collections.set(place.coll, keys);
    keys.set(place.key, metadata);
  }
}

/** Entries in order, fetched in batches; the snapshot keeps the batches consistent. */
export class EntryIterator {
  readonly #fetch: (after: string | undefined) => StateEntry[];
  readonly #limit: number;
  #batch: StateEntry[] = [];
  #last: string | undefined;
  #returned = 0;
  #exhausted = false;

  /** `limit` 0 is no limit. */
  constructor(fetch: (after: string | undefined) => StateEntry[], limit: number) {
    this.#fetch = fetch;
    this.#limit = limit;
  }

  next(): StateEntry | undefined {
    if (this.#limit > 0 && this.#returned >= this.#limit) return undefined;
    const entry = this.#take();
    if (entry) this.#returned += 1;
    return entry;
  }

  /** The key a next page would start at, or "". */
  bookmark(): string {
    return this.#take()?.key ?? '';
  }

  #take(): StateEntry | undefined {
    if (this.#batch.length === 0 && !this.#exhausted) {
      this.#batch = this.#fetch(this.#last);
      this.#exhausted = this.#batch.length === 0;
    }
    const entry = this.#batch.shift();
    if (entry) this.#last = entry.key;
    return entry;
  }
}

/** A range query over public state, which also remembers what it saw for the phantom check. */
export class StateRangeIterator {
  readonly ns: string;
  readonly #query: { readonly start: string; readonly end: string };
  readonly #entries: EntryIterator;
  readonly #summary = new RangeQuerySummary();
  #endKey = '';
  #exhausted = false;

  constructor(
    reader: StateReader,
    query: { readonly ns: string; readonly start: string; readonly end: string; readonly pageSize: number },
  ) {
    const { ns, start, end, pageSize } = query;
    this.ns = ns;
    this.#query = { start, end };
    this.#entries = new EntryIterator(
      (after) => reader.stateRange({ ns, start, end, after, limit: FETCH }),
      pageSize,
    );
  }

  next(): StateEntry | undefined {
    const entry = this.#entries.next();
    if (entry) {
      this.#summary.add(createRead(entry.key, entry.version));
      this.#endKey = entry.key;
    } else {
      this.#exhausted = true;
      this.#endKey = this.#query.end;
    }
    return entry;
  }

  bookmark(): string {
    return this.#entries.bookmark();
  }

  info(): RangeQueryInfo {
    const info = new RangeQueryMessage();
    info.setStartKey(this.#query.start);
    info.setEndKey(this.#endKey);
    info.setItrExhausted(this.#exhausted);
    const seen = this.#summary.finish();
    if ('merkle' in seen) {
      info.setReadsMerkleHashes(seen.merkle);
    } else if (seen.reads.length > 0) {
      const reads = new QueryReads();
      reads.setKvReadsList([...seen.reads]);
      info.setRawReads(reads);
    }
    return info;
  }
}
