// The files that a path means: one, or all of a folder's in the order of their names, as warehouses export large tables.
import { readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type OpenSource, openSource } from './byte-source.ts';
import { DataError, problem } from './data-problem.ts';

export interface Part {
  /** The file's name, in its folder where it is one of several; its ending can say its format. */
  readonly name: string;
  readonly path: string;
}

const PARQUET = /[.](parquet|pq)$/i;
const CSV = /[.](csv|tsv)$/i;
/** A folder of more is none that a dataset was meant to have. */
const FILES_MAX = 100_000;

/** Files below a folder, without hidden ones and what Spark leaves beside them (`_SUCCESS`). */
function filesBelow(folder: string): string[] {
  const found: string[] = [];
  const look = (at: string): void => {
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      if (/^[._]/.test(entry.name)) continue;
      const path = join(at, entry.name);
      if (entry.isDirectory()) look(path);
      else if (entry.isFile()) found.push(path);
      if (found.length > FILES_MAX) throw new DataError([problem('FILE_TOO_LARGE')]);
    }
  };
  look(folder);
  return found.sort();
}

/**
 * The files of a path: itself, or all Parquet files below a folder, or all CSV files where it has no Parquet.
 *
 * @throws DataError FILE_UNREADABLE, FOLDER_EMPTY
 */
export function partsOf(path: string): Part[] {
  try {
    if (!statSync(path).isDirectory()) return [{ name: path, path }];
    const files = filesBelow(path);
    const parquet = files.filter((file) => PARQUET.test(file));
    const parts = parquet.length > 0 ? parquet : files.filter((file) => CSV.test(file));
    if (parts.length === 0) throw new DataError([problem('FOLDER_EMPTY')]);
    return parts.map((part) => ({ name: relative(path, part), path: part }));
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    throw new DataError([problem('FILE_UNREADABLE')], { cause });
  }
}

export const openPart = ({ path }: Part): OpenSource => openSource(path);
