// A history of rows that a test writes itself, for questions that need no blocks.
import type { RowKind } from '@consilium/domain';
import { compositeKey } from '../read-model/index-schema.ts';
import { type IndexedTransaction, LedgerIndex, type WrittenRow } from '../read-model/ledger-index.ts';

export const CHAINCODE = 'consilium';

/** A row to write, or to delete where it is undefined. */
export const written = (kind: RowKind, key: readonly string[], row: object | undefined): WrittenRow => ({
  namespace: CHAINCODE,
  key: compositeKey(kind, key),
  value: row && Buffer.from(JSON.stringify(row), 'utf8'),
});

export type WrittenTransaction = Pick<IndexedTransaction, 'writes'> &
  Partial<Omit<IndexedTransaction, 'writes' | 'argument'>> & {
    readonly at: string;
    readonly argument?: object;
  };

/** An index in memory with one block for each of the transactions, of which Org1MSP's peer sent all. */
export function writtenHistory(
  transactions: readonly WrittenTransaction[],
  file: string | undefined = undefined,
): LedgerIndex {
  const index = new LedgerIndex({ file, chaincode: CHAINCODE });
  index.write(() => {
    for (const [number, { at, argument, ...given }] of transactions.entries()) {
      const atMs = Date.parse(at);
      const transaction: IndexedTransaction = {
        place: 0,
        transactionId: number.toString(16).padStart(64, '0'),
        atMs,
        chaincode: CHAINCODE,
        name: 'study:propose',
        argument: argument && JSON.stringify(argument),
        sender: { mspId: 'Org1MSP', role: 'researcher', person: undefined },
        code: 'VALID',
        endorsers: ['Org1MSP'],
        ...given,
      };
      const block = { number, hash: Buffer.alloc(32, number), configuration: 0, codes: [0] };
      index.add({ ...block, transactions: [transaction] });
    }
    index.agree(['Org1MSP'], transactions.length);
  });
  return index;
}
