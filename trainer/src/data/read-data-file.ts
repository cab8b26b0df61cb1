// Reads a data file whole, if it is of a size that its rows can be held in memory, and tells its format.
import { readFile, stat } from 'node:fs/promises';
import { DataError, problem } from './data-problem.ts';
import { isParquet } from './parse-parquet.ts';

/** Texts, rows and encoded values of a CSV file take some ten times its size. */
export const MAXIMUM_FILE_BYTES = 2 ** 28;

/**
 * A file's bytes; Parquet is told by the first of them, whatever the file's name.
 *
 * @throws DataError FILE_UNREADABLE, FILE_TOO_LARGE, or FILE_NOT_PARQUET where the name alone says so
 */
export async function readDataFile(
  path: string,
): Promise<{ readonly bytes: Uint8Array; readonly format: 'csv' | 'parquet' }> {
  const unreadable = (cause: unknown) => {
    throw new DataError([problem('FILE_UNREADABLE')], { cause });
  };
  const { size } = await stat(path).catch(unreadable);
  if (size > MAXIMUM_FILE_BYTES) throw new DataError([problem('FILE_TOO_LARGE')]);
  const bytes = await readFile(path).catch(unreadable);
  return { bytes, format: formatOf(bytes, path) };
}

/** @throws DataError FILE_NOT_PARQUET where the name alone says so */
export function formatOf(bytes: Uint8Array, name: string): 'csv' | 'parquet' {
  if (isParquet(bytes)) return 'parquet';
  if (/[.](parquet|pq)$/i.test(name)) throw new DataError([problem('FILE_NOT_PARQUET')]);
  return 'csv';
}
