// Writes the synthetic hospitals' files, in the columns and habits of the UCI heart-disease files.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HOSPITALS, type HospitalProfile } from './hospitals.ts';
import { COLUMNS, type Column, drawPatient, type Patient } from './patients.ts';
import { type Random, seededRandom } from './random.ts';

export interface Cohort {
  readonly hospital: HospitalProfile;
  /** The file's text: no header, one row per patient, `\n` after every row. */
  readonly text: string;
  readonly patients: number;
}

function fieldOf(column: Column, patient: Patient, hospital: HospitalProfile, random: Random): string {
  const missing = random.chance(hospital.missing[column] ?? 0);
  if (missing) return hospital.zeroForMissing.includes(column) ? '0' : '?';
  const value = patient[column];
  return hospital.decimals && column !== 'num' ? value.toFixed(1) : String(value);
}

/** One hospital's cohort. The same seed gives the same bytes. */
export function generateCohort(hospital: HospitalProfile, seed: number): Cohort {
  const random = seededRandom(seed, hospital.name);
  const patients = random.integer(hospital.patients.low, hospital.patients.high);
  const lines = Array.from({ length: patients }, () => {
    const patient = drawPatient(hospital, random);
    return COLUMNS.map((column) => fieldOf(column, patient, hospital, random)).join(',');
  });
  return { hospital, text: `${lines.join('\n')}\n`, patients };
}

export const generateCohorts = (seed: number): Cohort[] =>
  HOSPITALS.map((hospital) => generateCohort(hospital, seed));

/** Writes each cohort to `<hospital>.data` in a directory and returns the paths in the hospitals' order. */
export function writeCohorts(seed: number, directory: string): string[] {
  mkdirSync(directory, { recursive: true });
  return generateCohorts(seed).map(({ hospital, text }) => {
    const path = join(directory, `${hospital.name}.data`);
    writeFileSync(path, text);
    return path;
  });
}
