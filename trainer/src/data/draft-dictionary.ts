// Drafts a data dictionary from a file: the columns' names and a guess at their kinds. What a person must decide is
// left open, in a form that no reader accepts; bounds never come from the patients.
//
// The one thing that is taken over from cells are codes, under a narrow rule: whole numbers from 0 to 20 that many
// patients share. A name, a date, a number of an insurance or a rare diagnosis is never among them.

import { basename } from 'node:path';
import { type DecimalMark, numberOf } from './cell-reader.ts';
import { describeFormat, type FormatOptions } from './csv-format.ts';
import { DataError, problem } from './data-problem.ts';
import { openPart, partsOf } from './file-parts.ts';
import { PatientIds } from './patient-ids.ts';
import { formatOf, readTextRows, type TextRows } from './read-csv.ts';
import { isParquet, readParquetTexts } from './read-parquet.ts';

export const PLACEHOLDER = 'TODO';

/** Codes for "missing" that are used everywhere; others are for a person to name. */
const MISSING_CODES = ['?', 'NA', 'N/A', 'NaN', 'nan', 'null', 'NULL', 'None', '.'];
const LARGEST_CODE = 20;
const MOST_CODES = 12;
/** A code is written down only if at least so many patients share it: the many rows of one patient count once. */
const PATIENTS_PER_CODE = 10;

export const LABEL_KINDS = ['binary', 'greater-than', 'categorical', 'numeric', 'count'] as const;
export type LabelKind = (typeof LABEL_KINDS)[number];

export interface DraftOptions {
  /** Column of the label, where it is known. */
  readonly label?: string | undefined;
  /** Column that tells patients apart; none where every row is another patient. */
  readonly id?: string | undefined;
  /** What the label is, where that is known; otherwise it is guessed. */
  readonly labelKind?: LabelKind | undefined;
  /** Whether the first line of a CSV file names the columns. */
  readonly header: boolean;
  /** What is known of how a CSV file is written; the rest is guessed. */
  readonly format?: FormatOptions | undefined;
}

export interface Draft {
  /** A dictionary with placeholders. */
  readonly dictionary: Readonly<Record<string, unknown>>;
  /** What a person has to do, in order. */
  readonly notes: readonly string[];
}

/** The first line is not what column names look like, so it may be a patient; nothing of it is shown. */
export class HeaderDoubtfulError extends Error {
  override readonly name = 'HeaderDoubtfulError';
}

/** A column that was named does not exist. */
export class ColumnUnknownError extends Error {
  override readonly name = 'ColumnUnknownError';
}

/**
 * A draft for a CSV or Parquet file, or for the first file of a folder.
 *
 * @throws DataError for a file that cannot be read
 * @throws HeaderDoubtfulError, ColumnUnknownError
 */
export async function draftDictionary(path: string, options: DraftOptions): Promise<Draft> {
  const [part] = partsOf(path);
  using source = openPart(part!);
  const file = basename(path);
  if (isParquet(source)) {
    const reading = new Reading({ ...options, header: true }, '.');
    readParquetTexts(source, reading);
    return draftOf(reading, { ...options, header: true, file });
  }
  if (/[.](parquet|pq)$/i.test(part!.name)) throw new DataError([problem('FILE_NOT_PARQUET')]);
  const { header, format = {} } = options;
  const about = { header, options: format };
  // The decimal mark is known once a first look has been had; a number is read under it from the first row on.
  const mark = formatOf(source, about).decimalMark;
  const reading = new Reading(options, mark);
  const guessed = readTextRows(source, about, reading);
  const draft = draftOf(reading, { ...options, file });
  const note = describeFormat(guessed, format);
  return note === undefined ? draft : { ...draft, notes: [`${file}: ${note}`, ...draft.notes] };
}

/** Whether a name is what a column is called: a short word, no number, date or id. */
const looksLikeName = (name: string): boolean =>
  /^\p{L}[\p{L}\p{N}_ .()/%-]{0,62}$/u.test(name) && !/\d{4}/.test(name);

/** What is kept of a column: which kinds of texts it has, and how many patients share a code. */
class ColumnReading {
  readonly name: string;
  present = 0;
  /** Whether each value is 0 or 1, is a number, is a small whole number. */
  isBinary = true;
  isNumeric = true;
  isCoded = true;
  /** Different texts, up to one more than is counted. */
  readonly texts = new Set<string>();
  /** The first patients of each code, as many as it takes to share one. */
  readonly #patientsByCode = new Map<number, Set<number>>();
  /** At most one more than there may be of codes among numbers. */
  readonly #nonNumbers = new Set<string>();
  repeatsName = false;
  readonly #mark: DecimalMark;

  constructor(name: string, mark: DecimalMark) {
    this.name = name;
    this.#mark = mark;
  }

