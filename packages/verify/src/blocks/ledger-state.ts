// What is kept of the blocks so far, so that the next one can be checked: in memory for a file of evidence, in a
// database where a whole channel is followed. The rules are not here.
import type { Version } from './read-write-set.ts';

/** A row as the blocks so far leave it. Its value is asked for apart: few rules need it. */
export interface Row {
  readonly namespace: string;
  readonly key: string;
  readonly version: Version;
  /** Whether it has a value: false where it was deleted. */
  readonly exists: boolean;
  /** The row's own endorsement policy, replacing the chaincode's. */
  readonly policy: Uint8Array | undefined;
  /** Whether a block that is not shown wrote it: then neither value nor policy is known. */
  readonly isHidden: boolean;
}

/** Rows of private collections are among them: by the digests of their keys, under the collection's own name. */
export interface LedgerState {
  row(namespace: string, key: string): Row | undefined;
  /** Undefined where there is no such row, or it was deleted. */
  value(namespace: string, key: string): Uint8Array | undefined;
  /**
   * Rows that exist from a key on, up to before another (none: to the end), in the order of their keys' bytes. Costs no
   * more than the rows that are taken.
   */
  rowsBetween(namespace: string, start: string, end: string): Iterable<Row>;
  /** Sets a value, or deletes the row and its policy. */
  write(row: Pick<Row, 'namespace' | 'key' | 'version'>, value: Uint8Array | undefined): void;
  /** Sets the policy of a row that exists; none where it is undefined. */
  writePolicy(row: Pick<Row, 'namespace' | 'key' | 'version'>, policy: Uint8Array | undefined): void;
  /** Notes a row that a block wrote which is not shown. */
  hide(row: Pick<Row, 'namespace' | 'key' | 'version'>): void;
  /** Whether a block has a transaction of this id, whatever became of it. */
  hasTransaction(transactionId: string): boolean;
  addTransaction(transactionId: string): void;
}
