// What is wrong with a data file, said so that a person can correct it: where, how often, which rule, and the remedy. A
// problem never carries a value of the file, since values are patients'.
export const DATA_PROBLEMS = {
  FILE_UNREADABLE: 'The file cannot be read: check the path and its permissions.',
  FILE_TOO_LARGE:
    'The file holds more than this process may keep in memory or unpack: keep the columns that the dictionary names, ' +
    'or give the process more memory.',
  FILE_EMPTY: 'The file has no rows: give a file that has patients.',
  FILE_PACKED:
    'The file is packed, or a spreadsheet, which is packed too: unpack it, or export it as CSV or Parquet.',
  FILE_HAS_NUL: 'The file has zero bytes, so it is no text: export it as CSV in UTF-8, or as Parquet.',
  FILE_NOT_UTF8: 'The file is not UTF-8 as it says or begins: export it as UTF-8, or name its --encoding.',
  FILE_NOT_TABLE:
    'The lines have one field each, by comma, semicolon, tab and bar alike: export the file as CSV, or name its ' +
    '--delimiter.',
  LINE_TOO_LONG:
    'A line is longer than 16 MiB, or a quoted field never ends: close the quote, or end each patient with a new line.',
  TOO_MANY_COLUMNS: 'The file has more than 100,000 columns: keep those that the dictionary names.',
  QUOTE_MISPLACED:
    'A quote is inside of a field, or text follows a closing one: quote the whole field, and double the quotes in it.',
  QUOTE_OPEN: 'A quoted field that begins here never ends: close the quote.',
  FILE_NOT_PARQUET: 'The file has the name of a Parquet file but not its form: export it again, or as CSV.',
  PARQUET_CUT_SHORT: 'The Parquet file has no end, or no whole table of contents: copy or export it again.',
  PARQUET_DAMAGED: 'A part of the Parquet file is damaged: copy or export it again.',
  PARQUET_ENCRYPTED: 'The Parquet file is encrypted: export it without encryption.',
  PARQUET_FORM:
    'The column is written in a form of Parquet that this reader does not know: export it with Snappy or Zstandard and ' +
    'the default encodings, or as CSV.',
  NO_ROOM_TO_SORT:
    'Sorting the rows takes more than half of the free room of the folder for temporary files, or it cannot be ' +
    'written: free space there, or name another in TMPDIR.',
  FOLDER_EMPTY: 'The folder has no file whose name ends in .parquet or .csv: name another folder, or a file.',
  ROW_LENGTH:
    'The row has a different number of fields than there are columns: correct it, or quote its delimiters.',
  COLUMN_UNKNOWN:
    'The dictionary names a column that the file does not have: correct it there, or the first line of the file.',
  COLUMN_CASE:
    'The file has this column with other capital letters or spaces: write it in the dictionary as the file does.',
  COLUMN_TWICE:
    'The dictionary names a column that the file has more than once: rename or remove all but one.',
  COLUMN_NESTED: 'The column holds lists or records: write its values into columns of their own.',
  FEATURE_UNKNOWN: 'The dictionary has no feature of this name: check its spelling, or leave it out.',
  PATIENT_ID_MISSING: 'The row has no patient id: fill it in, or leave the row out.',
  VALUE_NOT_A_NUMBER:
    'A numeric feature has text, NaN or infinity: correct it, or add the text to the missing codes.',
  VALUE_DECIMAL_COMMA:
    'A number has a comma: where that is the decimal mark, name --decimal-mark comma; where it groups thousands, leave ' +
    'it out.',
  VALUE_OUT_OF_BOUNDS: "The value is outside the dictionary's bounds: correct the value or the bounds.",
  VALUE_NOT_A_CATEGORY:
    'The value is not one of the categories: correct it, or add the category or missing code.',
  VALUE_NOT_BINARY: 'A binary feature must be 0 or 1 (or a missing code).',
  VALUE_A_WORD:
    'A binary feature has words such as Yes and No or TRUE and FALSE: write 1 and 0, or make the feature categorical ' +
    'with these words, as the file writes them, for categories.',
  LABEL_MISSING: 'The row has no label: leave the row out, a model cannot learn from it.',
  LABEL_NOT_BINARY: 'The label must be 0 or 1 under this rule: correct it, or use the greater-than rule.',
  LABEL_A_WORD:
    'The label has words such as Yes and No or TRUE and FALSE: write 1 and 0, or use the categorical rule with these ' +
    'words, as the file writes them.',
  LABEL_NOT_A_NUMBER: 'The label must be a number under this rule: correct it, or leave the row out.',
  LABEL_NOT_A_CATEGORY:
    'The label is not one of the categories: correct it, or add the category to label.rule.',
  LABEL_NOT_A_COUNT: 'The label must be a whole number, 0 or more: correct it, or leave the row out.',
  LABEL_OUT_OF_BOUNDS: 'The label is outside the bounds of label.rule: correct the label or the bounds.',
  TOO_MANY_ROWS: 'A patient has more rows than maxRowsPerPatient: raise it, or keep fewer rows.',
  TOO_FEW_PATIENTS:
    'The dataset has fewer patients than the smallest public band (10): add patients, or leave it out.',
  TOO_MANY_PATIENTS:
    'The dataset has more patients than the largest public band ends with: split it into several datasets.',
} as const;
export type DataProblemCode = keyof typeof DATA_PROBLEMS;

