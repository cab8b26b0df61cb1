/** A key's past, newest first, read from the blocks themselves as Fabric does. */
import { ledger } from '../fabric-protos.ts';
import type { LedgerStore } from '../ledger/ledger-store.ts';
import type { StateReader } from '../ledger/state-reader.ts';
import { parseReadWriteSet, parseTransaction } from '../ledger/transaction.ts';
import type { Version } from '../ledger/version.ts';

const FETCH = 50;

export function keyHistory(options: {
  readonly store: LedgerStore;
  readonly reader: StateReader;
  readonly ns: string;
  readonly key: string;
}): () => Uint8Array | undefined {
  const { store, reader, ns, key } = options;
  let places: Version[] = [];
  let last: Version | undefined;
  return () => {
    if (places.length === 0) places = reader.history(ns, key, last, FETCH);
    const place = places.shift();
    if (!place) return undefined;
    last = place;
    return modification(store, place, ns, key);
  };
}

function modification(store: LedgerStore, place: Version, ns: string, key: string): Uint8Array {
  const envelope = store.block(place.block)!.getData()!.getDataList_asU8()[place.tx]!;
  const transaction = parseTransaction(envelope);
  const sets = parseReadWriteSet(transaction.results);
  const write = sets
    .find((set) => set.ns === ns)!
    .kv.getWritesList()
    .find((candidate) => candidate.getKey() === key)!;
  const result = new ledger.queryresult.KeyModification();
  result.setTxId(transaction.txId);
  result.setValue(write.getValue_asU8());
  result.setTimestamp(transaction.timestamp);
  result.setIsDelete(write.getIsDelete() || write.getValue_asU8().length === 0);
  return result.serializeBinary();
}
