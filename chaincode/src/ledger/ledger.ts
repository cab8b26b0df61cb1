// Rows on the ledger: read and written by noun and key, as canonical JSON under composite keys.

import { type Activity, canonicalJson, DomainError, presentForm, type RowVersion } from '@consilium/domain';
import type { ChaincodeStub } from 'fabric-shim-api';
import { AccountVersions } from './account-versions.ts';
import {
  type ActivityQuery,
  type Concerns,
  enterActivity,
  listActivities,
  recordActivity,
} from './activities.ts';
import { keyHistory, versionsOfKey } from './key-history.ts';
import { PAGE_BYTES, type Page, type PageOptions } from './page.ts';
import { keyOf, type Noun, type Rows } from './rows.ts';

const PAGE_SIZE = 50;
/** How many rows are asked of a peer before it is known how long they are: it sends them in one message. */
const FIRST_ROWS = 8;

const parse = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString('utf8'));
const encodeBookmark = (text: string): string => Buffer.from(text, 'utf8').toString('base64url');
const decodeBookmark = (text: string): string => Buffer.from(text, 'base64url').toString('utf8');

/** A transaction sees the rows as they were before it: what it writes it does not read back. */
export class Ledger {
  readonly #stub: ChaincodeStub;
  readonly accounts: AccountVersions;
  #bytesRead = 0;

  constructor(stub: ChaincodeStub) {
    this.#stub = stub;
    this.accounts = new AccountVersions(stub);
  }

  async get<N extends Noun>(noun: N, ...key: readonly string[]): Promise<Rows[N] | undefined> {
    const bytes = await this.#stub.getState(this.#stub.createCompositeKey(noun, [...key]));
    this.#bytesRead += bytes.length;
    return bytes.length === 0 ? undefined : presentForm(noun, parse(bytes) as Rows[N]);
  }

  async put<N extends Noun>(noun: N, row: Rows[N]): Promise<void> {
    await this.#stub.putState(this.keyFor(noun, row), Buffer.from(canonicalJson(row), 'utf8'));
  }

  async remove<N extends Noun>(noun: N, row: Rows[N]): Promise<void> {
    await this.#stub.deleteState(this.keyFor(noun, row));
  }

  /** Whether so much was read that a page has to end here. */
  get pageIsFull(): boolean {
    return this.#bytesRead >= PAGE_BYTES;
  }

  /** Lays a key-level endorsement policy on a row: it guards every change after this transaction. */
  async guard<N extends Noun>(noun: N, row: Rows[N], policy: Uint8Array): Promise<void> {
    await this.#stub.setStateValidationParameter(this.keyFor(noun, row), policy);
  }

  /** The same for a row that the members of an earlier time guard; whether anything changed, and was written. */
  async guardAnew<N extends Noun>(noun: N, row: Rows[N], policy: Uint8Array): Promise<boolean> {
    if (await this.hasPolicy(noun, row, policy)) return false;
    await this.guard(noun, row, policy);
    return true;
  }

  /** Whether a row has this very policy. */
  async hasPolicy<N extends Noun>(noun: N, row: Rows[N], policy: Uint8Array): Promise<boolean> {
    const present = await this.#stub.getStateValidationParameter(this.keyFor(noun, row));
    return present !== undefined && Buffer.from(present).equals(policy);
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
   * A page of the rows under a partial key, each as `view` shows it. It ends after `pageSize` rows or PAGE_BYTES of
   * them, whichever comes first, and has one row at least. For queries only: Fabric lets no transaction that writes
   * page.
   *
   * @throws DomainError INVALID_ARGUMENT for a bookmark of another list
   */
  async page<N extends Noun, T = Rows[N]>(
    noun: N,
    prefix: readonly string[],
    { pageSize = PAGE_SIZE, bookmark = '' }: PageOptions,
    view: (row: Rows[N]) => T = (row) => row as unknown as T,
  ): Promise<Page<T>> {
    let start = decodeBookmark(bookmark);
    if (start !== '' && !start.startsWith(this.#stub.createCompositeKey(noun, [...prefix]))) {
      throw new DomainError('INVALID_ARGUMENT', 'bookmark does not belong to this list');
    }
    const items: T[] = [];
    let bytes = 0;
    let longest = 0;
    for (;;) {
      const wanted = pageSize - items.length;
      const fit = longest === 0 ? FIRST_ROWS : Math.floor((PAGE_BYTES - bytes) / longest);
      const { rows, next } = await this.#rowsFrom(
        { noun, prefix, start },
        Math.min(wanted, Math.max(1, fit)),
      );
      for (const { key, value } of rows) {
        if (items.length > 0 && bytes + value.length > PAGE_BYTES) {
          return { items, bookmark: encodeBookmark(key) };
        }
        bytes += value.length;
        longest = Math.max(longest, value.length);
        items.push(view(presentForm(noun, parse(value) as Rows[N])));
      }
      if (next === '') return { items };
      if (items.length === pageSize) return { items, bookmark: encodeBookmark(next) };
      start = next;
    }
  }

  /** So many rows from a key on, and the key of the one after them; empty where there is none. */
  async #rowsFrom(
    {
      noun,
      prefix,
      start,
    }: { readonly noun: Noun; readonly prefix: readonly string[]; readonly start: string },
    count: number,
  ): Promise<{ rows: { key: string; value: Uint8Array }[]; next: string }> {
    const query = this.#stub.getStateByPartialCompositeKeyWithPagination(noun, [...prefix], count, start);
    const { iterator, metadata } = await query;
    const rows: { key: string; value: Uint8Array }[] = [];
    for (let read = await iterator.next(); ; read = await iterator.next()) {
      if (read.value !== undefined && read.value !== null) rows.push(read.value);
      if (read.done) break;
    }
    await iterator.close();
    // The metadata of an empty page is an empty message, which the shim takes for none.
    const after = (metadata as typeof metadata | undefined)?.bookmark ?? '';
    return { rows, next: rows.length === count ? after : '' };
  }

  /** A page of a row's versions, newest first. For queries only. @throws DomainError INVALID_ARGUMENT */
  history(noun: Noun, key: readonly string[], page: PageOptions): Promise<Page<RowVersion>> {
    return keyHistory(this.#stub, this.#stub.createCompositeKey(noun, [...key]), page);
  }
}
