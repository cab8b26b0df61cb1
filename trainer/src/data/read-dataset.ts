// Reads a hospital's file into units of privacy: every row of one patient together. All problems are found in
// one pass, so that a file is mended once.
import { createHash } from 'node:crypto';
import { bandOf, canonicalJson, type Dictionary, type RecordCountBand } from '@consilium/domain';
import { DataError, type DataProblem, problem } from './data-problem.ts';
import { encodeFeatures, readValue, type Value } from './encode-features.ts';
import { readLabel } from './read-label.ts';
import { readTable } from './read-table.ts';
import type { Table } from './table.ts';

export interface DatasetRow {
  /** Float32 vector in the order of the domain's `inputNames`. */
  readonly x: Float32Array;
  /** What is learned: 0 or 1, a class, a value scaled by the dictionary's bounds, or a count. */
  readonly y: number;
  /** The checked values before encoding, one per feature: what the commitment covers. */
  readonly values: readonly Value[];
}

/** One patient: the unit of privacy, whatever the number of rows. */
export interface PatientUnit {
  readonly patientId: string;
  readonly rows: readonly DatasetRow[];
  /** Where each of them is in the file, from 1. */
  readonly rowNumbers: readonly number[];
}

export interface Dataset {
  readonly units: readonly PatientUnit[];
  readonly recordCountBand: RecordCountBand;
}

/** @throws DataError with every problem of the file (the first 20 in full). */
export async function readDataset(options: { path: string; dictionary: Dictionary }): Promise<Dataset> {
  return datasetOf(await readTable(options.path, options.dictionary), options.dictionary);
}

/**
 * Ids of patients where a file names none and each row is one: by what the row holds, and how many like it came before.
 *
 * Adding or removing a row then changes no other's id, and with it no other's side of the split (`split-patients.ts`),
 * as numbers of rows would.
 */
function rowIds(): (row: { readonly label: number; readonly values: readonly Value[] }) => string {
  const seen = new Map<string, number>();
  return (row) => {
    const digest = createHash('sha256').update(canonicalJson(row)).digest('hex');
    const before = seen.get(digest) ?? 0;
    seen.set(digest, before + 1);
    return `${digest}-${before + 1}`;
  };
}

export function datasetOf(table: Table, dictionary: Dictionary): Dataset {
  const problems: DataProblem[] = [];
  const position = new Map(table.columns.map((column, index) => [column, index]));
  const features = dictionary.features.map((feature) => {
    const column = feature.column ?? feature.name;
    return { feature, column, index: position.get(column)! };
  });
  const patients = new Map<string, { rows: DatasetRow[]; rowNumbers: number[] }>();
  const idOf = rowIds();
  table.rows.forEach(({ line, cells }, index) => {
    const cell = (column: string) => cells[position.get(column)!] ?? '';
    const givenId = dictionary.patientId === null ? undefined : cell(dictionary.patientId);
    if (givenId === '') problems.push(problem('PATIENT_ID_MISSING', { line, column: dictionary.patientId! }));
    const values = features.map(({ feature, column, index: place }): Value => {
      const read = readValue(cells[place] ?? '', feature, dictionary);
      if ('value' in read) return read.value;
      problems.push(problem(read.code, { line, column }));
      return null;
    });
    const label = readLabel(cell(dictionary.label.column), dictionary);
    if ('code' in label) {
      problems.push(problem(label.code, { line, column: dictionary.label.column }));
      return;
    }
    const patientId = givenId ?? idOf({ label: label.y, values });
    const patient = patients.get(patientId) ?? { rows: [], rowNumbers: [] };
    patients.set(patientId, patient);
    const row = { x: encodeFeatures(values, dictionary), y: label.y, values };
    patient.rowNumbers.push(index + 1);
    if (patient.rows.push(row) > dictionary.maxRowsPerPatient)
      problems.push(problem('TOO_MANY_ROWS', { line }));
  });
  const recordCountBand = bandOf(patients.size);
  if (problems.length === 0 && recordCountBand === undefined) problems.push(problem('TOO_FEW_PATIENTS'));
  if (problems.length > 0 || recordCountBand === undefined) throw new DataError(problems);
  return { units: [...patients].map(([patientId, patient]) => ({ patientId, ...patient })), recordCountBand };
}
