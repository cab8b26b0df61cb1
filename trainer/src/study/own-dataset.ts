// A hospital's own dataset as a study uses it: read from its file, shown to be the one that was committed to,
// and split by patient. It is read anew for each use, so that a file changed on disk is noticed.
import { bandWeight, type Dataset, type Study } from '@consilium/domain';
import { HELD_OUT_SHARE, type PatientUnit, splitPatients } from '../data/index.ts';
import { TrainerError } from '../errors.ts';
import type { PreparedDataset } from '../journal/journal.ts';
import { commitmentOf } from './dataset-commitment.ts';
import type { TrainerContext } from './trainer-context.ts';

/** A unit of privacy under a study: a patient's rows, or one row where the unit is the record. */
export type Unit = PatientUnit['rows'];

export interface OwnDataset {
  readonly onLedger: Dataset;
  readonly training: readonly Unit[];
  readonly heldOut: readonly Unit[];
  readonly rowsPerUnit: number;
  /** The public number of training units that means divide by. */
  readonly bandSize: number;
}

/**
 * The dataset's units on either side of the split.
 *
 * @throws TrainerError TRAINER_DATASET_NOT_PREPARED or TRAINER_DATASET_CHANGED; DataError for a broken file
 */
export async function ownDataset(
  { journal, ledger, dataFiles }: Pick<TrainerContext, 'journal' | 'ledger' | 'dataFiles'>,
  { datasetId, unit }: { readonly datasetId: string; readonly unit: Study['unit'] },
): Promise<OwnDataset> {
  const prepared = journal.dataset(datasetId);
  if (prepared === undefined) {
    throw new TrainerError(
      'TRAINER_DATASET_NOT_PREPARED',
      `this trainer has no file for ${datasetId}: POST /local/datasets first`,
    );
  }
  const onLedger = await ledger.getDataset(datasetId);
  const units = await committedUnits(dataFiles, prepared, onLedger);
  const { training, heldOut } = splitPatients(prepared.salt, units);
  const byUnit = (patients: readonly PatientUnit[]): Unit[] =>
    unit === 'patient'
      ? patients.map(({ rows }) => rows)
      : patients.flatMap(({ rows }) => rows.map((row) => [row]));
  return {
    onLedger,
    training: byUnit(training),
    heldOut: byUnit(heldOut),
    rowsPerUnit: unit === 'patient' ? onLedger.dictionary.maxRowsPerPatient : 1,
    bandSize: (1 - HELD_OUT_SHARE) * bandWeight(onLedger.recordCountBand),
  };
}

async function committedUnits(
  dataFiles: TrainerContext['dataFiles'],
  prepared: PreparedDataset,
  onLedger: Dataset,
): Promise<readonly PatientUnit[]> {
  const { datasetId, path, salt } = prepared;
  // The ledger's dictionary is the one that counts: consents were given to it.
  const { units } = await dataFiles.readForStudy({ path, dictionary: onLedger.dictionary });
  if ((await commitmentOf(units, salt)) !== onLedger.commitment) {
    throw new TrainerError(
      'TRAINER_DATASET_CHANGED',
      `the file of ${datasetId} is not the one its commitment on the ledger was made of: restore it`,
    );
  }
  return units;
}
