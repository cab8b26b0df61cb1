// Blocks and transactions for those who look through the ledger: newest first, in pages that read a bounded number of
// rows whatever is asked for, and of a period however long it is.
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { positionOf } from './index-schema.ts';
import { placesBetween } from './places-in-time.ts';
import type { ListedTransaction, Period } from './transaction-record.ts';
import { LISTED_COLUMNS, type ListedRow, listedOf, spanOf, timeOf } from './transaction-row.ts';

/** One block as it was checked. */
export interface BlockRecord {
  readonly number: number;
  /** SHA-256 of its header, of the header before (undefined of block 0), and of its data. */
  readonly hash: Uint8Array;
  readonly previousHash: Uint8Array | undefined;
  readonly dataHash: Uint8Array;
  /** Of its latest transaction that took effect; undefined where none did. */
  readonly at: string | undefined;
  /** How many there are, and how many of them took no effect. */
  readonly transactions: number;
  readonly withoutEffect: number;
  /** Whether it holds the channel's configuration. */
  readonly isConfiguration: boolean;
  /** Organisations whose orderers signed it. */
  readonly signedBy: readonly string[];
  /** Organisations whose peers sent it, and all blocks before it, alike. */
  readonly agreed: readonly string[];
}

/** What transactions are looked for. */
export interface TransactionFilter extends Period {
  readonly mspId?: string | undefined;
  /** The name of the transaction. */
  readonly name?: string | undefined;
  /** An id that its argument or a row that it wrote names. */
  readonly subjectId?: string | undefined;
  readonly block?: number | undefined;
  readonly tookEffect?: boolean | undefined;
}

/** Where a page of transactions begins, and how long it is. */
export interface PageRange {
  /** Only what is before this place of the ledger. */
  readonly before?: number | undefined;
  readonly limit: number;
}

/** A page: where there may be more, the place to go on before. */
export interface TransactionPage {
  readonly items: readonly ListedTransaction[];
  readonly before: number | undefined;
}

/** Transactions that one page looks at most at: a filter that matches little reads on with the next page. */
export const LOOKED_AT_MAX = 5000;

const BLOCKS =
  'SELECT b.number, b.hash, p.hash AS previous, b.data_hash, b.at, b.configuration, b.codes, b.signed_by ' +
  'FROM blocks AS b LEFT JOIN blocks AS p ON p.number = b.number - 1';

interface BlockRow {
  readonly number: number;
  readonly hash: Uint8Array;
  readonly previous: Uint8Array | null;
  readonly data_hash: Uint8Array;
  readonly at: number | null;
  readonly configuration: number;
  readonly codes: Uint8Array;
  readonly signed_by: string;
}

/** What is there of all blocks, by whoever looks through them. */
export class LedgerSearch {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  block(number: number): BlockRecord | undefined {
    const found = this.#database.prepare(`${BLOCKS} WHERE b.number = ?`).get(number);
    return found && blockOf(found as unknown as BlockRow, this.#heights());
  }

  /** Newest first, before a number if one is given. */
  blocks({ before = Number.MAX_SAFE_INTEGER, limit }: PageRange): BlockRecord[] {
    const heights = this.#heights();
    const sql = `${BLOCKS} WHERE b.number < ? ORDER BY b.number DESC LIMIT ?`;
    const found = this.#database.prepare(sql).all(before, limit);
    return found.map((row) => blockOf(row as unknown as BlockRow, heights));
  }

