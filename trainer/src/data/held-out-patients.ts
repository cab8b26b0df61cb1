// Which patients of a hospital's own file are held out, for its own systems. Nothing leaves the house.
import { setImmediate as othersTurn } from 'node:timers/promises';
import { TrainerError } from '../errors.ts';
import type { TrainerContext } from '../study/trainer-context.ts';
import { heldOutFlagsInTurns, type PatientIdTable, patientIdAt } from './index.ts';

type Context = Pick<TrainerContext, 'journal' | 'ledger' | 'dataFiles'>;

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
