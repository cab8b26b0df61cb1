// Rows of another file, for a model that is trained already: encoded by the dictionary, with what else a file says of
// them.
import type { Dictionary } from '@consilium/domain';
import { type CellReader, type DecimalMark, featureReaders, labelReader } from '../../data/cell-reader.ts';
import { ProblemList, problem } from '../../data/data-problem.ts';
import { BatchEncoder } from '../../data/encode-batch.ts';
import {
  type CsvFormat,
  DataError,
  type Dataset,
  type DatasetWish,
  heldOutFlags,
  readDataset,
} from '../../data/index.ts';
import type { TextRows } from '../../data/read-csv.ts';
import { readTexts } from '../../data/read-texts.ts';
import { BATCH_ROWS } from '../../data/row-batch.ts';
import { requireColumns } from '../../data/table.ts';

/** Rows in the file's order. */
export interface FileRows {
  readonly count: number;
  /** [rows · inputs], encoded. */
  readonly features: Float32Array;
  /** [rows], as a model learns them; undefined where they were not asked for. */
  readonly labels: readonly number[] | undefined;
  /** Ids of patients; undefined where the dictionary, or the file, has none. */
  readonly patients: readonly string[] | undefined;
  /** What the site column says; undefined where none was named. */
  readonly sites: readonly string[] | undefined;
  /** How the text was written; undefined for Parquet. */
  readonly format: CsvFormat | undefined;
}

export interface RowsWish extends Pick<DatasetWish, 'format' | 'onRows'> {
  readonly path: string;
  readonly dictionary: Dictionary;
  /** Whether the label's column must be there. */
  readonly labelled: boolean;
  /** A column that says which site a row is of. */
  readonly siteColumn?: string | undefined;
  /** The salt of a split, of whose patients only the held-out ones are wanted. */
  readonly heldOutBy?: Uint8Array | undefined;
}

/** The site column is no column of the file; its name comes from the command line and not from the dictionary. */
export class SiteColumnError extends Error {
  override readonly name = 'SiteColumnError';
}

const columnsOf = ({ features }: Dictionary): string[] => features.map(({ column, name }) => column ?? name);

/** Columns that must be there; patients' ids may be absent where nothing hangs on them. */
function wantedColumns({ dictionary, labelled, siteColumn, heldOutBy }: RowsWish): string[] {
  const wanted = new Set(columnsOf(dictionary));
  if (labelled) wanted.add(dictionary.label.column);
  if (siteColumn !== undefined) wanted.add(siteColumn);
  if (heldOutBy !== undefined && dictionary.patientId !== null) wanted.add(dictionary.patientId);
  return [...wanted];
}

/** Whether each row is of a held-out patient. */
type RowFilter = (row: number) => boolean;

/** @throws DataError as a dataset's */
async function heldOutRows(wish: RowsWish): Promise<RowFilter> {
  const { path, dictionary, heldOutBy, format, onRows } = wish;
  if (heldOutBy === undefined) return () => true;
  const { patients, patientOfRow }: Dataset = await readDataset({ path, dictionary, format, onRows });
  const flags = heldOutFlags(heldOutBy, patients);
  return (row) => flags[patientOfRow[row]!] === 1;
}

/** Gathers rows of all files as arrays of numbers, a batch at a time. */
class Gathering {
  readonly problems = new ProblemList();
  readonly #wish: RowsWish;
  readonly #wanted: readonly string[];
  readonly #isWanted: RowFilter;
  readonly #encoder: BatchEncoder;
  /** [features][rows of the batch] */
  readonly #values: readonly Float64Array[];
  #inBatch = 0;
  #encoded = 0;
  #features = new Float32Array(0);
  /** Rows of all files, wanted or not. */
  #rows = 0;
  readonly #labels: number[] = [];
  readonly #patients: string[] = [];
  readonly #sites: string[] = [];
  #haveIds: boolean;

  constructor(wish: RowsWish, wanted: readonly string[], isWanted: RowFilter) {
    this.#wish = wish;
    this.#wanted = wanted;
    this.#isWanted = isWanted;
    this.#encoder = new BatchEncoder(wish.dictionary);
    this.#values = wish.dictionary.features.map(() => new Float64Array(BATCH_ROWS));
    this.#haveIds = wish.dictionary.patientId !== null;
  }

  /** Takes the rows of one file. */
  rowsOf(file: string | undefined): TextRows {
    let take: TextRows['row'] = () => undefined;
    return {
      begin: (first, mark) => {
        take = this.#rowTaker(first, { mark, file });
      },
      row: (cells, line) => take(cells, line),
    };
  }

