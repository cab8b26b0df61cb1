// The hospitals' files: the UCI ones as they are, synthetic ones, or one's own (own-files.ts). Read here only for what
// a hospital's own system would send (a patient's values to predict with) and to judge the predictions afterwards.

import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { InputError } from '@consilium/command-line';
import { writeCohorts } from '../cohorts/cohorts.ts';
import { HOSPITALS } from '../cohorts/hospitals.ts';
import { csvLine, parseCsv } from './csv-text.ts';
import { type FileDictionary, readDictionary } from './study-plan.ts';

export interface DemoHospital {
  readonly name: string;
  readonly mspId: string;
  readonly title: string;
  readonly datasetId: string;
  readonly datasetTitle: string;
  readonly file: string;
  /** The file that its export is of, where it is one. */
  readonly source?: string;
  /** Whether the patients in that file have ids already, in its first column. */
  readonly hasIds?: boolean;
  /** What that file is called in a folder of one's own. */
  readonly own?: string;
}

export interface DataSource {
  readonly kind: 'synthetic' | 'uci-heart-disease' | 'own-files';
  readonly directory: string;
  /** Of the exports, which have an id for each patient in their first column. */
  readonly dictionary: FileDictionary;
  /** One's own, as it was given. */
  readonly folder?: string;
  readonly hospitals: readonly DemoHospital[];
}

/**
 * The data folder does not hold the four files, or one of them is something else. Said before anything
 * starts.
 */
export class DataFilesError extends InputError {
  override readonly name = 'DataFilesError';
}

const UCI = [
  ['cleveland', 'ClevelandMSP', 'Cleveland Clinic Foundation', 'processed.cleveland.data'],
  ['budapest', 'BudapestMSP', 'Hungarian Institute of Cardiology, Budapest', 'processed.hungarian.data'],
  ['switzerland', 'SwitzerlandMSP', 'University Hospitals Zurich and Basel', 'processed.switzerland.data'],
  ['long-beach', 'LongBeachMSP', 'V.A. Medical Center, Long Beach', 'processed.va.data'],
] as const;

const COLUMNS = 14;

/**
 * The four UCI files of a folder. @throws DataFilesError naming every file that is missing or not as
 * expected
 */
export function uciFiles(dataDirectory: string): DataSource {
  const directory = resolve(dataDirectory);
  const problems: string[] = [];
  const hospitals = UCI.map(([name, mspId, title, fileName]): DemoHospital => {
    const file = join(directory, fileName);
    const problem = problemOf(file);
    if (problem !== undefined) problems.push(`  ${fileName}: ${problem}`);
    return { name, mspId, title, datasetId: `${name}-heart`, datasetTitle: `Heart clinic of ${title}`, file };
  });
  if (problems.length > 0) {
    const expected = UCI.map(([, , , file]) => file).join(', ');
    throw new DataFilesError(
      `${directory} does not hold the four UCI heart-disease files:\n${problems.join('\n')}\n` +
        `Give --data a folder with ${expected} (doi:10.24432/C52P4X), a folder of your own with one CSV file per ` +
        'hospital, dictionary.json and study.json, or leave it out for synthetic cohorts.',
    );
  }
  return { kind: 'uci-heart-disease', directory, dictionary: readDictionary(), hospitals };
}

function problemOf(file: string): string | undefined {
  if (!existsSync(file)) return 'is not there';
  if (!statSync(file).isFile()) return 'is not a file';
  const rows = readRows(file);
  if (rows.length === 0) return 'is empty';
  const odd = rows.findIndex((row) => row.length !== COLUMNS);
  if (odd >= 0) return `line ${odd + 1} has ${rows[odd]!.length} values, not ${COLUMNS}`;
  const label = rows.findIndex((row) => !/^[0-4]([.]0)?$/.test(row.at(-1)!));
  if (label >= 0) return `line ${label + 1} does not end in a diagnosis from 0 to 4`;
  return undefined;
}

/** Writes the synthetic cohorts of a seed and describes them. */
export function syntheticFiles(seed: number, directory: string): DataSource {
  const files = writeCohorts(seed, directory);
  return {
    kind: 'synthetic',
    directory,
    dictionary: readDictionary(),
    hospitals: HOSPITALS.map(({ name, mspId, title, datasetId }, index) => ({
      name,
      mspId,
      title,
      datasetId,
      datasetTitle: `Heart clinic of ${title} (synthetic)`,
      file: resolve(files[index]!),
    })),
  };
}

/** Patients of the first hospital who come after its registration: enough to form a block of their own. */
export const LATER_PATIENTS = 20;

/** The id that a hospital's system gives the patient of a row, from 1. */
const patientIdOf = (name: string, row: number): string => `${name}-${String(row).padStart(4, '0')}`;

/**
 * The files as hospitals' systems export them, with an id for each patient, in a folder of their own. `export` writes
 * one of them, without its last rows where some patients come later.
 */
export function exportsOf(source: DataSource, directory: string): DataSource {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const hospitals = source.hospitals.map((hospital) => {
    const file = join(resolve(directory), `${hospital.name}.csv`);
    writeExport(hospital, { file });
    return { ...hospital, source: hospital.file, file };
  });
  return { ...source, directory, hospitals };
}

/** Writes an export again. @param without how many of the last patients are not in it yet, with all of their rows */
export function writeExport(
  {
    name,
    file: own,
    source = own,
    hasIds = false,
  }: Pick<DemoHospital, 'name' | 'file' | 'source' | 'hasIds'>,
  { file = own, without = 0 }: { readonly file?: string; readonly without?: number },
): void {
  const read = readRows(source);
  const rows = hasIds ? read : read.map((row, index) => [patientIdOf(name, index + 1), ...row]);
  const ids = patientsOf(rows);
  const later = new Set(ids.slice(ids.length - without));
  writeFileSync(
    file,
    rows
      .filter(([id]) => !later.has(id!))
      .map(csvLine)
      .join(''),
    { mode: 0o600 },
  );
}

/** The ids of an export's patients, in the order in which they first come. */
export const patientsOf = (rows: readonly (readonly string[])[]): string[] => [
  ...new Set(rows.map(([id]) => id!)),
];

/** Lines as lists of values; blank lines are left out. */
export const readRows = (file: string): string[][] =>
  parseCsv(readFileSync(file, 'utf8'), ',').map(({ cells }) => cells);

/** Whether a row's patient has what the dictionary's label says: yes, or a value above its threshold. */
export function labelOf(row: readonly string[], { columns, label }: FileDictionary): 0 | 1 {
  const value = Number(row[columns.indexOf(label.column)]);
  return value > (label.rule.kind === 'greater-than' ? label.rule.threshold : 0) ? 1 : 0;
}
