// The columns of a CSV file that a dictionary names, as texts. What the demo itself cannot read of what a trainer could
// (other encodings, decimal commas) is refused here, so that nobody's values are taken for others.
import type { Problem } from '@consilium/command-line';
import type { Dictionary } from '@consilium/domain';
import { type CsvRow, parseCsv } from './csv-text.ts';
import { patientsOf } from './data-files.ts';

const DELIMITERS = [',', ';', '\t'] as const;
/** Enough for some of them to be held out, and for later ones to form a block of their own. */
const FEWEST_PATIENTS = 50;
/** All of them are kept in memory, and predictions asked for one by one. */
const LARGEST_BYTES = 64 * 2 ** 20;
const DECIMAL_COMMA = /^[+-]?\d*,\d+$/;

/** The columns that a study reads: the patient's id first, the label last. */
export const columnsOf = ({ features, label, patientId }: Dictionary): string[] => [
  ...(patientId === null ? [] : [patientId]),
  ...features.map(({ name, column = name }) => column),
  label.column,
];

interface OwnTable {
  /** The columns of columnsOf. */
  readonly rows: readonly (readonly string[])[];
  readonly problems: readonly Problem[];
}

const refused = (...problems: readonly Problem[]): OwnTable => ({ rows: [], problems });

/** The rows of a file, or what is wrong with it, without any patient's value. */
export function readOwnTable(bytes: Uint8Array, dictionary: Dictionary): OwnTable {
  if (bytes.length > LARGEST_BYTES) {
    const remedy = 'take fewer rows; `consilium-trainer simulate` reads larger files';
    return refused({ field: '', text: 'has more than 64 MiB', remedy });
  }
  const text = textOf(bytes);
  if (text === undefined) {
    return refused({ field: '', text: 'is not UTF-8', remedy: 'save it as CSV UTF-8' });
  }
  const wanted = columnsOf(dictionary);
  const read = DELIMITERS.map((delimiter) => readAs(parseCsv(text, delimiter), dictionary));
  const [best] = read.toSorted((a, b) => missingOf(a, wanted).length - missingOf(b, wanted).length);
  const { columns, rows } = best!;
  if (rows.length === 0) return refused({ field: '', text: 'has no rows', remedy: 'put patients there' });
  const missing = missingOf(best!, wanted);
  if (missing.length > 0)
    return refused(...missing.map((column) => missingColumn(column, columns, dictionary)));
  const problems: Problem[] = [];
  const ragged = rows.find(({ cells }) => cells.length !== columns.length);
  if (ragged !== undefined) {
    const text = `has ${ragged.cells.length} values, not ${columns.length}`;
    problems.push({ field: 'a row', line: ragged.line, text, remedy: 'correct the line' });
  }
  const places = wanted.map((column) => columns.indexOf(column));
  problems.push(...commaProblems(rows, { columns, dictionary }));
  const kept = rows.map(({ cells }) => places.map((place) => cells[place] ?? ''));
  const patients = dictionary.patientId === null ? kept.length : patientsOf(kept).length;
  if (patients < FEWEST_PATIENTS) {
    const remedy = 'add patients, or leave the file out';
    problems.push({ field: '', text: `has fewer than ${FEWEST_PATIENTS} patients`, remedy });
  }
  return { rows: kept, problems };
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

interface Read {
  readonly columns: readonly string[];
  readonly rows: readonly CsvRow[];
}

function readAs(rows: readonly CsvRow[], { header, columns = [] }: Dictionary): Read {
  if (header) return { columns: rows[0]?.cells ?? [], rows: rows.slice(1) };
  // A file without names has as many values in its first row as the dictionary names.
  return { columns: rows[0]?.cells.length === columns.length ? columns : [], rows };
}

const missingOf = ({ columns }: Read, wanted: readonly string[]): string[] =>
  wanted.filter((column) => !columns.includes(column));

function missingColumn(
  column: string,
  columns: readonly string[],
  { header, columns: named = [], label, patientId }: Dictionary,
): Problem {
  if (!header) {
    const remedy = 'correct columns of dictionary.json, or the file';
    return { field: '', text: `has not the ${named.length} columns that dictionary.json names`, remedy };
  }
  const part = column === label.column ? 'label' : column === patientId ? 'patient’s id' : 'feature';
  const alike = columns.find((one) => one.toLowerCase() === column.toLowerCase());
  const remedy =
    alike === undefined
      ? 'add it, or correct dictionary.json'
      : `write it as dictionary.json does, not ${alike}`;
  return { field: '', text: `has no column ${column}, the ${part} of dictionary.json`, remedy };
}

function commaProblems(
  rows: readonly CsvRow[],
  { columns, dictionary }: { readonly columns: readonly string[]; readonly dictionary: Dictionary },
): Problem[] {
  const numbers = [
    ...dictionary.features.filter(({ kind }) => kind === 'numeric').map(({ name, column = name }) => column),
    dictionary.label.column,
  ];
  return numbers.flatMap((column): Problem[] => {
    const place = columns.indexOf(column);
    const odd = rows.find(({ cells }) => DECIMAL_COMMA.test(cells[place] ?? ''));
    if (odd === undefined) return [];
    return [
      { field: column, line: odd.line, text: 'has a decimal comma', remedy: 'write numbers with a point' },
    ];
  });
}
