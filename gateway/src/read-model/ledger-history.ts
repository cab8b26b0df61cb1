// What this gateway verified of the channel, to be asked without a peer: every row with all that it held before, and
// every transaction. The questions of compliance teams are answered from here alone.
import type { RowKind } from '@consilium/domain';
import type { BlockNeeds } from '@consilium/verify';
import type { LedgerSearch } from './ledger-search.ts';
import type { Lookup } from './lookups.ts';
import type { RefusalKind, RefusalSource } from './refusal-events.ts';
import type { Period, TransactionRecord } from './transaction-record.ts';

export type { Period, TransactionRecord } from './transaction-record.ts';

/** Up to where answers speak, and whose peers agreed on it. */
export interface HistoryEdge {
  /** The number of blocks: the last one that is known is one before. */
  readonly blocks: number;
  /** The time of the last block's latest transaction that took effect; undefined before the first such. */
  readonly at: string | undefined;
  /** Organisations whose peers sent the same blocks, in the order of their names. */
  readonly organisations: readonly string[];
}

/** One row as one transaction left it. */
export interface RowRecord<T = Readonly<Record<string, unknown>>> {
  readonly kind: RowKind;
  /** Its key's parts, broad to specific. */
  readonly key: readonly string[];
  /** In its present form; undefined where it was deleted. It is parsed when it is read. */
  readonly row: T | undefined;
  /** As the ledger has it: JSON in the form of its time; undefined where it was deleted. */
  readonly text: string | undefined;
  readonly transactionId: string;
  readonly block: number;
  /** The transaction's number within the block, from 0. */
  readonly place: number;
  /** The transaction's time, as its sender says: ISO 8601 in UTC. */
  readonly at: string;
}

/** Where a list goes on: after a key, and after a place where it has an order by places. */
export interface After {
  readonly place?: number;
  readonly key: readonly string[];
}

/** Which rows a lookup answers. */
export interface LookupRange {
  readonly after?: After | undefined;
  /** Only those that were under way at some time of it. */
  readonly during?: Period;
}

/** An entry of a list of rows that are grouped by their form. */
export interface FormEntry {
  /** Rows of one form are alike in what is read of them. */
  readonly form: string;
  readonly key: readonly string[];
  /** Since when it was under way. */
  readonly since: string;
}

/** Where a refusal is among those of its hospital, which are in the order of time. */
export interface RefusalPlace {
  readonly atMs: number;
  readonly source: RefusalSource;
  /** The number of the row's version, in the order of the ledger. */
  readonly version: number;
  readonly part: number;
}

/** One refusal, with the row that says so. */
export interface RefusalRecord extends RefusalPlace {
  readonly kind: RefusalKind;
  readonly record: RowRecord;
}

/** How often a hospital refused in a period, by kind; kinds in the order of the first. */
export interface RefusalCount {
  readonly kind: RefusalKind;
  readonly count: number;
  readonly firstMs: number;
}

/** One block as evidence sees it. */
export interface ChainBlock {
  /** SHA-256 of its data. */
  readonly dataHash: Uint8Array;
  readonly isConfiguration: boolean;
  /** Which earlier blocks are shown with it. */
  readonly needs: BlockNeeds;
}

export interface LedgerHistory {
  edge(): HistoryEdge;
  /** Blocks from this number on, in their order. */
  chain(from: number): Iterable<ChainBlock>;
  /** The row as it is now; undefined where there is none. */
  row<T>(kind: RowKind, key: readonly string[]): RowRecord<T> | undefined;
  /** Rows as they are now whose keys begin so, in the order of their keys, after one. Deleted ones are left out. */
  rows<T>(kind: RowKind, prefix?: readonly string[], after?: readonly string[]): Iterable<RowRecord<T>>;
  /** Their keys alone: a part of what reading the rows takes. */
  keys(kind: RowKind, prefix?: readonly string[]): Iterable<readonly string[]>;
  /** Rows as they are now that a lookup finds by this value, in the order of their places and keys. */
  lookUp<T>(lookup: Lookup, value: string, range?: LookupRange): Iterable<RowRecord<T>>;
  /** Their keys alone. */
  lookUpKeys(lookup: Lookup, value: string, range?: LookupRange): Iterable<readonly string[]>;
  /** What a lookup by a value and a form has of a value, by their forms and keys: no row is read. */
  forms(lookup: Lookup, value: string, during?: Period): Iterable<FormEntry>;
  /** How many there are. */
  count(lookup: Lookup, value: string): number;
  /** What a hospital declined or rejected in a period, in the order of time, after a place of it. */
  refusals(mspId: string, within: Period, after?: RefusalPlace): Iterable<RefusalRecord>;
  /** How often, by kind. */
  countRefusals(mspId: string, within: Period): RefusalCount[];
  /** All that the row held, oldest first. */
  versions<T>(kind: RowKind, key: readonly string[]): Iterable<RowRecord<T>>;
  /** All versions of rows of a kind whose keys begin so and that were written in a period, oldest first. */
  changes<T>(kind: RowKind, within: Period & { readonly prefix?: readonly string[] }): Iterable<RowRecord<T>>;
  transaction(transactionId: string): TransactionRecord | undefined;
  /** For those who look through it, newest first. */
  readonly search: LedgerSearch;
  /** In the order of the ledger, after a place of it if one is given. */
  transactions(
    within: Period & { readonly mspId?: string; readonly after?: Pick<TransactionRecord, 'block' | 'place'> },
  ): Iterable<TransactionRecord>;
}

/** Where routes ask. */
export interface HistorySource {
  /**
   * Answers all that the work asks from one height of the ledger. What it returns must hold nothing that is read later.
   *
   * @throws GatewayRefusal HISTORY_UNAVAILABLE where the history is not there yet, or not any more
   */
  read<T>(work: (history: LedgerHistory) => T): T;
}
