// The hospitals of a study without a ledger: each one's file, split by patient, with the public numbers that stand
// for its size.
import { createHash } from 'node:crypto';
import { bandWeight, type Dictionary, type PrivacyEvent, type RecordCountBand } from '@consilium/domain';
import {
  type CsvFormat,
  type DatasetWish,
  HELD_OUT_SHARE,
  type LabelledUnits,
  readDataset,
  splitDataset,
} from '../../data/index.ts';
import { trainingUnitsOf } from '../../study/training-units.ts';
import type { SimulatedHospital } from './simulated-study.ts';

/** Names of hospitals, which name folders of what is written. */
export const SITE_NAME: RegExp = /^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/;

export interface SiteFile {
  /** As `SITE_NAME`. */
  readonly name: string;
  readonly path: string;
}

export interface Site extends SimulatedHospital {
  readonly heldOut: LabelledUnits;
  /** The public band that the number of patients lies in. */
  readonly band: RecordCountBand;
  /** How its text was written; undefined for Parquet. */
  readonly format: CsvFormat | undefined;
}

/** The split's seed where none is given. Not a secret: from a patient's id it gives the patient's side. */
export const DEFAULT_SPLIT_SEED = 'consilium';

/**
 * The salt of the split that a seed gives. Neither the hospital's name nor the command enters it: a study of one
 * hospital and one of several hold out the same patients, and models of both can be compared on them.
 */
export const splitSaltOf = (splitSeed: string): Uint8Array =>
  createHash('sha256')
    .update(JSON.stringify(['split', splitSeed]))
    .digest();

/**
 * Reads a hospital's file and splits its patients.
 *
 * The same seed gives every patient the same side, whatever the hospital is called and whatever other patients the file
 * holds. Somebody who is known by one id to several hospitals is on the same side at all of them.
 *
 * @throws DataError with the problems of the file
 */
export async function loadSite(
  { name, path }: SiteFile,
  options: {
    readonly dictionary: Dictionary;
    readonly unit: PrivacyEvent['unit'];
    readonly splitSeed: string;
  } & Pick<DatasetWish, 'format' | 'onRows'>,
): Promise<Site> {
  const { dictionary, unit, splitSeed, format, onRows } = options;
  const dataset = await readDataset({ path, dictionary, encode: true, format, onRows });
  const { training, heldOut } = splitDataset(dataset, { salt: splitSaltOf(splitSeed), unit });
  const { recordCountBand: band } = dataset;
  const weight = bandWeight(band);
  return {
    name,
    training: trainingUnitsOf(training),
    heldOut,
    band,
    format: dataset.format,
    weight,
    bandSize: (1 - HELD_OUT_SHARE) * weight,
  };
}
