// Rows on the ledger: read and written by noun and key, as canonical JSON under composite keys.
import type { ChaincodeStub } from 'fabric-shim-api';
import { type Activity, canonicalJson, DomainError, presentForm, type RowVersion } from '../domain/index.ts';
import { AccountVersions } from './account-versions.ts';
import {
  type ActivityQuery,
  type Concerns,
  enterActivity,
  listActivities,
  recordActivity,
} from './activities.ts';
import { keyHistory, versionsOfKey } from './key-history.ts';
import { keyOf, type Noun, type Rows } from './rows.ts';

const PAGE_SIZE = 50;

export interface PageOptions {
  readonly pageSize?: number | undefined;
  readonly bookmark?: string | undefined;
}
export interface Page<T> {
  readonly items: T[];
  readonly bookmark?: string;
}

const parse = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString('utf8'));
const encodeBookmark = (text: string): string => Buffer.from(text, 'utf8').toString('base64url');
const decodeBookmark = (text: string): string => Buffer.from(text, 'base64url').toString('utf8');

/** A transaction sees the rows as they were before it: what it writes it does not read back. */
export class Ledger {
  readonly #stub: ChaincodeStub;
  readonly accounts: AccountVersions;

  constructor(stub: ChaincodeStub) {
    this.#stub = stub;
    this.accounts = new AccountVersions(stub);
  }

  async get<N extends Noun>(noun: N, ...key: readonly string[]): Promise<Rows[N] | undefined> {
    const bytes = await this.#stub.getState(this.#stub.createCompositeKey(noun, [...key]));
    return bytes.length === 0 ? undefined : presentForm(noun, parse(bytes) as Rows[N]);
  }

  async put<N extends Noun>(noun: N, row: Rows[N]): Promise<void> {
    await this.#stub.putState(this.keyFor(noun, row), Buffer.from(canonicalJson(row), 'utf8'));
  }

  /** Lays a key-level endorsement policy on a row: it guards every change after this transaction. */
  async guard<N extends Noun>(noun: N, row: Rows[N], policy: Uint8Array): Promise<void> {
    await this.#stub.setStateValidationParameter(this.keyFor(noun, row), policy);
  }

  /** The same for a row that has been guarded before, by whoever was a member then. Nothing where nothing changes. */
  async guardAnew<N extends Noun>(noun: N, row: Rows[N], policy: Uint8Array): Promise<void> {
    const present = await this.#stub.getStateValidationParameter(this.keyFor(noun, row));
    if (present !== undefined && Buffer.from(present).equals(policy)) return;
    await this.guard(noun, row, policy);
  }

  keyFor<N extends Noun>(noun: N, row: Rows[N]): string {
    return this.#stub.createCompositeKey(noun, keyOf(noun, row));
  }

  /** Writes what was done into the index of activities, beside the facts themselves. */
  recordActivity(activity: Activity, concerns: Concerns): Promise<void> {
    return recordActivity(this.#stub, activity, concerns);
  }

  /** The same for an earlier transaction, unless it is there; whether it was missing. */
  enterActivity(activity: Activity, concerns: Concerns): Promise<boolean> {
    return enterActivity(this.#stub, activity, concerns);
  }

  /** A page of the index of activities. For queries only. */
  listActivities(query: ActivityQuery): Promise<Page<Activity>> {
    return listActivities(this.#stub, query);
  }

  /** The transaction and the time that first wrote a row; undefined where there is none. */
  async firstVersion(
    noun: Noun,
    key: readonly string[],
  ): Promise<{ transactionId: string; at: string } | undefined> {
    let first: { transactionId: string; at: string } | undefined;
    const composite = this.#stub.createCompositeKey(noun, [...key]);
    for await (const { transactionId, at } of versionsOfKey(this.#stub, composite))
      first = { transactionId, at };
    return first;
  }

  /** Every row under a partial key, in the order of keys. */
  async all<N extends Noun>(noun: N, ...prefix: readonly string[]): Promise<Rows[N][]> {
    const rows: Rows[N][] = [];
    for await (const { value } of this.#stub.getStateByPartialCompositeKey(noun, [...prefix])) {
      rows.push(presentForm(noun, parse(value) as Rows[N]));
    }
    return rows;
  }

  /**
   * A page of the rows under a partial key. For queries only: Fabric lets no transaction that writes page.
   *
   * @throws DomainError INVALID_ARGUMENT for a bookmark of another list
   */
  async page<N extends Noun>(
    noun: N,
    prefix: readonly string[],
    { pageSize = PAGE_SIZE, bookmark = '' }: PageOptions,
  ): Promise<Page<Rows[N]>> {
    const start = decodeBookmark(bookmark);
    if (start !== '' && !start.startsWith(this.#stub.createCompositeKey(noun, [...prefix]))) {
      throw new DomainError('INVALID_ARGUMENT', 'bookmark does not belong to this list');
    }
    const query = this.#stub.getStateByPartialCompositeKeyWithPagination(noun, [...prefix], pageSize, start);
    const { iterator, metadata } = await query;
    const items: Rows[N][] = [];
    for (let next = await iterator.next(); ; next = await iterator.next()) {
      if (next.value !== undefined && next.value !== null) {
        items.push(presentForm(noun, parse(next.value.value) as Rows[N]));
      }
      if (next.done) break;
    }
    await iterator.close();
    // The metadata of an empty page is an empty message, which the shim takes for none.
    const after = (metadata as typeof metadata | undefined)?.bookmark ?? '';
    return after !== '' && items.length === pageSize ? { items, bookmark: encodeBookmark(after) } : { items };
  }

  /** A page of a row's versions, newest first. For queries only. @throws DomainError INVALID_ARGUMENT */
  history(noun: Noun, key: readonly string[], page: PageOptions): Promise<Page<RowVersion>> {
    return keyHistory(this.#stub, this.#stub.createCompositeKey(noun, [...key]), page);
  }
}
