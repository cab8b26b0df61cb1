// The package's public surface.
export { DamagedDatabaseError } from './damaged-database-error.ts';
export { type GuardedDatabase, type GuardedTable, RowGuard } from './row-guard.ts';
