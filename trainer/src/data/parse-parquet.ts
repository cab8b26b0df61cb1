// Reads a Parquet file into rows of texts by the dictionary's columns: the same texts a CSV file would hold, so that
// checks, encoding and commitments do not depend on the file's format.
import { type FileMetaData, parquetMetadata, parquetReadObjects, type SchemaElement } from 'hyparquet';
import { DataError, problem } from './data-problem.ts';
import { requireColumns, type Table } from './table.ts';
import { unpackersOf } from './unpack-pages.ts';

const MAGIC = 'PAR1';

/** Whether the bytes begin as Parquet files do. */
export const isParquet = (bytes: Uint8Array): boolean =>
  bytes.length >= 8 && String.fromCharCode(...bytes.subarray(0, 4)) === MAGIC;

/**
 * The wanted columns, by default all; a row's `line` is its number from 1.
 *
 * Null and NaN become the empty text, true and false 1 and 0, dates ISO 8601.
 *
 * @throws DataError FILE_NOT_PARQUET, FILE_TOO_LARGE for pages that unpack to too much, FILE_EMPTY, COLUMN_UNKNOWN,
 * COLUMN_TWICE, or COLUMN_NESTED for a wanted column
 */
export async function parseParquet(bytes: Uint8Array, wanted?: readonly string[]): Promise<Table> {
  const { metadata, columns: elements } = readColumns(bytes);
  const known = new Map(elements.map((element) => [element.name, element]));
  const columns = [...(wanted ?? known.keys())];
  requireColumns(
    columns,
    elements.map(({ name }) => name),
  );
  const nested = columns.filter((column) => (known.get(column)?.num_children ?? 0) > 0);
  if (wanted && nested.length > 0)
    throw new DataError(nested.map((column) => problem('COLUMN_NESTED', { column })));
  const records = await parquetReadObjects({
    file: bufferOf(bytes),
    metadata,
    columns,
    compressors: unpackersOf(bytes.length),
  }).catch((error: unknown) => {
    if (error instanceof DataError) throw error;
    // The reader's own error may quote the file, so it is not passed on.
    throw new DataError([problem('FILE_NOT_PARQUET')]);
  });
  if (records.length === 0) throw new DataError([problem('FILE_EMPTY')]);
  const rows = records.map((record, index) => ({
    line: index + 1,
    cells: columns.map((column) => textOf(record[column], known.get(column)!)),
  }));
  return { columns, rows };
}

function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
}

/** The file's own columns, in its order. */
function readColumns(bytes: Uint8Array): { metadata: FileMetaData; columns: SchemaElement[] } {
  try {
    const metadata = parquetMetadata(bufferOf(bytes));
    const columns: SchemaElement[] = [];
    // The schema is a tree in depth-first order below its root; only the root's children are columns.
    for (let at = 1; at < metadata.schema.length; at += sizeOf(metadata.schema, at)) {
      columns.push(metadata.schema[at]!);
    }
    return { metadata, columns };
  } catch {
    throw new DataError([problem('FILE_NOT_PARQUET')]);
  }
}

function sizeOf(schema: readonly SchemaElement[], at: number): number {
  let size = 1;
  for (let child = 0; child < (schema[at]?.num_children ?? 0); child++) size += sizeOf(schema, at + size);
  return size;
}

function textOf(value: unknown, element: SchemaElement): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '';
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'number') {
    if (element.converted_type === 'DECIMAL') return String(Number(value.toFixed(element.scale ?? 0)));
    return element.type === 'FLOAT' ? shortestFloat(value) : String(value);
  }
  if (value instanceof Date) return value.toISOString();
  return String(value).trim();
}

/** The shortest decimal that is this float32: 0.1, where as a double it would be 0.10000000149011612. */
function shortestFloat(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}
