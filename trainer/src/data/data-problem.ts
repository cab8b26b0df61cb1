// What is wrong with a data file, so that a person can correct it: where, which rule, and the remedy. A problem never
// carries a value of the file, since values are patients'.
export const DATA_PROBLEMS = {
  FILE_UNREADABLE: 'The file cannot be read: check the path and its permissions.',
  FILE_TOO_LARGE:
    'The file is larger than 256 MiB, or unpacks to more than 16 times its size: ' +
    'keep only the columns that the dictionary names, or write numbers with fewer digits.',
  FILE_EMPTY: 'The file has no rows: give a file that has patients.',
  FILE_NOT_CSV: 'The file is not comma-separated text in UTF-8: save it as such.',
  FILE_NOT_PARQUET: 'Not a readable Parquet file. Re-export it, or use CSV.',
  ROW_LENGTH:
    'The row has a different number of fields than there are columns: correct it, or quote its commas.',
  COLUMN_UNKNOWN:
    'The dictionary names a column that the file does not have: correct it there, or the first line of the file.',
  COLUMN_TWICE:
    'The dictionary names a column that the file has more than once: rename or remove all but one.',
  COLUMN_NESTED: 'The column holds lists or records: write its values into columns of their own.',
  FEATURE_UNKNOWN: 'The dictionary has no feature of this name: check its spelling, or leave it out.',
  PATIENT_ID_MISSING: 'The row has no patient id: fill it in, or leave the row out.',
  VALUE_NOT_A_NUMBER:
    'A numeric feature has text, NaN or infinity: correct it, or add the text to the missing codes.',
  VALUE_OUT_OF_BOUNDS: "The value is outside the dictionary's bounds: correct the value or the bounds.",
  VALUE_NOT_A_CATEGORY:
    'The value is not one of the categories: correct it, or add the category or missing code.',
  VALUE_NOT_BINARY: 'A binary feature must be 0 or 1 (or a missing code).',
  LABEL_MISSING: 'The row has no label: leave the row out, a model cannot learn from it.',
  LABEL_NOT_BINARY: 'The label must be 0 or 1 under this rule: correct it, or use the greater-than rule.',
  LABEL_NOT_A_NUMBER: 'The label must be a number under this rule: correct it, or leave the row out.',
  LABEL_NOT_A_CATEGORY:
    'The label is not one of the categories: correct it, or add the category to label.rule.',
  LABEL_NOT_A_COUNT: 'The label must be a whole number, 0 or more: correct it, or leave the row out.',
  LABEL_OUT_OF_BOUNDS: 'The label is outside the bounds of label.rule: correct the label or the bounds.',
  TOO_MANY_ROWS: 'A patient has more rows than maxRowsPerPatient: raise it, or keep fewer rows.',
  TOO_FEW_PATIENTS:
    'The dataset has fewer patients than the smallest public band (10): add patients, or leave it out.',
} as const;
export type DataProblemCode = keyof typeof DATA_PROBLEMS;

export interface DataProblem {
  readonly code: DataProblemCode;
  /** 1-based line of the file, where the problem lies in one line. */
  readonly line?: number;
  readonly column?: string;
  readonly remedy: string;
}

/** A data file or dictionary that cannot be used. Holds the first problems (at most 20) and how many there are. */
export class DataError extends Error {
  override readonly name = 'DataError';
  readonly problems: readonly DataProblem[];
  readonly total: number;

  constructor(problems: readonly DataProblem[], options: ErrorOptions & { readonly total?: number } = {}) {
    super(problems.slice(0, 3).map(describeProblem).join('; ') + (problems.length > 3 ? '; …' : ''), options);
    this.problems = problems.slice(0, 20);
    this.total = options.total ?? problems.length;
  }

  /**
   * The same for whoever need not see the file: which rule which column breaks, once each, and neither where nor how
   * often. Lines and counts would answer questions that a dictionary can be made to ask.
   */
  withoutPlaces(): DataError {
    const kinds = new Map(this.problems.map(({ line: _, ...kind }) => [`${kind.code} ${kind.column}`, kind]));
    return new DataError([...kinds.values()]);
  }
}

/** The problem in a line. */
export function describeProblem({ code, line, column, remedy }: DataProblem): string {
  const place = [line === undefined ? '' : `line ${line}`, column === undefined ? '' : `column ${column}`];
  return `${code}${place.some(Boolean) ? ` (${place.filter(Boolean).join(', ')})` : ''}: ${remedy}`;
}

export const problem = (
  code: DataProblemCode,
  place: { line?: number; column?: string } = {},
): DataProblem => ({
  code,
  ...place,
  remedy: DATA_PROBLEMS[code],
});
