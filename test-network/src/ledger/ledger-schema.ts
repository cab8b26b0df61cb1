/**
 * The tables of a channel's ledger. Keys are blobs because Fabric orders them by their bytes and composite
 * keys contain NUL. Everything a block changes is written in the one transaction that stores the block.
 */
export const LEDGER_SCHEMA = `
CREATE TABLE IF NOT EXISTS blocks (number INTEGER PRIMARY KEY, hash BLOB NOT NULL, bytes BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS blocks_by_hash ON blocks (hash);
CREATE TABLE IF NOT EXISTS transactions (
  tx_id TEXT NOT NULL, block INTEGER NOT NULL, tx INTEGER NOT NULL, code INTEGER NOT NULL,
  PRIMARY KEY (tx_id, block, tx)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS state (
  ns TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, metadata BLOB,
  block INTEGER NOT NULL, tx INTEGER NOT NULL, PRIMARY KEY (ns, key)
);
CREATE TABLE IF NOT EXISTS hashed_state (
  ns TEXT NOT NULL, coll TEXT NOT NULL, key_hash BLOB NOT NULL, value_hash BLOB NOT NULL, metadata BLOB,
  block INTEGER NOT NULL, tx INTEGER NOT NULL, PRIMARY KEY (ns, coll, key_hash)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS private_state (
  ns TEXT NOT NULL, coll TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,
  block INTEGER NOT NULL, tx INTEGER NOT NULL, PRIMARY KEY (ns, coll, key)
);
CREATE TABLE IF NOT EXISTS private_writes (
  block INTEGER NOT NULL, tx INTEGER NOT NULL, ns TEXT NOT NULL, coll TEXT NOT NULL, rwset BLOB NOT NULL,
  PRIMARY KEY (block, tx, ns, coll)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS private_writes_by_collection ON private_writes (ns, coll);
CREATE TABLE IF NOT EXISTS transient_writes (
  tx_id TEXT NOT NULL, ns TEXT NOT NULL, coll TEXT NOT NULL, hash BLOB NOT NULL, rwset BLOB NOT NULL,
  height INTEGER NOT NULL, PRIMARY KEY (tx_id, ns, coll, hash)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS history (
  ns TEXT NOT NULL, key BLOB NOT NULL, block INTEGER NOT NULL, tx INTEGER NOT NULL,
  PRIMARY KEY (ns, key, block, tx)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS installed (
  name TEXT NOT NULL, msp_id TEXT NOT NULL, address TEXT NOT NULL, tls_root TEXT, package_id TEXT,
  PRIMARY KEY (name, msp_id)
) WITHOUT ROWID;
`;

/** What a file of an earlier version lacks: table, column, and its type. */
export const ADDED_COLUMNS = [{ table: 'installed', column: 'package_id', type: 'TEXT' }] as const;

/** The tables' primary keys. Blocks are most of the file, and are checked again when they are read. */
export const LEDGER_TABLES = [
  { name: 'blocks', key: ['number'], newestFirst: 'number' },
  { name: 'transactions', key: ['tx_id', 'block', 'tx'] },
  { name: 'state', key: ['ns', 'key'] },
  { name: 'hashed_state', key: ['ns', 'coll', 'key_hash'] },
  { name: 'private_state', key: ['ns', 'coll', 'key'] },
  { name: 'private_writes', key: ['block', 'tx', 'ns', 'coll'] },
  { name: 'transient_writes', key: ['tx_id', 'ns', 'coll', 'hash'] },
  { name: 'history', key: ['ns', 'key', 'block', 'tx'] },
  { name: 'installed', key: ['name', 'msp_id'] },
] as const;
