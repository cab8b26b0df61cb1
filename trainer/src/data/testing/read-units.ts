// Datasets of tests, read from bytes at hand, and their units of privacy as objects that can be compared.
import type { Dictionary } from '@consilium/domain';
import { type ByteSource, sourceOfBytes } from '../byte-source.ts';
import { patientIdAt } from '../patient-ids.ts';
import { type Dataset, type DatasetWish, datasetOf, PART_ROWS } from '../read-dataset.ts';

export const sourceOf = (content: string | Uint8Array): ByteSource =>
  sourceOfBytes(typeof content === 'string' ? new TextEncoder().encode(content) : content);

/** The encoded dataset of a file's text or bytes. */
export const readContent = (
  content: string | Uint8Array,
  dictionary: Dictionary,
  wish: Omit<DatasetWish, 'dictionary'> = {},
): Promise<Dataset> =>
  datasetOf({ source: sourceOf(content), name: 'patients' }, { encode: true, ...wish, dictionary });

export interface ReadUnit {
  readonly patientId: string;
  readonly rows: { readonly x: Float32Array; readonly y: number }[];
  /** From 1. */
  readonly rowNumbers: number[];
}

/** Each patient with its rows, of a dataset whose rows are encoded. */
export function unitsOf({ patients, patientOfRow, encoded }: Dataset): ReadUnit[] {
  const units = Array.from(
    { length: patients.count },
    (_, patient): ReadUnit => ({ patientId: patientIdAt(patients, patient), rows: [], rowNumbers: [] }),
  );
  patientOfRow.forEach((patient, row) => {
    const { featureCount, parts, labels } = encoded!;
    const from = (row % PART_ROWS) * featureCount;
    const x = parts[Math.floor(row / PART_ROWS)]!.slice(from, from + featureCount);
    units[patient]!.rows.push({ x, y: labels[row]! });
    units[patient]!.rowNumbers.push(row + 1);
  });
  return units;
}
