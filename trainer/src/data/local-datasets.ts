// The hospital's own files: checked by their dictionary, committed to, and remembered. Nothing leaves the house.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setImmediate as othersTurn } from 'node:timers/promises';
import {
  canonicalJson,
  type Dictionary,
  DomainError,
  largestAdvisedDelta,
  type RecordCountBand,
} from '@consilium/domain';
import { TrainerError } from '../errors.ts';
import { describeFailure } from '../failure.ts';
import { GatewayProblem } from '../gateway/gateway-client.ts';
import type { RegistrationAttempts } from '../study/registration-attempts.ts';
import type { TrainerContext } from '../study/trainer-context.ts';
import { DataError, heldOutFlagsInTurns, type PatientIdTable, patientIdAt } from './index.ts';

type Context = Pick<TrainerContext, 'journal' | 'ledger' | 'mspId' | 'dataFiles' | 'log'>;

const SALT_BYTES = 32;

export interface Commitment {
  readonly datasetId: string;
  readonly commitment: string;
  readonly recordCountBand: RecordCountBand;
  /** The largest δ for the privacy budget that is small against the band. */
  readonly largestAdvisedDelta: string;
}

export interface DatasetRequest {
  readonly datasetId: string;
  readonly path: string;
  readonly dictionary: Dictionary;
}

/**
 * Reads a file whole, and remembers it under the dataset's id together with a secret salt.
 *
 * The salt is drawn once for a dataset's life and decides its split, so that preparing it again (from another
 * path, say) gives the same commitment for the same rows. Every attempt is counted and logged with who made it; what a
 * refusal tells of the file is which rule which column of the dictionary breaks.
 *
 * @throws DataError; TrainerError where the path, the number of attempts or the ledger is against it; DomainError
 * DATASET_EXISTS for the id of another hospital's dataset
 */
export async function prepareDataset(
  context: Context & { readonly attempts: RegistrationAttempts },
  request: DatasetRequest,
  askedBy: string,
): Promise<Commitment> {
  const { datasetId, path } = request;
  const about = { audit: 'dataset check', askedBy, datasetId, path };
  try {
    const prepared = await checkAndKeep(context, request);
    context.log.info({ ...about, outcome: 'prepared' }, 'a file was checked');
    return prepared;
  } catch (thrown) {
    const error = thrown instanceof DataError ? thrown.withoutPlaces() : thrown;
    context.log.warn({ ...about, outcome: describeFailure(error).code }, 'a file was checked');
    throw error;
  }
}

async function checkAndKeep(
  context: Context & { readonly attempts: RegistrationAttempts },
  { datasetId, path, dictionary }: DatasetRequest,
): Promise<Commitment> {
  const { journal, dataFiles, attempts } = context;
  // What the ledger refuses is refused before the file is looked at.
  const committed = await committedOnLedger(context, { datasetId, dictionary });
  const salt = journal.dataset(datasetId)?.salt ?? new Uint8Array(randomBytes(SALT_BYTES));
  const { commitment, recordCountBand } = await dataFiles.read({ path, dictionary, salt }, (identity) =>
    attempts.count(identity),
  );
  assert(commitment !== undefined, 'a salt was given');
  if (committed !== undefined && committed !== commitment) throw new TrainerError('TRAINER_DATASET_CHANGED');
  journal.saveDataset({ datasetId, path, dictionary, salt, commitment, recordCountBand });
  return {
    datasetId,
    commitment,
    recordCountBand,
    largestAdvisedDelta: largestAdvisedDelta(recordCountBand),
  };
}

/** The commitment that the ledger has for a dataset of this hospital; undefined where it has none by this id. */
async function committedOnLedger(
  { ledger, mspId }: Context,
  { datasetId, dictionary }: Omit<DatasetRequest, 'path'>,
): Promise<string | undefined> {
  const onLedger = await ledger.getDataset(datasetId).catch((error: unknown) => {
    if (error instanceof GatewayProblem && error.code === 'DATASET_NOT_FOUND') return undefined;
    throw error;
  });
  if (onLedger === undefined) return undefined;
  if (onLedger.owner !== mspId) {
    throw new DomainError(
      'DATASET_EXISTS',
      `${datasetId} is a dataset of ${onLedger.owner}: choose another id`,
    );
  }
  if (canonicalJson(onLedger.dictionary) !== canonicalJson(dictionary)) {
    throw new TrainerError('TRAINER_DATASET_CHANGED', `the ledger has another dictionary for ${datasetId}`);
  }
  return onLedger.commitment;
}

/** As many as a fifth of a file's rows: made one by one, as they are asked for. */
export type HeldOut = { readonly rows: Iterable<number> } | { readonly patients: Iterable<string> };

/**
 * The patients who are held out, for the hospital's own systems asking about their own data: the numbers of all their
 * rows in the file, from 1, or their ids where those are asked for.
 *
 * @throws TrainerError TRAINER_INPUT_INVALID for ids of a file that has none; GatewayProblem DATASET_NOT_FOUND for ids
 * of a dataset that is not on the ledger, where everyone can see which column its dictionary names
 */
export async function heldOutPatients(
  {
    journal,
    dataFiles,
    ledger,
  }: {
    readonly journal: Pick<Context['journal'], 'dataset'>;
    readonly dataFiles: Context['dataFiles'];
    readonly ledger: Pick<Context['ledger'], 'getDataset'>;
  },
  { datasetId, as }: { readonly datasetId: string; readonly as: 'rows' | 'ids' },
): Promise<HeldOut> {
  const prepared = journal.dataset(datasetId);
  if (prepared === undefined) throw new TrainerError('TRAINER_DATASET_NOT_PREPARED');
  if (as === 'ids' && prepared.dictionary.patientId === null) {
    throw new TrainerError('TRAINER_INPUT_INVALID', 'the file has no ids of patients: ask for as=rows');
  }
  // A dictionary that nobody but its author has seen could name any column as that of ids.
  if (as === 'ids' && (await ledger.getDataset(datasetId)).commitment !== prepared.commitment) {
    throw new TrainerError('TRAINER_DATASET_CHANGED');
  }
  const { path, dictionary, salt } = prepared;
  const { patients, patientOfRow } = await dataFiles.read({ path, dictionary });
  const flags = await heldOutFlagsInTurns(salt, patients);
  return as === 'ids'
    ? { patients: heldOutIds(flags, patients) }
    : { rows: heldOutRows(flags, patientOfRow) };
}

function* heldOutIds(flags: Uint8Array, patients: PatientIdTable): Generator<string, void, undefined> {
  for (let patient = 0; patient < flags.length; patient++) {
    if (flags[patient] === 1) yield patientIdAt(patients, patient);
  }
}

function* heldOutRows(flags: Uint8Array, patientOfRow: Uint32Array): Generator<number, void, undefined> {
  for (let row = 0; row < patientOfRow.length; row++) if (flags[patientOfRow[row]!] === 1) yield row + 1;
}

/** Members of a list in one piece of its text: a millisecond's work. */
const MEMBERS_A_PIECE = 4096;

/** The answer as JSON, in pieces with turns of others between: a service goes on while it sends millions of numbers. */
export async function* heldOutText(heldOut: HeldOut): AsyncGenerator<string, void, undefined> {
  const [[name, members]] = Object.entries(heldOut) as [[string, Iterable<number | string>]];
  let text = `{"${name}":[`;
  let [count, separator] = [0, ''];
  for (const member of members) {
    text += separator + JSON.stringify(member);
    separator = ',';
    if (++count % MEMBERS_A_PIECE > 0) continue;
    yield text;
    text = '';
    await othersTurn();
  }
  yield `${text}]}`;
}
