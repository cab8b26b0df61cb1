// The package's public surface.
export { DamagedDatabaseError } from './damaged-database-error.ts';
export { problemWithRemedy } from './problem-with-remedy.ts';
export { type GuardedDatabase, type GuardedTable, RowGuard } from './row-guard.ts';