  finish(format: CsvFormat | undefined): FileRows {
    this.problems.refuse();
    this.#flush();
    const { labelled, siteColumn } = this.#wish;
    return {
      count: this.#encoded,
      features: this.#features.subarray(0, this.#encoded * this.#encoder.featureCount),
      labels: labelled ? this.#labels : undefined,
      patients: this.#haveIds ? this.#patients : undefined,
      sites: siteColumn === undefined ? undefined : this.#sites,
      format,
    };
  }

  #rowTaker(
    first: readonly string[],
    { mark, file }: { readonly mark: DecimalMark; readonly file: string | undefined },
  ): TextRows['row'] {
    const { dictionary, labelled, siteColumn } = this.#wish;
    const place = this.#placesIn(first);
    const readers = featureReaders(dictionary, mark).map((reader) => ({ reader, at: place(reader.column) }));
    const label = labelled ? labelReader(dictionary, mark) : undefined;
    const labelAt = place(dictionary.label.column);
    const idAt = place(dictionary.patientId ?? undefined);
    const siteAt = place(siteColumn);
    if (idAt < 0) this.#haveIds = false;
    const read = (reader: CellReader, text: string, line: number): number => {
      const value = reader.ofText(text);
      if (reader.wrong !== undefined) {
        const where = { line, column: reader.column, ...(file !== undefined && { file }) };
        this.problems.add(problem(reader.wrong, where));
        reader.wrong = undefined;
      }
      return value;
    };
    return (cells, line) => {
      readers.forEach(({ reader, at }, feature) => {
        this.#values[feature]![this.#inBatch] = read(reader, cells[at] ?? '', line);
      });
      const y = label === undefined ? 0 : read(label, cells[labelAt] ?? '', line);
      // Rows of a file with problems are only looked through for more of them.
      if (!this.#isWanted(this.#rows++) || this.problems.total > 0) return;
      if (labelled) this.#labels.push(y);
      if (this.#haveIds) this.#patients.push(cells[idAt] ?? '');
      if (siteColumn !== undefined) this.#sites.push(cells[siteAt] ?? '');
      this.#inBatch += 1;
      if (this.#inBatch === BATCH_ROWS) this.#flush();
    };
  }

  /** Where a file has a column: -1 for nowhere. @throws DataError, SiteColumnError */
  #placesIn(first: readonly string[]): (column: string | undefined) => number {
    const { dictionary, siteColumn } = this.#wish;
    const columns = dictionary.header ? first : (dictionary.columns ?? []);
    const wanted = this.#wanted;
    if (first.length === 1 && wanted.length > 1) throw new DataError([problem('FILE_NOT_TABLE')]);
    if (siteColumn !== undefined && !columns.includes(siteColumn)) {
      if (!columnsOf(dictionary).includes(siteColumn)) throw new SiteColumnError(siteColumn);
    }
    requireColumns(wanted, columns);
    if (first.length !== columns.length) throw new DataError([problem('ROW_LENGTH', { line: 1 })]);
    return (column) => (column === undefined ? -1 : columns.indexOf(column));
  }

  #flush(): void {
    const { featureCount } = this.#encoder;
    const needed = (this.#encoded + this.#inBatch) * featureCount;
    if (needed > this.#features.length) {
      const larger = floatsOf(this.#inBatch < BATCH_ROWS ? needed : needed * 2);
      larger.set(this.#features);
      this.#features = larger;
    }
    const batch = { from: 0, to: this.#inBatch, into: this.#features, row: this.#encoded };
    this.#encoder.encode({ values: this.#values }, batch);
    this.#encoded += this.#inBatch;
    this.#inBatch = 0;
    this.#wish.onRows?.(this.#rows);
  }
}

/** @throws DataError FILE_TOO_LARGE */
function floatsOf(length: number): Float32Array<ArrayBuffer> {
  try {
    return new Float32Array(length);
  } catch (cause) {
    throw new DataError([problem('FILE_TOO_LARGE')], { cause });
  }
}

/**
 * Every row of a file, or every row of its held-out patients: none is left out.
 *
 * @throws DataError with every problem of the file, by the dictionary's own rules: a missing column, a value of another
 * kind, an unknown category
 * @throws SiteColumnError
 */
export async function readRows(wish: RowsWish): Promise<FileRows> {
  const { path, dictionary, format: options } = wish;
  const wanted = wantedColumns(wish);
  const optional = dictionary.patientId === null ? [] : [dictionary.patientId];
  const gathering = new Gathering(wish, wanted, await heldOutRows(wish));
  const { problems } = gathering;
  let format: CsvFormat | undefined;
  try {
    const about = { header: dictionary.header, wanted, optional, options };
    format = readTexts(path, about, (file) => gathering.rowsOf(file));
  } catch (error) {
    if (!(error instanceof DataError) || problems.total === 0) throw error;
    const total = problems.total + error.total;
    throw new DataError([...problems.kinds(), ...error.problems], { total, cause: error });
  }
  return gathering.finish(format);
}
