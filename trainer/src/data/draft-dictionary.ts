// Drafts a data dictionary from a file: the columns' names and a guess at their kinds. What a person must decide is
// left open, in a form that no reader accepts; bounds never come from the patients.
//
// The one thing that is taken over from cells are codes, under a narrow rule: whole numbers from 0 to 20 that many
// patients share. A name, a date, a number of an insurance or a rare diagnosis is never among them.

import { basename } from 'node:path';
import { DataError, problem } from './data-problem.ts';
import { parseNumber } from './encode-features.ts';
import { parseParquet } from './parse-parquet.ts';
import { readDataFile } from './read-data-file.ts';
import { parseCells } from './read-table.ts';
import type { Table } from './table.ts';

export const PLACEHOLDER = 'TODO';

/** Codes for "missing" that are used everywhere; others are for a person to name. */
const MISSING_CODES = ['?', 'NA', 'N/A', 'NaN', 'nan', 'null', 'NULL', 'None', '.'];
const LARGEST_CODE = 20;
const MOST_CODES = 12;
/** A code is written down only if at least so many patients share it: the many rows of one patient count once. */
const PATIENTS_PER_CODE = 10;

interface Cell {
  readonly value: string;
  /** Who the row is of: the cell of the id column, or the row's own number where every row is another patient. */
  readonly patient: string;
}

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
}

export interface Draft {
  /** A dictionary with placeholders. */
  readonly dictionary: Readonly<Record<string, unknown>>;
  /** What a person has to do, in order. */
  readonly notes: readonly string[];
}

/** The first line is not what column names look like, so it may be a patient; nothing of it is told. */
export class HeaderDoubtfulError extends Error {
  override readonly name = 'HeaderDoubtfulError';
}

/** A column that was named does not exist. */
export class ColumnUnknownError extends Error {
  override readonly name = 'ColumnUnknownError';
}

/**
 * A draft for a CSV or Parquet file.
 *
 * @throws DataError for a file that cannot be read
 * @throws HeaderDoubtfulError, ColumnUnknownError
 */
export async function draftDictionary(path: string, options: DraftOptions): Promise<Draft> {
  const { bytes, format } = await readDataFile(path);
  const isCsv = format === 'csv';
  const table = isCsv ? csvTable(bytes, options.header) : await parseParquet(bytes);
  return draftOf(table, { ...options, file: basename(path), header: !isCsv || options.header });
}

/** Whether a first line names columns: distinct short words, none a number, a date, an id or a value further down. */
function looksLikeHeader([first, ...rest]: readonly { readonly cells: readonly string[] }[]): boolean {
  const names = first!.cells.map((cell) => cell.trim());
  return (
    new Set(names).size === names.length &&
    names.every((name) => /^\p{L}[\p{L}\p{N}_ .()/%-]{0,62}$/u.test(name) && !/\d{4}/.test(name)) &&
    !rest.some(({ cells }) => cells.some((cell, column) => cell === names[column]))
  );
}

function csvTable(bytes: Uint8Array, header: boolean): Table {
  const lines = parseCells(bytes);
  const [first] = lines;
  if (first === undefined) throw new DataError([problem('FILE_EMPTY')]);
  const ragged = lines.filter(({ cells }) => cells.length !== first.cells.length);
  if (ragged.length > 0) throw new DataError(ragged.map(({ line }) => problem('ROW_LENGTH', { line })));
  if (!header) return { columns: first.cells.map((_, i) => `column_${i + 1}`), rows: lines };
  if (!looksLikeHeader(lines)) throw new HeaderDoubtfulError();
  if (lines.length === 1) throw new DataError([problem('FILE_EMPTY')]);
  return { columns: first.cells.map((name) => name.trim()), rows: lines.slice(1) };
}

