// Accounts and what they were. Fabric reads a key's history from its newest version on, a hundred versions at once, so
// the latest changes of an account would cost more the longer it lives. Each version of an account's sums is
// therefore a row of its own, written once. The account's row, which its owner's peer guards, names the present version
// by number and digest; each version names the one before. A page of changes reads its own versions and nothing else.
//
// Versions need no guard: a version that somebody overwrote has another digest, and the row as it was is then found in
// its key's history.
import { strict as assert } from 'node:assert';
import {
  type Budget,
  type BudgetRow,
  type BudgetVersion,
  canonicalJson,
  DomainError,
  presentForm,
  ROW_SCHEMA,
  type RowVersion,
} from '@consilium/domain';
import type { ChaincodeStub } from 'fabric-shim-api';
import { sha256 } from './digest.ts';
import { keyHistory, versionsOfKey } from './key-history.ts';
import type { Page, PageOptions } from './page.ts';
import { accountKey } from './rows.ts';

type AccountKey = Pick<BudgetRow, 'populationId' | 'pool' | 'block'>;
/** Which version, and the digest of its row. Version 0 is an account from before there were versions. */
interface Link {
  readonly version: number;
  readonly sha256: string;
}
type Holder = Omit<Budget, 'spent' | 'reserved' | 'gaussian'>;

const PAGE_SIZE = 50;
const BOOKMARK = /^([1-9][0-9]{0,14})[.]([0-9a-f]{64})$/;

const parse = <T>(bytes: Uint8Array): T => JSON.parse(Buffer.from(bytes).toString('utf8')) as T;

export class AccountVersions {
  readonly #stub: ChaincodeStub;
  /** The versions that this transaction has read, by the account's key. */
  readonly #present = new Map<string, Link>();

  constructor(stub: ChaincodeStub) {
    this.#stub = stub;
  }

  async get(key: AccountKey): Promise<Budget | undefined> {
    const read = await this.#read(key);
    if (read === undefined) return undefined;
    const { holder, link } = read;
    this.#present.set(this.#keyOf(key), link);
    if (link.version === 0) return holder as Budget;
    const version = await this.#version(key, link);
    assert.ok(version !== undefined, `version ${link.version} of account ${nameOf(key)} is gone`);
    return accountOf(holder, version);
  }

  /** Writes the first version of a new account; the account's row. */
  open(account: Budget): Promise<BudgetRow> {
    return this.#write(account, undefined);
  }

  /** Writes the next version of an account that this transaction has read; the account's row. */
  async change(account: Budget): Promise<BudgetRow> {
    const before = this.#present.get(this.#keyOf(account));
    assert.ok(before !== undefined, `account ${nameOf(account)} was not read`);
    return this.#write(account, before);
  }

  /**
   * A page of an account's versions, newest first. It reads the account and the versions that it answers; those from
   * before there were versions are read from the key's own history.
   *
   * @throws DomainError INVALID_ARGUMENT for a bookmark that is no version of this account
   */
  async history(
    key: AccountKey,
    { pageSize = PAGE_SIZE, bookmark = '' }: PageOptions,
  ): Promise<Page<RowVersion>> {
    const read = await this.#read(key);
    if (read === undefined) return { items: [] };
    const items: RowVersion[] = [];
    let link = bookmark === '' ? read.link : linkIn(bookmark);
    while (link !== undefined && link.version > 0) {
      if (items.length === pageSize) return { items, bookmark: `${link.version}.${link.sha256}` };
      const version = await this.#version(key, link);
      if (version === undefined) {
        assert.ok(items.length === 0 && bookmark !== '', `version ${link.version} of ${nameOf(key)} is gone`);
        throw new DomainError('INVALID_ARGUMENT', 'bookmark is no version of this row');
      }
      const { transactionId, changedAt: at, previousSha256 } = version;
      items.push({ transactionId, at, deleted: false, row: accountOf(read.holder, version) });
      if (previousSha256 === undefined) return { items };
      link = { version: link.version - 1, sha256: previousSha256 };
    }
    const after = items.at(-1)?.transactionId ?? bookmark;
    if (items.length === pageSize) return { items, bookmark: after };
    const left = { pageSize: pageSize - items.length, bookmark: after };
    const older = await keyHistory(this.#stub, this.#keyOf(key), left);
    return { ...older, items: [...items, ...older.items] };
  }

  async #read(key: AccountKey): Promise<{ holder: Holder; link: Link } | undefined> {
    const bytes = await this.#stub.getState(this.#keyOf(key));
    if (bytes.length === 0) return undefined;
    const row = presentForm('budget', parse<BudgetRow | Budget>(bytes));
    if (!('version' in row)) return { holder: row, link: { version: 0, sha256: sha256(bytes) } };
    const { version, versionSha256, ...holder } = row;
    return { holder, link: { version, sha256: versionSha256 } };
  }

  /** The version whose row has this digest; undefined where there never was one. */
  async #version(key: AccountKey, link: Link): Promise<BudgetVersion | undefined> {
    const own = this.#versionKey(key, link.version);
    const bytes = await this.#stub.getState(own);
    if (sha256(bytes) === link.sha256) return presentForm('budget-version', parse<BudgetVersion>(bytes));
    for await (const { value } of versionsOfKey(this.#stub, own)) {
      if (sha256(value) === link.sha256) return presentForm('budget-version', parse<BudgetVersion>(value));
    }
    return undefined;
  }

  async #write(
    { spent, reserved, gaussian, ...holder }: Budget,
    before: Link | undefined,
  ): Promise<BudgetRow> {
    const key: AccountKey = holder;
    const version = (before?.version ?? 0) + 1;
    const sums: BudgetVersion = {
      schema: ROW_SCHEMA['budget-version'],
      spent,
      reserved,
      ...(gaussian !== undefined && { gaussian }),
      transactionId: this.#stub.getTxID(),
      changedAt: this.#stub.getDateTimestamp().toISOString(),
      ...(before !== undefined && { previousSha256: before.sha256 }),
    };
    const text = canonicalJson(sums);
    const row: BudgetRow = { ...holder, version, versionSha256: sha256(text) };
    await this.#stub.putState(this.#versionKey(key, version), Buffer.from(text, 'utf8'));
    await this.#stub.putState(this.#keyOf(key), Buffer.from(canonicalJson(row), 'utf8'));
    return row;
  }

  #keyOf(key: AccountKey): string {
    return this.#stub.createCompositeKey('budget', accountKey(key));
  }

  #versionKey(key: AccountKey, version: number): string {
    return this.#stub.createCompositeKey('budget-version', [...accountKey(key), String(version)]);
  }
}

const nameOf = (key: AccountKey): string => accountKey(key).join(' ');

const accountOf = (holder: Holder, { spent, reserved, gaussian }: BudgetVersion): Budget => ({
  ...holder,
  spent,
  reserved,
  ...(gaussian !== undefined && { gaussian }),
});

/** Undefined for the bookmark of a page of the key's own history. */
function linkIn(bookmark: string): Link | undefined {
  const [, version, digest] = BOOKMARK.exec(bookmark) ?? [];
  return version === undefined || digest === undefined
    ? undefined
    : { version: Number(version), sha256: digest };
}
