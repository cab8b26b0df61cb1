// What the gateway answers of the ledger.
import type { Api, Item } from '@consilium/client/browser';

export type LedgerBlock = Item<'listLedgerBlocks'>;
export type ListedTransaction = Item<'listTransactions'>;
export type TransactionAnswer = Api['getTransaction']['answer'];
export type RowsAnswer = Api['getTransactionRows']['answer'];
export type RowVersion = Item<'getStudyHistory'>;
