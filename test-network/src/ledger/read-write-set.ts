/**
 * A transaction's read and write sets, built while the chaincode runs and serialised so that every endorser
 * produces the same bytes: everything in order of the keys' bytes, range queries in order of their making.
 */
import { ledger } from '../fabric-protos.ts';
import { sortedKeys } from './byte-order.ts';
import { type KeyMetadata, metadataEntries } from './key-metadata.ts';
import { createRead, createVersion } from './range-query-summary.ts';
import { sha256 } from './sha256.ts';
import type { Version } from './version.ts';

const { rwset } = ledger;
const { kvrwset } = ledger.rwset;

export type RangeQueryInfo = InstanceType<typeof ledger.rwset.kvrwset.RangeQueryInfo>;

interface NamespaceSets {
  readonly reads: Map<string, Version | undefined>;
  /** An absent value is a deletion. */
  readonly writes: Map<string, Uint8Array | undefined>;
  readonly metadataWrites: Map<string, KeyMetadata>;
  readonly rangeQueries: Map<string, RangeQueryInfo>;
  readonly collections: Map<string, CollectionSets>;
}

interface PrivateWrite {
  readonly value: Uint8Array | undefined;
  readonly purge: boolean;
}

interface CollectionSets {
  readonly reads: Map<string, Version | undefined>;
  readonly writes: Map<string, PrivateWrite>;
  readonly metadataWrites: Map<string, KeyMetadata>;
}

export interface SimulationResults {
  /** The serialised TxReadWriteSet: public data and hashes. */
  readonly publicBytes: Uint8Array;
  readonly namespaces: readonly string[];
  readonly privateWrites: readonly {
    readonly ns: string;
    readonly coll: string;
    readonly rwset: Uint8Array;
    readonly hash: Uint8Array;
  }[];
}

export class ReadWriteSet {
  readonly #namespaces = new Map<string, NamespaceSets>();

  addRead(ns: string, key: string, version: Version | undefined): void {
    this.#namespace(ns).reads.set(key, version);
  }

  addWrite(ns: string, key: string, value: Uint8Array | undefined): void {
    this.#namespace(ns).writes.set(key, value);
  }

  addMetadataWrite(ns: string, key: string, metadata: KeyMetadata): void {
    this.#namespace(ns).metadataWrites.set(key, metadata);
  }

  addRangeQuery(ns: string, query: RangeQueryInfo): void {
    const identity = JSON.stringify([query.getStartKey(), query.getEndKey(), query.getItrExhausted()]);
    const queries = this.#namespace(ns).rangeQueries;
    if (!queries.has(identity)) queries.set(identity, query);
  }

  addPrivateRead(ns: string, coll: string, key: string, version: Version | undefined): void {
    this.#collection(ns, coll).reads.set(key, version);
  }

  addPrivateWrite(ns: string, coll: string, key: string, write: PrivateWrite): void {
    this.#collection(ns, coll).writes.set(key, write);
  }

  addPrivateMetadataWrite(ns: string, coll: string, key: string, metadata: KeyMetadata): void {
    this.#collection(ns, coll).metadataWrites.set(key, metadata);
  }

  finish(): SimulationResults {
    const privateWrites: SimulationResults['privateWrites'][number][] = [];
    const message = new rwset.TxReadWriteSet();
    message.setDataModel(rwset.TxReadWriteSet.DataModel.KV);
    const namespaces = sortedKeys(this.#namespaces);
    for (const ns of namespaces) {
      const sets = this.#namespaces.get(ns)!;
      const nsMessage = new rwset.NsReadWriteSet();
      nsMessage.setNamespace(ns);
      nsMessage.setRwset(publicSet(sets).serializeBinary());
      for (const coll of sortedKeys(sets.collections)) {
        const collection = sets.collections.get(coll)!;
        const hashed = new rwset.CollectionHashedReadWriteSet();
        hashed.setCollectionName(coll);
        hashed.setHashedRwset(hashedSet(collection).serializeBinary());
        const privateSet = privateSetOf(collection)?.serializeBinary();
        if (privateSet) {
          const hash = sha256(privateSet);
          hashed.setPvtRwsetHash(hash);
          privateWrites.push({ ns, coll, rwset: privateSet, hash });
        }
        nsMessage.addCollectionHashedRwset(hashed);
      }
      message.addNsRwset(nsMessage);
    }
    return { publicBytes: message.serializeBinary(), namespaces, privateWrites };
  }

  #namespace(ns: string): NamespaceSets {
    let sets = this.#namespaces.get(ns);
    if (!sets) {
      sets = {
        reads: new Map(),
        writes: new Map(),
        metadataWrites: new Map(),
        rangeQueries: new Map(),
        collections: new Map(),
      };
      this.#namespaces.set(ns, sets);
    }
    return sets;
  }

