// What every reader of files hands on: rows of texts under column names.
import type { Dictionary } from '@consilium/domain';
import { DataError, problem } from './data-problem.ts';

export interface Table {
  readonly columns: readonly string[];
  /** `line` is 1-based: of the file, or of its rows where a file has no lines. */
  readonly rows: readonly { readonly line: number; readonly cells: readonly string[] }[];
}

/** The columns that a dictionary uses, each once. */
export function wantedColumns(dictionary: Dictionary): string[] {
  const wanted = dictionary.features.map((feature) => feature.column ?? feature.name);
  if (dictionary.patientId !== null) wanted.push(dictionary.patientId);
  return [...new Set([...wanted, dictionary.label.column])];
}

/** @throws DataError COLUMN_UNKNOWN or COLUMN_TWICE where a wanted column is not there exactly once. */
export function requireColumns(wanted: readonly string[], columns: readonly string[]): void {
  const problems = wanted.flatMap((column) => {
    const times = columns.filter((name) => name === column).length;
    if (times === 1) return [];
    return [problem(times === 0 ? 'COLUMN_UNKNOWN' : 'COLUMN_TWICE', { column })];
  });
  if (problems.length > 0) throw new DataError(problems);
}
