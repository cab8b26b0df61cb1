// Reads a Parquet file in batches of checked rows: as the texts that a CSV file would hold, so that checks, encoding
// and commitments do not depend on the file's format. Pages are read one at a time, whatever the size of the file.
import type { FileMetaData, RowGroup, SchemaElement } from 'hyparquet';
// Its parts: all of it reads whole files too, and has more to load.
import { parquetMetadata, parquetSchema } from 'hyparquet/src/metadata.js';
import { getTreePath } from 'hyparquet/src/schema.js';
import type { ByteSource } from './byte-source.ts';
import { type CellTarget, targetOfIds, targetOfReader, textOfCell } from './cell-target.ts';
import { DataError, type DataProblemCode, problem } from './data-problem.ts';
import { ParquetColumn } from './parquet-column.ts';
import { RunError } from './parquet-runs.ts';
import type { BatchOptions, TextRows } from './read-csv.ts';
import { BATCH_ROWS, BatchUnderWay } from './row-batch.ts';
import { requireColumns, wantedColumns } from './table.ts';
import { unpackersOf } from './unpack-pages.ts';

/** Of the table of contents: some thousand columns in some thousand groups. */
const FOOTER_BYTES_MAX = 2 ** 26;
/** A file may have so many rows for each of its bytes, and the least in any case. */
const ROWS_PER_BYTE = 64;
const LEAST_ROWS = 2 ** 20;

const textAt = (source: ByteSource, at: number, length: number): string =>
  String.fromCharCode(...source.read(at, length));

/** Whether a file begins as Parquet files do. */
export const isParquet = (source: ByteSource): boolean =>
  source.sizeBytes >= 8 && ['PAR1', 'PARE'].includes(textAt(source, 0, 4));

interface Contents {
  readonly metadata: FileMetaData;
  /** The file's own columns, in its order. */
  readonly columns: readonly SchemaElement[];
}

function readContents(source: ByteSource): Contents {
  const end = textAt(source, source.sizeBytes - 4, 4);
  if (end === 'PARE') throw new DataError([problem('PARQUET_ENCRYPTED')]);
  const tail = source.read(source.sizeBytes - 8, 8);
  if (end !== 'PAR1' || tail.length < 8) throw new DataError([problem('PARQUET_CUT_SHORT')]);
  const length = new DataView(tail.buffer, tail.byteOffset, 8).getUint32(0, true);
  if (length > source.sizeBytes - 8) throw new DataError([problem('PARQUET_CUT_SHORT')]);
  if (length > FOOTER_BYTES_MAX) throw new DataError([problem('FILE_TOO_LARGE')]);
  return guarded('PARQUET_CUT_SHORT', () => {
    const footer = source.read(source.sizeBytes - 8 - length, length + 8);
    const metadata = parquetMetadata(Uint8Array.from(footer) as never, { geoparquet: false });
    const columns: SchemaElement[] = [];
    // The schema is a tree in depth-first order below its root; only the root's children are columns.
    for (let at = 1; at < metadata.schema.length; at += sizeOf(metadata.schema, at)) {
      columns.push(metadata.schema[at]!);
    }
    if (columns.some(({ name }) => typeof name !== 'string')) throw new TypeError('a column without a name');
    return { metadata, columns };
  });
}

function sizeOf(schema: readonly SchemaElement[], at: number): number {
  let size = 1;
  for (let child = 0; child < (schema[at]?.num_children ?? 0); child++) size += sizeOf(schema, at + size);
  return size;
}

/** The reader's own errors may quote the file, so they are not passed on. */
function guarded<T>(code: DataProblemCode, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof DataError) throw error;
    const message = error instanceof Error ? error.message : '';
    const isForm =
      !(error instanceof RunError) &&
      /unsupported encoding: [A-Z]|not supported|unhandled type: [A-Z]/.test(message);
    throw new DataError([problem(isForm ? 'PARQUET_FORM' : code)]);
  }
}

interface Use {
  readonly column: string;
  readonly target: (element: SchemaElement) => CellTarget;
}

interface Walk {
  /** What becomes of the columns, each once for every use. */
  readonly uses: readonly Use[];
  /** So many rows are in the targets, from row number `first` on. */
  readonly onRows: (first: number, count: number) => void;
  readonly onWrong: (wrong: { row: number; code: DataProblemCode; column: string }) => void;
  /** As `BatchOptions` has it. */
  readonly claim?: BatchOptions['claim'];
}

/** How many rows a file says to have. @throws DataError FILE_TOO_LARGE where they cannot be meant */
function rowsOf({ row_groups: groups }: FileMetaData, source: ByteSource): number {
  let rows = 0;
  for (const { num_rows: own } of groups) {
    const count = Number(own);
    if (!Number.isSafeInteger(count) || count < 0) throw new DataError([problem('PARQUET_DAMAGED')]);
    rows += count;
  }
  if (rows > Math.max(LEAST_ROWS, ROWS_PER_BYTE * source.sizeBytes)) {
    throw new DataError([problem('FILE_TOO_LARGE')]);
  }
  return rows;
}

