// The split of a dataset's patients into training and held-out, stable for the dataset's whole life: a patient
// that was once held out is never trained on, whatever rows are added or removed.
import { setImmediate as othersTurn } from 'node:timers/promises';
import { type PatientIdTable, patientIdBytes } from './patient-ids.ts';
import { type Dataset, PART_ROWS } from './read-dataset.ts';
import { isHeldOutDigest, saltedDigest } from './salted-ids.ts';

/**
 * Whether a patient is held out: HMAC-SHA256(salt, patient id), read as a fraction, lies below the share.
 *
 * It depends on this patient alone, so that adding or removing one patient moves no other between the sets;
 * that is what lets the two sets have accounts of their own (parallel composition, McSherry 2009).
 */
export function isHeldOut(salt: Uint8Array, patientId: string | Uint8Array): boolean {
  return isHeldOutDigest(saltedDigest(salt, patientId));
}

/** [patients] 1 for each that is held out. */
export function heldOutFlags(salt: Uint8Array, patients: PatientIdTable): Uint8Array {
  return Uint8Array.from({ length: patients.count }, (_, patient) =>
    Number(isHeldOut(salt, patientIdBytes(patients, patient))),
  );
}

/** Ids that are hashed before others have their turn: some milliseconds. */
const IDS_A_TURN = 4096;

/** The same, in turns: a service answers others, and its rounds go on, while a million ids are hashed. */
export async function heldOutFlagsInTurns(salt: Uint8Array, patients: PatientIdTable): Promise<Uint8Array> {
  const flags = new Uint8Array(patients.count);
  for (let patient = 0; patient < patients.count; patient++) {
    if (patient % IDS_A_TURN === IDS_A_TURN - 1) await othersTurn();
    flags[patient] = Number(isHeldOut(salt, patientIdBytes(patients, patient)));
  }
  return flags;
}

/** Units of privacy with their rows, in flat arrays: no object for any of them. */
export interface LabelledUnits {
  readonly featureCount: number;
  /** [units + 1]; unit u has the rows from offsets[u] up to offsets[u + 1]. */
  readonly rowOffsets: Uint32Array;
  /** Float32 [rows · featureCount], row by row. */
  readonly features: Float32Array;
  /** [rows] */
  readonly labels: Float64Array;
}

/** What the units of a study are: a patient's rows, or each row by itself. */
export type UnitOfPrivacy = 'patient' | 'record';

export interface SplitDataset {
  readonly training: LabelledUnits;
  readonly heldOut: LabelledUnits;
}

/**
 * The units on either side of the split, in the order of their patients' first rows; a patient's rows stay together.
 *
 * @param dataset with encoded rows
 */
export function splitDataset(
  dataset: Dataset,
  { salt, unit }: { readonly salt: Uint8Array; readonly unit: UnitOfPrivacy },
): SplitDataset {
  return divideDataset(dataset, { flags: heldOutFlags(salt, dataset.patients), unit });
}

/** Sides of the split for `divideDataset`. */
export const SIDES = { training: 0, heldOut: 1, neither: 2 } as const;

/** The same, where the caller says who is on which side. @param flags [patients] one of `SIDES` for each */
export function divideDataset(
  { patients, patientOfRow, encoded }: Dataset,
  { flags, unit }: { readonly flags: Uint8Array; readonly unit: UnitOfPrivacy },
): SplitDataset {
  if (encoded === undefined) throw new TypeError('the rows of a dataset that is split are encoded');
  const { featureCount, parts, labels } = encoded;
  const rowsOf = new Uint32Array(patients.count);
  for (const patient of patientOfRow) rowsOf[patient]!++;
  const sides = [0, 1].map((side) => ({ side, units: 0, rows: 0 }));
  const firstRow = new Uint32Array(patients.count);
  for (let patient = 0; patient < patients.count; patient++) {
    const own = sides[flags[patient]!];
    if (own === undefined) continue;
    firstRow[patient] = own.rows;
    own.rows += rowsOf[patient]!;
    own.units += unit === 'patient' ? 1 : rowsOf[patient]!;
  }
  const [training, heldOut] = sides.map(({ units, rows }) => ({
    featureCount,
    rowOffsets: new Uint32Array(units + 1),
    features: new Float32Array(rows * featureCount),
    labels: new Float64Array(rows),
  })) as [LabelledUnits, LabelledUnits];
  const next = firstRow.slice();
  for (let row = 0; row < patientOfRow.length; row++) {
    const patient = patientOfRow[row]!;
    if (flags[patient] === SIDES.neither) continue;
    const own = flags[patient] === SIDES.heldOut ? heldOut : training;
    const to = next[patient]!++;
    const from = (row % PART_ROWS) * featureCount;
    own.features.set(
      parts[Math.floor(row / PART_ROWS)]!.subarray(from, from + featureCount),
      to * featureCount,
    );
    own.labels[to] = labels[row]!;
  }
  for (const [side, { rowOffsets }] of [training, heldOut].entries()) {
    let made = 0;
    if (unit === 'record') {
      for (let row = 0; row < rowOffsets.length; row++) rowOffsets[row] = row;
      continue;
    }
    for (let patient = 0; patient < patients.count; patient++) {
      if (flags[patient] !== side) continue;
      made += 1;
      rowOffsets[made] = rowOffsets[made - 1]! + rowsOf[patient]!;
    }
  }
  return { training, heldOut };
}

/** The labels of each unit's rows. */
export const labelsByUnit = ({ rowOffsets, labels }: LabelledUnits): number[][] =>
  Array.from({ length: rowOffsets.length - 1 }, (_, unit) => [
    ...labels.subarray(rowOffsets[unit]!, rowOffsets[unit + 1]!),
  ]);
