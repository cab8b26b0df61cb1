// Rows of another file, for a model that is trained already: encoded by the dictionary, with what else a file says of
// them.
import { type Dictionary, encodingOf, inputNames } from '@consilium/domain';
import { problem } from '../../data/data-problem.ts';
import {
  DataError,
  type DataProblem,
  datasetOf,
  encodeFeatures,
  readTable,
  readValue,
  splitPatients,
  type Table,
} from '../../data/index.ts';
import { readLabel } from '../../data/read-label.ts';

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
}

export interface RowsWish {
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

/** The dictionary with no more columns than are wanted, for the reader of tables, which looks at columns alone. */
function columnsWanted(wish: RowsWish): Dictionary {
  const { dictionary, labelled, siteColumn } = wish;
  const [first] = dictionary.features;
  const anyColumn = first!.column ?? first!.name;
  return {
    ...dictionary,
    ...(labelled ? {} : { label: { ...dictionary.label, column: anyColumn } }),
    features: [
      ...dictionary.features,
      ...(siteColumn === undefined ? [] : [{ name: 'site', column: siteColumn, kind: 'binary' as const }]),
    ],
  };
}

const misses = (error: DataError, column: string | null | undefined): boolean =>
  error.problems.some((own) => own.code === 'COLUMN_UNKNOWN' && own.column === column);

/** The file's cells; the column of patients' ids may be absent where nothing hangs on it. */
async function tableOf(wish: RowsWish): Promise<Table> {
  const wanted = columnsWanted(wish);
  try {
    return await readTable(wish.path, wanted);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    const own = wish.dictionary.features.map(({ column, name }) => column ?? name);
    if (wish.siteColumn !== undefined && !own.includes(wish.siteColumn) && misses(error, wish.siteColumn)) {
      throw new SiteColumnError(wish.siteColumn, { cause: error });
    }
    if (wish.heldOutBy !== undefined || !misses(error, wish.dictionary.patientId)) throw error;
    return readTable(wish.path, { ...wanted, patientId: null });
  }
}

/** Which rows are of held-out patients. @throws DataError as a dataset's */
function heldOutRows(table: Table, { dictionary, heldOutBy }: RowsWish): ReadonlySet<number> | undefined {
  if (heldOutBy === undefined) return undefined;
  const { heldOut } = splitPatients(heldOutBy, datasetOf(table, dictionary).units);
  return new Set(heldOut.flatMap(({ rowNumbers }) => rowNumbers.map((number) => number - 1)));
}

/**
 * Every row of a file, or every row of its held-out patients: none is left out.
 *
 * @throws DataError with every problem of the file, by the dictionary's own rules: a missing column, a value of another
 * kind, an unknown category
 * @throws SiteColumnError
 */
export async function readRows(wish: RowsWish): Promise<FileRows> {
  const { dictionary, labelled, siteColumn } = wish;
  const table = await tableOf(wish);
  const place = new Map(table.columns.map((column, index) => [column, index]));
  const problems: DataProblem[] = [];
  const read = table.rows.map(({ line, cells }) => {
    const values = dictionary.features.map((feature) => {
      const column = feature.column ?? feature.name;
      const value = readValue(cells[place.get(column)!] ?? '', feature, dictionary);
      if ('value' in value) return value.value;
      problems.push(problem(value.code, { line, column }));
      return null;
    });
    if (!labelled) return { values, y: 0 };
    const { column } = dictionary.label;
    const label = readLabel(cells[place.get(column)!] ?? '', dictionary);
    if ('y' in label) return { values, y: label.y };
    problems.push(problem(label.code, { line, column }));
    return { values, y: 0 };
  });
  if (problems.length > 0) throw new DataError(problems);
  const heldOut = heldOutRows(table, wish);
  const rows = [...read.keys()].filter((row) => heldOut?.has(row) ?? true);
  const width = inputNames(encodingOf(dictionary).features).length;
  const features = new Float32Array(rows.length * width);
  for (const [to, row] of rows.entries()) {
    features.set(encodeFeatures(read[row]!.values, dictionary), to * width);
  }
  const texts = (column: string | null | undefined): string[] | undefined => {
    const at = typeof column === 'string' ? place.get(column) : undefined;
    return at === undefined ? undefined : rows.map((row) => table.rows[row]!.cells[at] ?? '');
  };
  return {
    count: rows.length,
    features,
    labels: labelled ? rows.map((row) => read[row]!.y) : undefined,
    patients: texts(dictionary.patientId),
    sites: texts(siteColumn),
  };
}