function walkRows(source: ByteSource, { metadata }: Contents, walk: Walk): void {
  if (rowsOf(metadata, source) === 0) throw new DataError([problem('FILE_EMPTY')]);
  const compressors = unpackersOf(source.sizeBytes);
  const tree = guarded('PARQUET_DAMAGED', () => parquetSchema(metadata));
  let first = 0;
  const openColumn = (group: RowGroup, { column, target }: Use): ParquetColumn => {
    const found = group.columns.find(({ meta_data: about }) => about?.path_in_schema.join('.') === column);
    if (found?.crypto_metadata !== undefined) throw new DataError([problem('PARQUET_ENCRYPTED')]);
    if (found?.meta_data === undefined || found.file_path !== undefined) {
      throw new DataError([problem('PARQUET_DAMAGED')]);
    }
    const schemaPath = getTreePath(tree, [column]);
    const { element } = schemaPath[1]!;
    const { meta_data: chunk } = found;
    return new ParquetColumn({
      source,
      chunk,
      decoder: {
        pathInSchema: [column],
        type: chunk.type,
        element,
        schemaPath,
        codec: chunk.codec,
        compressors,
      },
      rows: Number(group.num_rows),
      target: target(element),
      onWrong: (row, code) => walk.onWrong({ row, code, column }),
      claim: walk.claim,
    });
  };
  guarded('PARQUET_DAMAGED', () => {
    for (const group of metadata.row_groups) {
      const columns = walk.uses.map((use) => openColumn(group, use));
      for (let left = Number(group.num_rows); left > 0; ) {
        const count = Math.min(left, BATCH_ROWS);
        for (const column of columns) column.read(count);
        walk.onRows(first, count);
        first += count;
        left -= count;
      }
      for (const column of columns) column.close();
    }
  });
}

/** @throws DataError COLUMN_UNKNOWN, COLUMN_CASE, COLUMN_TWICE, or COLUMN_NESTED for a wanted column */
function requireFlat(wanted: readonly string[], columns: readonly SchemaElement[]): void {
  requireColumns(
    wanted,
    columns.map(({ name }) => name),
  );
  const known = new Map(columns.map((element) => [element.name, element]));
  const nested = wanted.filter((column) => {
    const element = known.get(column)!;
    return (element.num_children ?? 0) > 0 || element.repetition_type === 'REPEATED';
  });
  if (nested.length > 0) throw new DataError(nested.map((column) => problem('COLUMN_NESTED', { column })));
}

/**
 * The rows of a Parquet file, checked by a dictionary; a row's `line` is its number from 1.
 *
 * Null and NaN are missing, true and false 1 and 0, dates ISO 8601 texts.
 *
 * @throws DataError PARQUET_…, FILE_TOO_LARGE for what unpacks to too much, FILE_EMPTY, COLUMN_…
 */
export function readParquetBatches(source: ByteSource, options: BatchOptions): void {
  const { dictionary, problems, onBatch, claim, takesValues = true } = options;
  const contents = readContents(source);
  requireFlat(wantedColumns(dictionary), contents.columns);
  const batch = new BatchUnderWay(dictionary, '.', onBatch);
  let before = 0;
  walkRows(source, contents, {
    uses: batch.slots.map(({ column, reader, into }) => ({
      column,
      target: (element) =>
        reader === undefined
          ? targetOfIds(batch.ids!, element)
          : targetOfReader(reader, { into, isOnlyChecked: !takesValues }, element),
    })),
    onRows(first, count) {
      const { lines } = batch;
      for (let row = 0; row < count; row++) lines[row] = first + row + 1;
      batch.count = count;
      batch.flush();
      before = first + count;
    },
    claim,
    onWrong: ({ row, code, column }) => problems.add(problem(code, { line: before + row + 1, column })),
  });
}

/**
 * All columns but nested ones as texts, row by row.
 *
 * @param only columns that are read, where not all are; cells of others are empty
 * @throws DataError as `readParquetBatches`
 */
export function readParquetTexts(source: ByteSource, rows: TextRows, only?: readonly string[]): void {
  const contents = readContents(source);
  if (only !== undefined) {
    const known = contents.columns.map(({ name }) => name);
    const there = only.filter((name) => known.filter((own) => own === name).length === 1);
    requireFlat(there, contents.columns);
  }
  const flat = contents.columns.filter(
    ({ num_children: children, repetition_type: repetition }) => !children && repetition !== 'REPEATED',
  );
  rows.begin(
    flat.map(({ name }) => name),
    '.',
  );
  const cells = flat.map(() => new Array<string>(BATCH_ROWS).fill(''));
  const uses = flat
    .map(({ name }, place) => ({ column: name, place }))
    .filter(({ column }) => only?.includes(column) ?? true);
  walkRows(source, contents, {
    uses: uses.map(({ column, place }) => ({
      column,
      target: (element) => ({
        read: (value) => textOfCell(value, element),
        set(row, value) {
          cells[place]![row] = value as string;
        },
        takeWrong: () => undefined,
      }),
    })),
    onRows(first, count) {
      for (let row = 0; row < count; row++)
        rows.row(
          cells.map((own) => own[row]!),
          first + row + 1,
        );
    },
    onWrong: () => undefined,
  });
}
