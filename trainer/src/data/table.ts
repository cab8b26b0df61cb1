// Which columns a dictionary uses, and whether a file has them.
import type { Dictionary } from '@consilium/domain';
import { DataError, problem } from './data-problem.ts';

/** The columns that a dictionary uses, each once. */
export function wantedColumns(dictionary: Dictionary): string[] {
  const wanted = dictionary.features.map((feature) => feature.column ?? feature.name);
  if (dictionary.patientId !== null) wanted.push(dictionary.patientId);
  return [...new Set([...wanted, dictionary.label.column])];
}

const folded = (name: string): string => name.trim().replaceAll(/\s+/g, ' ').toLowerCase();

/** @throws DataError COLUMN_UNKNOWN, COLUMN_CASE or COLUMN_TWICE where a wanted column is not there exactly once. */
export function requireColumns(wanted: readonly string[], columns: readonly string[]): void {
  const times = new Map<string, number>();
  for (const name of columns) times.set(name, (times.get(name) ?? 0) + 1);
  const alike = new Set(columns.map(folded));
  const problems = wanted.flatMap((column) => {
    const count = times.get(column) ?? 0;
    if (count === 1) return [];
    if (count > 1) return [problem('COLUMN_TWICE', { column })];
    return [problem(alike.has(folded(column)) ? 'COLUMN_CASE' : 'COLUMN_UNKNOWN', { column })];
  });
  if (problems.length > 0) throw new DataError(problems);
}