export function draftOf(table: Table, options: DraftOptions & { readonly file: string }): Draft {
  const { columns, rows } = table;
  const { label, id, header, file, labelKind } = options;
  for (const [option, column] of Object.entries({ label, id })) {
    if (column === undefined || columns.includes(column)) continue;
    throw new ColumnUnknownError(`--${option}: no column ${column}; there are ${columns.join(', ')}`);
  }
  const notes: string[] = [];
  const idIndex = id === undefined ? undefined : columns.indexOf(id);
  const cellsOf = (column: string): Cell[] => {
    const index = columns.indexOf(column);
    return rows
      .map(({ cells }, row) => ({
        value: cells[index] ?? '',
        patient: idIndex === undefined ? String(row) : (cells[idIndex] ?? ''),
      }))
      .filter(({ value }) => !isMissing(value));
  };
  const found = new Set(rows.flatMap(({ cells }) => cells));
  const names = new Set<string>();
  const features = columns
    .filter((column) => column !== label && column !== id)
    .flatMap((column) => {
      const name = featureName(column, names);
      const feature = featureOf(name, cellsOf(column), notes);
      if (feature === undefined) return [];
      return [name === column ? feature : withColumn(feature, column)];
    });
  const labels = label === undefined ? undefined : cellsOf(label);
  const kind = labelKind ?? (labels && guessLabelKind(labels));
  const labelRule = kind === undefined ? PLACEHOLDER : labelRuleOf(kind, labels ?? []);
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
      ...(!header && { columns }),
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
  cells: readonly Cell[],
  notes: string[],
): Record<string, unknown> | undefined {
  const values = cells.map(({ value }) => value);
  const numbers = values.map(parseNumber);
  if (values.length > 0 && numbers.every((value) => value === 0 || value === 1)) {
    return { name, kind: 'binary' };
  }
  if (values.length > 0 && numbers.every((value) => value !== undefined)) {
    const codes = patientsByCode(cells);
    if (codes !== undefined && codes.size <= MOST_CODES) return codedFeature(name, codes, notes);
    return numericFeature(name, notes);
  }
  if (new Set(values).size > LARGEST_CODE) {
    if (hasFewTexts(values, numbers)) {
      notes.push(
        `${name}: some cells are no numbers (texts of the file are not copied): add those that mean "not known" to ` +
          'missing, and correct the others; check names their lines',
      );
      return numericFeature(name, notes);
    }
    notes.push(`${name}: left out, since names, dates and free text are no features`);
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

/** Numbers and a few codes, such as "unknown": names, dates and free text have many different texts. */
const hasFewTexts = (values: readonly string[], numbers: readonly (number | undefined)[]): boolean =>
  new Set(values.filter((_, i) => numbers[i] === undefined)).size <= MOST_CODES;

function codedFeature(
  name: string,
  counts: ReadonlyMap<number, number>,
  notes: string[],
): Record<string, unknown> {
  notes.push(
    `${name}: compare the categories with your code book (rare codes are not listed), or make it numeric if it counts`,
  );
  return { name, kind: 'categorical', categories: sharedCodes(counts) };
}

const LABEL_TITLES: Readonly<Record<LabelKind, string>> = {
  binary: 'what label 1 means',
  'greater-than': 'what label 1 means',
  categorical: 'what the categories are of',
  numeric: 'what is measured',
  count: 'what is counted',
};

/** Codes with an order, of which a threshold makes two classes, are the likeliest of what few whole numbers can be. */
function guessLabelKind(cells: readonly Cell[]): LabelKind {
  const numbers = cells.map(({ value }) => parseNumber(value));
  if (numbers.every((value) => value === 0 || value === 1)) return 'binary';
  if (numbers.includes(undefined)) return 'categorical';
  return patientsByCode(cells) === undefined ? 'numeric' : 'greater-than';
}

function labelRuleOf(kind: LabelKind, cells: readonly Cell[]): Readonly<Record<string, unknown>> {
  switch (kind) {
    case 'binary':
      return { kind };
    case 'greater-than':
      return { kind, threshold: PLACEHOLDER };
    case 'categorical':
      return { kind, categories: sharedCodes(patientsByCode(cells) ?? new Map()) };
    case 'numeric':
      return { kind, unit: PLACEHOLDER, bounds: { low: PLACEHOLDER, high: PLACEHOLDER } };
    case 'count':
      return { kind, high: PLACEHOLDER };
  }
}

/** How many patients have each code, where all values are small whole numbers. */
function patientsByCode(cells: readonly Cell[]): ReadonlyMap<number, number> | undefined {
  const patients = new Map<number, Set<string>>();
  for (const { value, patient } of cells) {
    const code = parseNumber(value);
    if (code === undefined || !Number.isInteger(code) || code < 0 || code > LARGEST_CODE) return undefined;
    patients.set(code, (patients.get(code) ?? new Set()).add(patient));
  }
  return new Map([...patients].map(([code, { size }]) => [code, size]));
}

/** Codes that many patients share, which tell of nobody; a placeholder where there are not two. */
function sharedCodes(counts: ReadonlyMap<number, number>): string[] {
  const shared = [...counts].filter(([, count]) => count >= PATIENTS_PER_CODE).map(([code]) => code);
  return shared.length < 2 ? [PLACEHOLDER] : shared.sort((a, b) => a - b).map(String);
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