  add(cell: string, patient: number): void {
    if (cell === this.name) this.repeatsName = true;
    if (isMissing(cell)) return;
    this.present += 1;
    if (this.texts.size <= LARGEST_CODE) this.texts.add(cell);
    const number = this.isNumeric || this.hasFewTexts ? numberOf(cell, this.#mark) : undefined;
    if (number === undefined) {
      this.isNumeric = false;
      if (this.hasFewTexts) this.#nonNumbers.add(cell);
    }
    if (number !== 0 && number !== 1) this.isBinary = false;
    if (!this.isCoded) return;
    if (number === undefined || !Number.isInteger(number) || number < 0 || number > LARGEST_CODE) {
      this.isCoded = false;
      this.#patientsByCode.clear();
      return;
    }
    const patients = this.#patientsByCode.get(number) ?? new Set();
    this.#patientsByCode.set(number, patients);
    if (patients.size < PATIENTS_PER_CODE) patients.add(patient);
  }

  /** Numbers and a few codes, such as "unknown": names, dates and free text have many different texts. */
  get hasFewTexts(): boolean {
    return this.#nonNumbers.size <= MOST_CODES;
  }

  /** How many codes there are, where all values are small whole numbers. */
  get codeCount(): number | undefined {
    return this.isCoded ? this.#patientsByCode.size : undefined;
  }

  /** Codes that many patients share, which tell of nobody; a placeholder where there are not two. */
  sharedCodes(): string[] {
    const shared = [...this.#patientsByCode].filter(([, patients]) => patients.size >= PATIENTS_PER_CODE);
    return shared.length < 2
      ? [PLACEHOLDER]
      : shared
          .map(([code]) => code)
          .sort((a, b) => a - b)
          .map(String);
  }
}

/** Looks at a file's rows once, one after the other. */
class Reading implements TextRows {
  columns: readonly ColumnReading[] = [];
  rows = 0;
  readonly found = new Set<string>();
  readonly #options: DraftOptions;
  readonly #mark: DecimalMark;
  #idPlace: number | undefined;
  readonly #patients = new PatientIds();

  constructor(options: DraftOptions, mark: DecimalMark) {
    this.#options = options;
    this.#mark = mark;
  }

  begin(first: readonly string[]): void {
    const { header, label, id } = this.#options;
    if (header && (new Set(first).size < first.length || !first.every(looksLikeName))) {
      throw new HeaderDoubtfulError();
    }
    const names = header ? first : first.map((_, i) => `column_${i + 1}`);
    this.columns = names.map((name) => new ColumnReading(name, this.#mark));
    for (const [option, column] of Object.entries({ label, id })) {
      if (column === undefined || names.includes(column)) continue;
      const alike = names.find((name) => name.toLowerCase() === column.toLowerCase());
      const remedy =
        alike === undefined ? `there are ${names.join(', ')}` : `write it as the file does: ${alike}`;
      throw new ColumnUnknownError(`--${option}: no column ${column}; ${remedy}`);
    }
    this.#idPlace = id === undefined ? undefined : names.indexOf(id);
  }

  row(cells: readonly string[]): void {
    const patient = this.#idPlace === undefined ? this.rows : this.#patients.numberOf(cells[this.#idPlace]!);
    this.rows += 1;
    for (const [place, column] of this.columns.entries()) {
      const cell = cells[place]!;
      column.add(cell, patient);
      if (MISSING_CODES.includes(cell)) this.found.add(cell);
    }
  }
}

function draftOf(
  reading: Reading,
  { label, id, header, file, labelKind }: DraftOptions & { readonly file: string },
): Draft {
  const { columns, found, rows } = reading;
  if (header && columns.some(({ repeatsName }) => repeatsName)) throw new HeaderDoubtfulError();
  if (rows === 0) throw new DataError([problem('FILE_EMPTY')]);
  const notes: string[] = [];
  const names = new Set<string>();
  const features = columns
    .filter(({ name }) => name !== label && name !== id)
    .flatMap((column) => {
      const name = featureName(column.name, names);
      const feature = featureOf(name, column, notes);
      if (feature === undefined) return [];
      return [name === column.name ? feature : withColumn(feature, column.name)];
    });
  const labels = columns.find(({ name }) => name === label);
  const kind = labelKind ?? (labels && guessLabelKind(labels));
  const labelRule = kind === undefined ? PLACEHOLDER : labelRuleOf(kind, labels);
  if (label === undefined) notes.push('label.column: the column that the model is to predict');
  notes.push(`label.title: ${LABEL_TITLES[kind ?? 'binary']}, in the words that all hospitals use`);
  if (kind !== undefined) notes.push(...labelNotes(kind, labelKind === undefined));
  if (id === undefined) {
    notes.push(
      'patientId is null: every row is taken for another patient; name the column with --id if not so',
    );
  } else {
    notes.push('maxRowsPerPatient: how many rows a patient may have, from 1 to 64');
  }
  notes.push('missing: add the codes your system uses for "not known", such as -9 or 999');
  if (!header) notes.push('columns: rename column_1, column_2, ... in file order, here and in the features');
  return {
    dictionary: {
      version: 1,
      header,
      ...(!header && { columns: columns.map(({ name }) => name) }),
      patientId: id ?? null,
      missing: MISSING_CODES.filter((code) => found.has(code)),
      maxRowsPerPatient: id === undefined ? 1 : PLACEHOLDER,
      features,
      label: { column: label ?? PLACEHOLDER, title: PLACEHOLDER, rule: labelRule },
    },
    notes: [`${file}: check each kind, since it is a guess`, ...notes],
  };
}

const isMissing = (cell: string): boolean => cell === '' || MISSING_CODES.includes(cell);

function withColumn(feature: Record<string, unknown>, column: string): Record<string, unknown> {
  const { name, ...rest } = feature;
  return { name, column, ...rest };
}

/** A column's name in the form that features have, another one for each column. */
function featureName(column: string, taken: Set<string>): string {
  const plain = column
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^[^a-z]+|_+$/g, '')
    .slice(0, 58);
  const base = plain || 'feature';
  let name = base;
  for (let i = 2; taken.has(name); i++) name = `${base}_${i}`;
  taken.add(name);
  return name;
}

function featureOf(
  name: string,
  column: ColumnReading,
  notes: string[],
): Record<string, unknown> | undefined {
  const { present, isBinary, isNumeric, codeCount, texts } = column;
  if (present > 0 && isBinary) return { name, kind: 'binary' };
  if (present > 0 && isNumeric) {
    if (codeCount === undefined || codeCount > MOST_CODES) return numericFeature(name, notes);
    notes.push(
      `${name}: compare the categories with your code book (rare codes are not listed), make it numeric if it ` +
        'counts, or of the kind code for a graph that embeds it',
    );
    return { name, kind: 'categorical', categories: column.sharedCodes() };
  }
  if (texts.size > LARGEST_CODE) {
    if (column.hasFewTexts) {
      notes.push(
        `${name}: some cells are no numbers (texts of the file are not copied): add those that mean "not known" to ` +
          'missing, and correct the others; check names their lines',
      );
      return numericFeature(name, notes);
    }
    notes.push(
      `${name}: left out, since names, dates and free text are no features; codes of a code book may be one of the ` +
        'kind code, for a graph that embeds them',
    );
    return undefined;
  }
  notes.push(`${name}: categories, from your code book (texts of the file are not copied); or leave it out`);
  return { name, kind: 'categorical', categories: [PLACEHOLDER] };
}

function numericFeature(name: string, notes: string[]): Record<string, unknown> {
  notes.push(
    `${name}: unit, and bounds outside which a value must be a mistake (from a textbook, not this file)`,
  );
  return { name, kind: 'numeric', unit: PLACEHOLDER, bounds: { low: PLACEHOLDER, high: PLACEHOLDER } };
}

const LABEL_TITLES: Readonly<Record<LabelKind, string>> = {
  binary: 'what label 1 means',
  'greater-than': 'what label 1 means',
  categorical: 'what the categories are of',
  numeric: 'what is measured',
  count: 'what is counted',
};

/** Codes with an order, of which a threshold makes two classes, are the likeliest of what few whole numbers can be. */
function guessLabelKind({ isBinary, isNumeric, isCoded }: ColumnReading): LabelKind {
  if (isBinary) return 'binary';
  if (!isNumeric) return 'categorical';
  return isCoded ? 'greater-than' : 'numeric';
}

function labelRuleOf(kind: LabelKind, column: ColumnReading | undefined): Readonly<Record<string, unknown>> {
  switch (kind) {
    case 'binary':
      return { kind };
    case 'greater-than':
      return { kind, threshold: PLACEHOLDER };
    case 'categorical':
      return { kind, categories: column?.isCoded ? column.sharedCodes() : [PLACEHOLDER] };
    case 'numeric':
      return { kind, unit: PLACEHOLDER, bounds: { low: PLACEHOLDER, high: PLACEHOLDER } };
    case 'count':
      return { kind, high: PLACEHOLDER };
  }
}

function labelNotes(kind: LabelKind, isGuess: boolean): string[] {
  const others = LABEL_KINDS.filter((other) => other !== kind).join(', ');
  const guess = isGuess ? [`label.rule: ${kind} is a guess; --label-kind says otherwise: ${others}`] : [];
  switch (kind) {
    case 'binary':
      return guess;
    case 'greater-than':
      return [...guess, 'label.rule.threshold: values above it are label 1'];
    case 'categorical':
      return [...guess, 'label.rule.categories: all of your code book (rare ones and texts are not copied)'];
    case 'numeric':
      return [
        ...guess,
        'label.rule: unit, and bounds outside which a value must be a mistake (not from this file)',
      ];
    case 'count':
      return [
        ...guess,
        'label.rule.high: a count above which a value must be a mistake (not from this file)',
      ];
  }
}
