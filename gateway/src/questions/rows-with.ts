// Rows by a part of their key that is not the first.
import type { RowKind } from '@consilium/domain';
import type { LedgerHistory, RowRecord } from '../read-model/ledger-history.ts';

/** Rows as they are now whose key's part at `part`, from 0, is `value`, in the order of their keys. */
export function* rowsWith<T>(
  history: LedgerHistory,
  kind: RowKind,
  { part, value }: { readonly part: number; readonly value: string },
): Iterable<RowRecord<T>> {
  for (const record of history.rows<T>(kind)) if (record.key[part] === value) yield record;
}

/** A number in a key: of one width, so that keys sort as numbers do. */
export const numberKey = (number: number): string => String(number).padStart(5, '0');
