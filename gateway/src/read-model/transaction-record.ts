// A transaction of the channel as this gateway keeps it, and periods of time.
import type { RowKind } from '@consilium/domain';

/** One of what a transaction is about. */
export interface Subject {
  /** 'study' of what the argument calls studyId. */
  readonly kind: string;
  readonly id: string;
}

/** One transaction of the channel, of whichever gateway, without what may be long. */
export interface ListedTransaction {
  readonly transactionId: string;
  readonly block: number;
  readonly place: number;
  readonly at: string;
  /** The chaincode's name: ours, or `_lifecycle`. */
  readonly chaincode: string;
  /** The transaction's name (`study:propose`), or the lifecycle's function. */
  readonly name: string;
  /** What the argument names. */
  readonly subjects: readonly Subject[];
  readonly sender: {
    readonly mspId: string;
    readonly role: string | undefined;
    readonly person: string | undefined;
  };
  /** Fabric's validation code; 'VALID' where it took effect. */
  readonly code: string;
  /** Organisations whose peers endorsed it, in the order of their names. */
  readonly endorsers: readonly string[];
}

/** With all that is kept of it. */
export interface TransactionRecord extends ListedTransaction {
  /** The argument as it was sent; undefined where it is not ours, or no JSON. */
  readonly argument: unknown;
  /** Rows that it wrote. */
  readonly rows: readonly { readonly kind: RowKind; readonly key: readonly string[] }[];
}

/** A span of time: from its start on, up to before its end; ISO 8601 in UTC. */
export interface Period {
  readonly from?: string;
  readonly to?: string;
}
