// The rows of a file, or of all files of a folder, as texts: for those who look at other columns than a dataset has.
import type { CsvFormat, FormatOptions } from './csv-format.ts';
import { DataError, problem } from './data-problem.ts';
import { openPart, partsOf } from './file-parts.ts';
import { readTextRows, type TextRows } from './read-csv.ts';
import { isParquet, readParquetTexts } from './read-parquet.ts';

export interface TextsWish {
  /** Whether the first line of CSV names the columns. */
  readonly header: boolean;
  /** Columns that must be there; the code that takes the rows refuses the file where one is missing. */
  readonly wanted: readonly string[];
  /** Columns that may be there; of all others Parquet's cells are empty. */
  readonly optional: readonly string[];
  readonly options?: FormatOptions | undefined;
}

/**
 * Hands on every row, file by file.
 *
 * @param rowsOf takes the rows of one file, whose name is given where it is one of several
 * @returns how the text was written; undefined for Parquet
 * @throws DataError for what is no table, and ROW_LENGTH for rows of other lengths than the first line
 */
export function readTexts(
  path: string,
  { header, wanted, optional, options }: TextsWish,
  rowsOf: (file: string | undefined) => TextRows,
): CsvFormat | undefined {
  const parts = partsOf(path);
  let format: CsvFormat | undefined;
  for (const part of parts) {
    const file = parts.length > 1 ? part.name : undefined;
    using source = openPart(part);
    try {
      if (isParquet(source)) readParquetTexts(source, rowsOf(file), [...wanted, ...optional]);
      else if (/[.](parquet|pq)$/i.test(part.name)) throw new DataError([problem('FILE_NOT_PARQUET')]);
      else format = readTextRows(source, { header, wanted, options }, rowsOf(file));
    } catch (error) {
      if (!(error instanceof DataError) || file === undefined) throw error;
      throw new DataError(
        error.problems.map((one) => ({ ...one, file })),
        { cause: error },
      );
    }
  }
  return format;
}
