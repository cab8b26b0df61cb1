// A hospital's own dataset as a study uses it: read from its file, shown to be the one that was committed to,
// and split by patient. It is read again for each use, so that a file changed on disk is noticed.
import { bandWeight, type Dataset, type Study } from '@consilium/domain';
import {
  HELD_OUT_SHARE,
  type Dataset as HospitalFile,
  type SplitDataset,
  splitDataset,
} from '../data/index.ts';
import { TrainerError } from '../errors.ts';
import type { PreparedDataset } from '../journal/journal.ts';
import type { TrainerContext } from './trainer-context.ts';

/** A dataset's units of privacy under a study: patients with their rows, or single rows where the unit is the record. */
export interface OwnDataset extends SplitDataset {
  readonly onLedger: Dataset;
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
  const dataset = await committedRows(dataFiles, prepared, onLedger);
  return {
    onLedger,
    ...splitDataset(dataset, { salt: prepared.salt, unit }),
    rowsPerUnit: unit === 'patient' ? onLedger.dictionary.maxRowsPerPatient : 1,
    bandSize: (1 - HELD_OUT_SHARE) * bandWeight(onLedger.recordCountBand),
  };
}

async function committedRows(
  dataFiles: TrainerContext['dataFiles'],
  { datasetId, path, salt }: PreparedDataset,
  onLedger: Dataset,
): Promise<HospitalFile> {
  // The ledger's dictionary is the one that counts: consents were given to it.
  const { dictionary } = onLedger;
  const dataset = await dataFiles.readForStudy({ path, dictionary, salt, encode: true });
  if (dataset.commitment !== onLedger.commitment) {
    throw new TrainerError(
      'TRAINER_DATASET_CHANGED',
      `the file of ${datasetId} is not the one its commitment on the ledger was made of: restore it`,
    );
  }
  return dataset;
}
