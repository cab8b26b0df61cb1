/**
 * A key's metadata (its own endorsement policy, for one) as the write set carries it and the state keeps it.
 */
import { ledger } from '../fabric-protos.ts';

const { KVMetadataEntry, KVMetadataWrite } = ledger.rwset.kvrwset;

/** The metadata entry that holds a key-level endorsement policy. */
export const VALIDATION_PARAMETER = 'VALIDATION_PARAMETER';

export type KeyMetadata = ReadonlyMap<string, Uint8Array>;

export function metadataEntries(
  metadata: KeyMetadata,
): InstanceType<typeof ledger.rwset.kvrwset.KVMetadataEntry>[] {
  return [...metadata.keys()].sort().map((name) => {
    const entry = new KVMetadataEntry();
    entry.setName(name);
    entry.setValue(metadata.get(name)!);
    return entry;
  });
}

export function encodeMetadata(
  entries: InstanceType<typeof ledger.rwset.kvrwset.KVMetadataEntry>[],
): Uint8Array {
  const message = new KVMetadataWrite();
  message.setEntriesList(entries);
  return message.serializeBinary();
}

export function decodeMetadata(bytes: Uint8Array | undefined): KeyMetadata {
  if (!bytes) return new Map();
  const entries = KVMetadataWrite.deserializeBinary(bytes).getEntriesList();
  return new Map(entries.map((entry) => [entry.getName(), entry.getValue_asU8()]));
}
