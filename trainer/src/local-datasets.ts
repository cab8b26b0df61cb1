// The hospital's own files: checked by their dictionary, committed to, and remembered. Nothing leaves the house.
import { randomBytes } from 'node:crypto';
import { isAbsolute } from 'node:path';
import {
  canonicalJson,
  type Dictionary,
  largestAdvisedDelta,
  type RecordCountBand,
} from '@consilium/chaincode/domain';
import { readDataset, splitPatients } from './data/index.ts';
import { commitmentOf } from './dataset-commitment.ts';
import { TrainerError } from './errors.ts';
import { GatewayProblem } from './gateway-client.ts';
import type { TrainerContext } from './trainer-context.ts';

type Context = Pick<TrainerContext, 'journal' | 'ledger' | 'mspId'>;

const SALT_BYTES = 32;

export interface Commitment {
  readonly datasetId: string;
  readonly commitment: string;
  readonly recordCountBand: RecordCountBand;
  /** The largest δ for the privacy budget that is small against the band. */
  readonly largestAdvisedDelta: string;
}

/**
 * Reads a file whole, and remembers it under the dataset's id together with a secret salt.
 *
 * The salt is drawn once for a dataset's life and decides its split, so that preparing it again (from another
 * path, say) gives the same commitment for the same rows.
 *
 * @throws DataError with every problem of the file; TrainerError where the ledger has another dataset by this id
 */
export async function prepareDataset(
  { journal, ledger, mspId }: Context,
  request: { readonly datasetId: string; readonly path: string; readonly dictionary: Dictionary },
): Promise<Commitment> {
  const { datasetId, path, dictionary } = request;
  if (!isAbsolute(path)) throw new TrainerError('TRAINER_INPUT_INVALID', 'path must be absolute');
  const { units, recordCountBand } = await readDataset({ path, dictionary });
  const salt = journal.dataset(datasetId)?.salt ?? new Uint8Array(randomBytes(SALT_BYTES));
  const commitment = await commitmentOf(units, salt);
  const onLedger = await ledger.getDataset(datasetId).catch((error: unknown) => {
    if (error instanceof GatewayProblem && error.code === 'DATASET_NOT_FOUND') return undefined;
    throw error;
  });
  if (onLedger !== undefined) {
    if (onLedger.owner !== mspId) {
      throw new GatewayProblem({
        status: 409,
        code: 'DATASET_EXISTS',
        detail: `${datasetId} is a dataset of ${onLedger.owner}: choose another id`,
      });
    }
    if (canonicalJson(onLedger.dictionary) !== canonicalJson(dictionary)) {
      throw new TrainerError('TRAINER_DATASET_CHANGED', `the ledger has another dictionary for ${datasetId}`);
    }
    if (onLedger.commitment !== commitment) throw new TrainerError('TRAINER_DATASET_CHANGED');
  }
  journal.saveDataset({ datasetId, path, dictionary, salt, commitment, recordCountBand });
  return {
    datasetId,
    commitment,
    recordCountBand,
    largestAdvisedDelta: largestAdvisedDelta(recordCountBand),
  };
}

export type HeldOut = { readonly rows: readonly number[] } | { readonly patients: readonly string[] };

/**
 * The patients who are held out, for the hospital's own systems asking about their own data: the numbers of all their
 * rows in the file, from 1, or their ids where those are asked for.
 *
 * @throws TrainerError TRAINER_INPUT_INVALID for ids of a file that has none
 */
export async function heldOutPatients(
  { journal }: { readonly journal: Pick<Context['journal'], 'dataset'> },
  { datasetId, as }: { readonly datasetId: string; readonly as: 'rows' | 'ids' },
): Promise<HeldOut> {
  const prepared = journal.dataset(datasetId);
  if (prepared === undefined) throw new TrainerError('TRAINER_DATASET_NOT_PREPARED');
  if (as === 'ids' && prepared.dictionary.patientId === null) {
    throw new TrainerError('TRAINER_INPUT_INVALID', 'the file has no ids of patients: ask for as=rows');
  }
  const { units } = await readDataset(prepared);
  const { heldOut } = splitPatients(prepared.salt, units);
  if (as === 'ids') return { patients: heldOut.map(({ patientId }) => patientId) };
  const rows = heldOut.flatMap(({ rowNumbers }) => rowNumbers);
  return { rows: rows.sort((a, b) => a - b) };
}
