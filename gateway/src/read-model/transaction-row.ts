// Transactions as the index keeps them, and the times of all that it keeps.
import { blockOf, placeOf } from './index-schema.ts';
import { boundedTime } from './lookups.ts';
import type { ListedTransaction, TransactionRecord } from './transaction-record.ts';

/** As the index has it, without what may be long. */
export interface ListedRow {
  readonly position: number;
  readonly transaction_id: string;
  readonly at: number;
  readonly chaincode: string;
  readonly name: string;
  readonly msp_id: string;
  readonly role: string | null;
  readonly person: string | null;
  readonly code: string;
  readonly endorsers: string;
  readonly subjects: string;
}

export interface TransactionRow extends ListedRow {
  readonly argument: string | null;
  readonly rows: string;
}

/** Its columns. */
export const LISTED_COLUMNS =
  'position, transaction_id, at, chaincode, name, msp_id, role, person, code, endorsers, subjects';

export function listedOf(row: ListedRow): ListedTransaction {
  const { position, chaincode, name, code } = row;
  return {
    transactionId: row.transaction_id,
    block: blockOf(position),
    place: placeOf(position),
    at: timeOf(row.at),
    chaincode,
    name,
    subjects: JSON.parse(row.subjects),
    sender: { mspId: row.msp_id, role: row.role ?? undefined, person: row.person ?? undefined },
    code,
    endorsers: JSON.parse(row.endorsers),
  };
}

/** What may be long is parsed when it is read. */
export const transactionOf = (row: TransactionRow): TransactionRecord => ({
  ...listedOf(row),
  get argument() {
    return row.argument === null ? undefined : JSON.parse(row.argument);
  },
  get rows() {
    return JSON.parse(row.rows);
  },
});

export const timeOf = (milliseconds: number): string => new Date(boundedTime(milliseconds)).toISOString();

/** A period in milliseconds since 1970, open where it has no ends. @throws RangeError for a text that is no time */
export const spanOf = ({
  from,
  to,
}: {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}): [since: number, until: number] => [
  millisecondsOf(from) ?? Number.MIN_SAFE_INTEGER,
  millisecondsOf(to) ?? Number.MAX_SAFE_INTEGER,
];

/** @throws RangeError for a text that is no time */
function millisecondsOf(time: string | undefined): number | undefined {
  if (time === undefined) return undefined;
  const milliseconds = Date.parse(time);
  if (Number.isNaN(milliseconds)) throw new RangeError(`${time} is no time`);
  return milliseconds;
}