  #collection(ns: string, coll: string): CollectionSets {
    const { collections } = this.#namespace(ns);
    let sets = collections.get(coll);
    if (!sets) {
      sets = { reads: new Map(), writes: new Map(), metadataWrites: new Map() };
      collections.set(coll, sets);
    }
    return sets;
  }
}

function publicSet(sets: NamespaceSets): InstanceType<typeof ledger.rwset.kvrwset.KVRWSet> {
  const message = new kvrwset.KVRWSet();
  message.setReadsList(sortedKeys(sets.reads).map((key) => createRead(key, sets.reads.get(key))));
  message.setRangeQueriesInfoList([...sets.rangeQueries.values()]);
  message.setWritesList(sortedKeys(sets.writes).map((key) => createWrite(key, sets.writes.get(key))));
  message.setMetadataWritesList(
    sortedKeys(sets.metadataWrites).map((key) => createMetadataWrite(key, sets.metadataWrites.get(key)!)),
  );
  return message;
}

function hashedSet(sets: CollectionSets): InstanceType<typeof ledger.rwset.kvrwset.HashedRWSet> {
  const message = new kvrwset.HashedRWSet();
  for (const key of sortedKeys(sets.reads)) {
    const read = new kvrwset.KVReadHash();
    read.setKeyHash(hashOf(key));
    const version = sets.reads.get(key);
    if (version) read.setVersion(createVersion(version));
    message.addHashedReads(read);
  }
  for (const key of sortedKeys(sets.writes)) {
    const { value, purge } = sets.writes.get(key)!;
    const write = new kvrwset.KVWriteHash();
    write.setKeyHash(hashOf(key));
    if (value === undefined) write.setIsDelete(true);
    else write.setValueHash(sha256(value));
    if (purge) write.setIsPurge(true);
    message.addHashedWrites(write);
  }
  for (const key of sortedKeys(sets.metadataWrites)) {
    const write = new kvrwset.KVMetadataWriteHash();
    write.setKeyHash(hashOf(key));
    write.setEntriesList(metadataEntries(sets.metadataWrites.get(key)!));
    message.addMetadataWrites(write);
  }
  return message;
}

/** The private part; undefined when the transaction only read. */
function privateSetOf(sets: CollectionSets): InstanceType<typeof ledger.rwset.kvrwset.KVRWSet> | undefined {
  if (sets.writes.size === 0 && sets.metadataWrites.size === 0) return undefined;
  const message = new kvrwset.KVRWSet();
  message.setWritesList(sortedKeys(sets.writes).map((key) => createWrite(key, sets.writes.get(key)!.value)));
  message.setMetadataWritesList(
    sortedKeys(sets.metadataWrites).map((key) => createMetadataWrite(key, new Map())),
  );
  return message;
}

function createWrite(
  key: string,
  value: Uint8Array | undefined,
): InstanceType<typeof ledger.rwset.kvrwset.KVWrite> {
  const write = new kvrwset.KVWrite();
  write.setKey(key);
  if (value === undefined) write.setIsDelete(true);
  else write.setValue(value);
  return write;
}

function createMetadataWrite(
  key: string,
  metadata: KeyMetadata,
): InstanceType<typeof ledger.rwset.kvrwset.KVMetadataWrite> {
  const write = new kvrwset.KVMetadataWrite();
  write.setKey(key);
  write.setEntriesList(metadataEntries(metadata));
  return write;
}

function hashOf(key: string): Buffer {
  return sha256(Buffer.from(key, 'utf8'));
}