  /** Newest first. @throws RangeError for a period that is none */
  transactions(filter: TransactionFilter, { before, limit }: PageRange): TransactionPage {
    const { low, high } = this.#placesOf(filter, before);
    if (low >= high) return { items: [], before: undefined };
    const { from, where, by, parameters } = drivingOf(filter);
    const [since, until] = spanOf(filter);
    const { mspId = null, name = null, tookEffect } = filter;
    const effect = tookEffect === undefined ? null : Number(tookEffect);
    const looked = `FROM ${from} WHERE ${where}${by} >= ? AND ${by} < ? ORDER BY ${by} DESC LIMIT`;
    // Places are looked at in the order of one index; what the others ask for is compared there, and only rows that
    // match are read.
    const matching =
      `SELECT position FROM (SELECT ${by} AS position, (t.at >= ? AND t.at < ? AND ` +
      't.msp_id = ifnull(?, t.msp_id) AND t.name = ifnull(?, t.name) AND ' +
      `(t.code = 'VALID') = ifnull(?, t.code = 'VALID')) AS matches ${looked} ${LOOKED_AT_MAX}) ` +
      'WHERE matches LIMIT ?';
    const found = this.#database
      .prepare(matching)
      .all(since, until, mspId, name, effect, ...parameters, low, high, limit + 1)
      .map(({ position }) => Number(position));
    const row = this.#database.prepare(`SELECT ${LISTED_COLUMNS} FROM transactions WHERE position = ?`);
    const items = found
      .slice(0, limit)
      .map((position) => listedOf(row.get(position) as unknown as ListedRow));
    if (found.length > limit) return { items, before: found[limit - 1] };
    const last = this.#database
      .prepare(`SELECT ${by} AS position ${looked} 1 OFFSET ${LOOKED_AT_MAX - 1}`)
      .get(...parameters, low, high);
    return { items, before: last && Number(last.position) };
  }

  /** Between which places of the ledger all that is asked for is. */
  #placesOf(filter: TransactionFilter, before: number | undefined): { low: number; high: number } {
    const { block } = filter;
    let [low, high] = [0, before ?? Number.MAX_SAFE_INTEGER];
    if (block !== undefined) {
      low = positionOf({ block, place: 0 });
      high = Math.min(high, positionOf({ block: block + 1, place: 0 }));
    }
    if (filter.from === undefined && filter.to === undefined) return { low, high };
    const places = placesBetween(this.#database, spanOf(filter));
    if (places === undefined) return { low: 0, high: 0 };
    return { low: Math.max(low, places.low), high: Math.min(high, places.high) };
  }

  /** How many blocks each organisation's peers sent that are these. */
  #heights(): readonly (readonly [mspId: string, blocks: number])[] {
    const found = this.#database.prepare('SELECT msp_id, blocks FROM of_peers ORDER BY msp_id').all();
    return found.map(({ msp_id: mspId, blocks }) => [String(mspId), Number(blocks)]);
  }
}

/** Which index leads to the places that are looked at, in their order. */
interface Driving {
  readonly from: string;
  readonly where: string;
  readonly by: string;
  readonly parameters: readonly SQLInputValue[];
}

/** By the index that leads to fewest. */
function drivingOf({ subjectId, mspId, name, tookEffect }: TransactionFilter): Driving {
  const through = (index: string) => ({ from: `transactions AS t INDEXED BY ${index}`, by: 't.position' });
  if (subjectId !== undefined) {
    return {
      from: 'subjects AS s CROSS JOIN transactions AS t ON t.position = s.position',
      ...{ where: 's.id = ? AND ', by: 's.position', parameters: [subjectId] },
    };
  }
  if (tookEffect === false) {
    return { ...through('transactions_without_effect'), where: "t.code <> 'VALID' AND ", parameters: [] };
  }
  if (name !== undefined) {
    return { ...through('transactions_of_name'), where: 't.name = ? AND ', parameters: [name] };
  }
  if (mspId !== undefined) {
    return { ...through('transactions_of_member'), where: 't.msp_id = ? AND ', parameters: [mspId] };
  }
  return { from: 'transactions AS t', where: '', by: 't.position', parameters: [] };
}

function blockOf(row: BlockRow, heights: readonly (readonly [string, number])[]): BlockRecord {
  const { number, hash, previous, at, configuration, codes } = row;
  return {
    number,
    hash,
    previousHash: previous ?? undefined,
    dataHash: row.data_hash,
    at: at === null ? undefined : timeOf(at),
    transactions: codes.length,
    withoutEffect: codes.filter((code) => code !== 0).length,
    isConfiguration: configuration === number,
    signedBy: JSON.parse(row.signed_by),
    agreed: heights.filter(([, blocks]) => blocks > number).map(([mspId]) => mspId),
  };
}
