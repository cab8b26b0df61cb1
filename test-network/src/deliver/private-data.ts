/** A block together with the private data of its transactions that this channel's members hold. */
import { ledger, peer } from '../fabric-protos.ts';
import type { Block } from '../ledger/block.ts';
import { ownerOfImplicitCollection } from '../ledger/implicit-collection.ts';
import type { LedgerStore } from '../ledger/ledger-store.ts';

const { CollectionPvtReadWriteSet, NsPvtReadWriteSet, TxPvtReadWriteSet } = ledger.rwset;

/** `mspId` is the delivering peer's: it has the data of its own collection only. */
export function privateDataOf(
  block: Block,
  store: LedgerStore,
  mspId: string,
): InstanceType<typeof peer.BlockAndPrivateData> {
  const result = new peer.BlockAndPrivateData();
  result.setBlock(block);
  const transactions = result.getPrivateDataMapMap();
  for (const { tx, ns, coll, rwset } of store.latest.privateWrites(block.getHeader()!.getNumber())) {
    if (ownerOfImplicitCollection(coll) !== mspId) continue;
    let set = transactions.get(tx);
    if (!set) {
      set = new TxPvtReadWriteSet();
      set.setDataModel(ledger.rwset.TxReadWriteSet.DataModel.KV);
      transactions.set(tx, set);
    }
    let namespace = set.getNsPvtRwsetList().find((candidate) => candidate.getNamespace() === ns);
    if (!namespace) {
      namespace = new NsPvtReadWriteSet();
      namespace.setNamespace(ns);
      set.addNsPvtRwset(namespace);
    }
    const collection = new CollectionPvtReadWriteSet();
    collection.setCollectionName(coll);
    collection.setRwset(rwset);
    namespace.addCollectionPvtRwset(collection);
  }
  return result;
}