export interface DataProblem {
  readonly code: DataProblemCode;
  /** 1-based line of the file, where the problem lies in one line: the first of them, where `count` says more. */
  readonly line?: number;
  readonly column?: string;
  /** How many times it was found, where more than once. */
  readonly count?: number;
  /** The file it lies in, where there are several. */
  readonly file?: string;
  readonly remedy: string;
}

/** How many kinds of problems are listed: a kind is a rule, a column and a file. */
const LISTED_MAX = 20;

/** Gathers problems: each kind once, with the first place and a count, however many there are. */
export class ProblemList {
  readonly #kinds = new Map<string, { -readonly [Key in keyof DataProblem]: DataProblem[Key] }>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(found: DataProblem): void {
    const { code, column = '', file = '', count = 1 } = found;
    this.#total += count;
    const key = `${code}\0${column}\0${file}`;
    const known = this.#kinds.get(key);
    if (known !== undefined) known.count = (known.count ?? 1) + count;
    else if (this.#kinds.size < 1000) this.#kinds.set(key, { ...found });
  }

  /** @throws DataError where there are any */
  refuse(): void {
    if (this.#total > 0) throw new DataError([...this.#kinds.values()], { total: this.#total });
  }

  kinds(): DataProblem[] {
    return [...this.#kinds.values()];
  }
}

/**
 * A data file or dictionary that cannot be used. Lists the kinds of its problems (at most 20, each with a count and the
 * first place), and how many problems there are in all.
 */
export class DataError extends Error {
  override readonly name = 'DataError';
  readonly problems: readonly DataProblem[];
  readonly total: number;

  constructor(problems: readonly DataProblem[], options: ErrorOptions & { readonly total?: number } = {}) {
    const list = new ProblemList();
    for (const each of problems) list.add(each);
    const kinds = list.kinds();
    super(kinds.slice(0, 3).map(describeProblem).join('; ') + (kinds.length > 3 ? '; …' : ''), options);
    this.problems = kinds.slice(0, LISTED_MAX);
    this.total = options.total ?? list.total;
  }

  /**
   * The same for people who need not see the file: which column breaks which rule, once each, and neither where nor how
   * often. Lines and counts would answer questions that a dictionary can be made to ask.
   */
  withoutPlaces(): DataError {
    const kinds = new Map(
      this.problems.map(({ code, column }) => [
        `${code} ${column}`,
        problem(code, column === undefined ? {} : { column }),
      ]),
    );
    return new DataError([...kinds.values()]);
  }
}

/** The problem in a line. */
export function describeProblem({ code, line, column, count = 1, file, remedy }: DataProblem): string {
  const isOne = count === 1;
  const place = [
    file ?? '',
    isOne && line !== undefined ? `line ${line}` : '',
    column === undefined ? '' : `column ${column}`,
    isOne ? '' : `${count.toLocaleString('en')} times`,
    isOne || line === undefined ? '' : `first in line ${line}`,
  ].filter(Boolean);
  return `${code}${place.length > 0 ? ` (${place.join(', ')})` : ''}: ${remedy}`;
}

export const problem = (
  code: DataProblemCode,
  place: { line?: number; column?: string; count?: number; file?: string } = {},
): DataProblem => ({
  code,
  ...place,
  remedy: DATA_PROBLEMS[code],
});
