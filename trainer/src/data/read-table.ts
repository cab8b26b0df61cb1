// Reads a file (CSV, or Parquet) into rows of texts by the dictionary's columns, keeping line numbers for error
// messages.
import type { Dictionary } from '@consilium/domain';
import { type Info, parse } from 'csv-parse/sync';
import { DataError, problem } from './data-problem.ts';
import { parseParquet } from './parse-parquet.ts';
import { formatOf, readDataFile } from './read-data-file.ts';
import { requireColumns, type Table, wantedColumns } from './table.ts';

/**
 * A file's rows.
 *
 * @throws DataError where the file is unreadable, too large, empty, damaged, or has other columns than the dictionary.
 */
export async function readTable(path: string, dictionary: Dictionary): Promise<Table> {
  const { bytes } = await readDataFile(path);
  return tableOf({ bytes, name: path }, dictionary);
}

/** The same of a file's bytes. */
export async function tableOf(
  { bytes, name }: { readonly bytes: Uint8Array; readonly name: string },
  dictionary: Dictionary,
): Promise<Table> {
  return formatOf(bytes, name) === 'parquet'
    ? parseParquet(bytes, wantedColumns(dictionary))
    : parseTable(bytes, dictionary);
}

/**
 * The lines of a CSV file, at least one.
 *
 * @throws DataError FILE_NOT_CSV or FILE_EMPTY
 */
export function parseCells(bytes: Uint8Array): { line: number; cells: string[] }[] {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // The decoder's own error may quote bytes of the file, so it is not passed on.
    throw new DataError([problem('FILE_NOT_CSV')]);
  }
  if (text.includes('\0')) throw new DataError([problem('FILE_NOT_CSV')]);
  if (text.trim() === '') throw new DataError([problem('FILE_EMPTY')]);
  return parseLines(text);
}

export function parseTable(bytes: Uint8Array, dictionary: Dictionary): Table {
  const lines = parseCells(bytes);
  const header = dictionary.header ? lines.shift()?.cells : dictionary.columns;
  if (header === undefined || lines.length === 0) throw new DataError([problem('FILE_EMPTY')]);
  if (lines.every(({ cells }) => cells.length === 1) && wantedColumns(dictionary).length > 1) {
    throw new DataError([problem('FILE_NOT_CSV')]);
  }
  const columns = header.map((name) => name.trim());
  requireColumns(wantedColumns(dictionary), columns);
  const ragged = lines.filter(({ cells }) => cells.length !== columns.length);
  if (ragged.length > 0) throw new DataError(ragged.map(({ line }) => problem('ROW_LENGTH', { line })));
  return { columns, rows: lines };
}

function parseLines(text: string): { line: number; cells: string[] }[] {
  try {
    const records = parse(text, {
      relaxColumnCount: true,
      skipEmptyLines: true,
      trim: true,
      bom: true,
      info: true,
    }) as unknown as { record: string[]; info: Info }[];
    return records.map(({ record, info }) => ({ line: info.lines, cells: record }));
  } catch (cause) {
    // A parser's message can quote cells; only the line is taken from it.
    const line = (cause as { lines?: unknown }).lines;
    throw new DataError([problem('FILE_NOT_CSV', typeof line === 'number' ? { line } : {})]);
  }
}
