// The tables of the index, and how keys and places are written in them. One file holds what questions are answered
// from and what the next block is checked against, so that both are always of the same height.
import type { RowKind } from '@consilium/domain';

/** Of the tables below: a file with another number is rebuilt from the blocks. */
export const INDEX_VERSION = 10;

/**
 * Keys are bytes, since SQLite and the ledger then order them alike. `rows` is what the ledger holds now: the place
 * that reads are compared to (a change of its policy counts), the version that is its value (none: deleted) and its
 * policy. `lookups` leads to rows by other things than their keys (lookups.ts), in the order of a place of their own,
 * and says from when until when they were under way. `refusals` has what hospitals declined or rejected, event by
 * event (refusal-events.ts). `subjects` says which transactions name an id (subjects.ts).
 * What members make long is last in `transactions`: SQLite reads past it to what is behind, in every row that is
 * compared.
 * `places_in_time` has the first and the last transaction of each day, and of many days (places-in-time.ts).
 * `of_peers` says how many blocks each organisation's peer sent that are the same.
 */
export const INDEX_SCHEMA = `
  PRAGMA user_version = ${INDEX_VERSION};
  CREATE TABLE IF NOT EXISTS blocks (
    number INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    data_hash BLOB NOT NULL,
    at INTEGER,
    configuration INTEGER NOT NULL,
    codes BLOB NOT NULL,
    needs TEXT NOT NULL,
    signed_by TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS configurations (block INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS of_peers (msp_id TEXT PRIMARY KEY, blocks INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS transactions (
    position INTEGER PRIMARY KEY,
    transaction_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    chaincode TEXT NOT NULL,
    name TEXT NOT NULL,
    msp_id TEXT NOT NULL,
    role TEXT,
    person TEXT,
    code TEXT NOT NULL,
    endorsers TEXT NOT NULL,
    subjects TEXT NOT NULL,
    argument TEXT,
    rows TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS transactions_by_id ON transactions (transaction_id);
  CREATE INDEX IF NOT EXISTS transactions_by_time ON transactions (at);
  CREATE INDEX IF NOT EXISTS transactions_by_sender ON transactions (msp_id, at);
  CREATE INDEX IF NOT EXISTS transactions_of_member ON transactions (msp_id);
  CREATE INDEX IF NOT EXISTS transactions_of_name ON transactions (name);
  CREATE INDEX IF NOT EXISTS transactions_without_effect ON transactions (position) WHERE code <> 'VALID';
  CREATE TABLE IF NOT EXISTS places_in_time (
    days INTEGER NOT NULL, number INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    PRIMARY KEY (days, number)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS subjects (
    id TEXT NOT NULL, position INTEGER NOT NULL,
    PRIMARY KEY (id, position)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS versions (
    id INTEGER PRIMARY KEY,
    namespace TEXT NOT NULL, key BLOB NOT NULL, position INTEGER NOT NULL, kind TEXT, at INTEGER NOT NULL, value BLOB,
    UNIQUE (namespace, key, position)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS versions_by_time ON versions (kind, at) WHERE kind IS NOT NULL;
  CREATE TABLE IF NOT EXISTS rows (
    namespace TEXT NOT NULL, key BLOB NOT NULL, version INTEGER NOT NULL, written INTEGER, policy BLOB,
    PRIMARY KEY (namespace, key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS lookups (
    name TEXT NOT NULL, value TEXT NOT NULL, place INTEGER NOT NULL, key BLOB NOT NULL, since INTEGER, until INTEGER,
    PRIMARY KEY (name, value, place, key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS refusals (
    msp_id TEXT NOT NULL, at INTEGER NOT NULL, source INTEGER NOT NULL, version INTEGER NOT NULL, part INTEGER NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (msp_id, at, source, version, part)
  ) STRICT, WITHOUT ROWID;
`;

/** As `RowGuard` takes them. */
export const INDEX_TABLES = [
  { name: 'blocks', key: ['number'], newestFirst: 'number' },
  { name: 'configurations', key: ['block'] },
  { name: 'of_peers', key: ['msp_id'] },
  { name: 'transactions', key: ['position'], newestFirst: 'position' },
  { name: 'places_in_time', key: ['days', 'number'] },
  { name: 'subjects', key: ['id', 'position'] },
  { name: 'versions', key: ['id'], newestFirst: 'id' },
  { name: 'rows', key: ['namespace', 'key'] },
  { name: 'lookups', key: ['name', 'value', 'place', 'key'] },
  { name: 'refusals', key: ['msp_id', 'at', 'source', 'version', 'part'] },
] as const;

/** More transactions than a block can have: its number and theirs are one number that SQLite orders. */
export const PLACES = 2 ** 20;

export const positionOf = ({ block, place }: { readonly block: number; readonly place: number }): number =>
  block * PLACES + place;
export const blockOf = (position: number): number => Math.floor(position / PLACES);
export const placeOf = (position: number): number => position % PLACES;

/** A key's bytes, as the ledger orders them. */
export const keyBytes = (key: string): Buffer => Buffer.from(key, 'utf8');
/** Text in UTF-8, read where it is. */
export const keyText = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('utf8');

/** The key of a row of the chaincode, as contracts make it of a kind and parts. */
export const compositeKey = (kind: string, parts: readonly string[]): string =>
  `\u0000${[kind, ...parts].map((part) => `${part}\u0000`).join('')}`;

/** The kind and the parts; undefined where it is no such key. */
export function splitKey(key: string): { readonly kind: RowKind; readonly parts: string[] } | undefined {
  if (!key.startsWith('\u0000') || !key.endsWith('\u0000')) return undefined;
  const [kind, ...parts] = key.slice(1, -1).split('\u0000');
  return { kind: kind as RowKind, parts };
}

/** No text in UTF-8 has this byte: what begins with a key's bytes is before those bytes with it. */
export const endOfPrefix = (prefix: Uint8Array): Buffer => Buffer.concat([prefix, Buffer.of(0xff)]);
