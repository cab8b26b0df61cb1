// The hospitals of a study without a ledger: each one's file, split by patient, with the public numbers that stand
// for its size.
import { createHash } from 'node:crypto';
import { bandWeight, type Dictionary, type PrivacyEvent, type RecordCountBand } from '@consilium/domain';
import { HELD_OUT_SHARE, type PatientUnit, readDataset, splitPatients } from '../../data/index.ts';
import type { SimulatedHospital, UnitRows } from './simulate-study.ts';

export interface SiteFile {
  readonly name: string;
  readonly path: string;
}

export interface Site extends SimulatedHospital {
  readonly heldOut: readonly UnitRows[];
  /** The public band that the number of patients lies in. */
  readonly band: RecordCountBand;
}

/** The split's seed where none is given. Not a secret: whoever knows a patient's id can tell the patient's side. */
export const DEFAULT_SPLIT_SEED = 'consilium';

/**
 * Reads a hospital's file and splits its patients.
 *
 * The same seed and name give every patient the same side, whatever other patients the file holds.
 *
 * @throws DataError with the problems of the file
 */
export async function loadSite(
  { name, path }: SiteFile,
  options: {
    readonly dictionary: Dictionary;
    readonly unit: PrivacyEvent['unit'];
    readonly splitSeed: string;
  },
): Promise<Site> {
  const { dictionary, unit, splitSeed } = options;
  const { units, recordCountBand: band } = await readDataset({ path, dictionary });
  const salt = createHash('sha256')
    .update(JSON.stringify(['split', splitSeed, name]))
    .digest();
  const { training, heldOut } = splitPatients(salt, units);
  const byUnit = (patients: readonly PatientUnit[]): UnitRows[] =>
    unit === 'patient'
      ? patients.map(({ rows }) => rows)
      : patients.flatMap(({ rows }) => rows.map((row) => [row]));
  const weight = bandWeight(band);
  return {
    name,
    training: byUnit(training),
    heldOut: byUnit(heldOut),
    band,
    weight,
    bandSize: (1 - HELD_OUT_SHARE) * weight,
  };
}
