// Inputs of a model from what a hospital's systems send for a prediction: records by feature name, or a CSV text.
import type { Dictionary } from '@consilium/domain';
import { sourceOfBytes } from './byte-source.ts';
import { DataError, type DataProblem, problem } from './data-problem.ts';
import { encodeFeatures, readValue } from './encode-features.ts';
import { encodeRecord } from './encode-record.ts';
import { readTextRows } from './read-csv.ts';
import { requireColumns } from './table.ts';

export type PredictionRows =
  | { readonly records: readonly Readonly<Record<string, unknown>>[] }
  /** With the dictionary's columns; a label or patient id is not looked at. */
  | { readonly csv: string };

/** Inputs, [rows · inputs]. @throws DataError with the problems of every row */
export function encodeRows(rows: PredictionRows, dictionary: Dictionary): Float32Array {
  return 'csv' in rows ? encodeCsv(rows.csv, dictionary) : encodeRecords(rows.records, dictionary);
}

function encodeRecords(
  records: readonly Readonly<Record<string, unknown>>[],
  dictionary: Dictionary,
): Float32Array {
  return joinRows(
    records.map((record, index) => {
      try {
        return encodeRecord(record, dictionary, index + 1);
      } catch (error) {
        if (error instanceof DataError) return error.problems;
        throw error;
      }
    }),
  );
}

function encodeCsv(text: string, dictionary: Dictionary): Float32Array {
  const wanted = [...new Set(dictionary.features.map(({ column, name }) => column ?? name))];
  const { header } = dictionary;
  const encoded: (Float32Array | readonly DataProblem[])[] = [];
  let places: readonly number[] = [];
  // A request's text is UTF-8, and its delimiter and decimal mark are the usual ones: nothing here can state a guess.
  const options = { encoding: 'utf-8', delimiter: ',', decimalMark: '.' } as const;
  readTextRows(
    sourceOfBytes(new TextEncoder().encode(text)),
    { header, wanted, options },
    {
      begin(first) {
        const columns = header ? first : (dictionary.columns ?? []);
        if (first.length === 1 && wanted.length > 1) throw new DataError([problem('FILE_NOT_TABLE')]);
        requireColumns(wanted, columns);
        if (first.length !== columns.length) throw new DataError([problem('ROW_LENGTH', { line: 1 })]);
        places = dictionary.features.map(({ column, name }) => columns.indexOf(column ?? name));
      },
      row(cells, line) {
        const problems: DataProblem[] = [];
        const values = dictionary.features.map((feature, index) => {
          const read = readValue(cells[places[index]!] ?? '', feature, dictionary);
          if ('value' in read) return read.value;
          problems.push(problem(read.code, { line, column: feature.name }));
          return null;
        });
        encoded.push(problems.length > 0 ? problems : encodeFeatures(values, dictionary));
      },
    },
  );
  return joinRows(encoded);
}

function joinRows(encoded: readonly (Float32Array | readonly DataProblem[])[]): Float32Array {
  const rows: Float32Array[] = [];
  const problems: DataProblem[] = [];
  for (const row of encoded) {
    if (row instanceof Float32Array) rows.push(row);
    else problems.push(...row);
  }
  if (problems.length > 0) throw new DataError(problems);
  const width = rows[0]?.length ?? 0;
  const joined = new Float32Array(rows.length * width);
  rows.forEach((row, index) => {
    joined.set(row, index * width);
  });
  return joined;
}
