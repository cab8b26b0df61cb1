// What Fabric keeps of a key's past: every version as it was written, newest first. A peer reads it from the newest
// version only, a hundred versions at once.

import { DomainError, type RowVersion } from '@consilium/domain';
import type { ChaincodeStub } from 'fabric-shim-api';
import { PAGE_BYTES, type Page, type PageOptions } from './page.ts';

const PAGE_SIZE = 50;

export interface KeyVersion {
  readonly transactionId: string;
  readonly at: string;
  readonly isDelete: boolean;
  readonly value: Uint8Array;
}

export async function* versionsOfKey(stub: ChaincodeStub, key: string): AsyncGenerator<KeyVersion> {
  for await (const { txId, timestamp, isDelete, value } of stub.getHistoryForKey(key)) {
    const milliseconds = Number(timestamp.seconds) * 1000 + Math.floor(timestamp.nanos / 1_000_000);
    yield { transactionId: txId, at: new Date(milliseconds).toISOString(), isDelete, value };
  }
}

/**
 * A page of a key's versions as they were written, newest first. The bookmark is the last version's transaction, so that
 * versions written between two pages move nothing.
 *
 * @throws DomainError INVALID_ARGUMENT for a bookmark that is no version of this key
 */
export async function keyHistory(
  stub: ChaincodeStub,
  key: string,
  { pageSize = PAGE_SIZE, bookmark }: PageOptions,
): Promise<Page<RowVersion>> {
  const items: RowVersion[] = [];
  let bytes = 0;
  let skipping = bookmark !== undefined && bookmark !== '';
  for await (const { transactionId, at, isDelete, value } of versionsOfKey(stub, key)) {
    if (skipping) {
      skipping = transactionId !== bookmark;
      continue;
    }
    const isFull = items.length === pageSize || bytes + value.length > PAGE_BYTES;
    if (isFull && items.length > 0) return { items, bookmark: items.at(-1)!.transactionId };
    bytes += value.length;
    items.push({
      transactionId,
      at,
      deleted: isDelete,
      row: isDelete ? null : (JSON.parse(Buffer.from(value).toString('utf8')) as Record<string, unknown>),
    });
  }
  if (skipping) throw new DomainError('INVALID_ARGUMENT', 'bookmark is no version of this row');
  return { items };
}
