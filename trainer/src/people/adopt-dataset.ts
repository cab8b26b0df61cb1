// A dataset that was registered before there were populations gets its register: its patients are block 1 of a
// population of its own, and its registration is revision 1. Salt, split and commitment stay.
import { randomUUID } from 'node:crypto';
import { extname } from 'node:path';
import { bandOf, type Dataset, populationIdOf } from '@consilium/domain';
import { DataError } from '../data/index.ts';
import { SALTED_ID_BYTES } from '../data/salted-ids.ts';
import { TrainerError } from '../errors.ts';
import { logFailure } from '../failure.ts';
import { everyone, removeUnnamed, writeBlockFile } from './kept-files.ts';
import { findDataset, type RegisterContext, requireNoPatientsNamed } from './register.ts';
import { inRegisterTurn } from './turns.ts';

/** The name of a new copy of a file, with the ending that can say its format. */
export const copyNameOf = (datasetId: string, path: string): string =>
  `${datasetId}-${randomUUID()}${/^\.\w{1,8}$/.exec(extname(path))?.[0] ?? ''}`;

/**
 * Does nothing where there is a register, nor for a dataset of which the ledger has another revision.
 *
 * @param candidate name of a copy that may be of the registered file, where the hospital's own is no longer
 * @throws TrainerError TRAINER_DATASET_CHANGED where neither file is the one that was registered
 */
export async function adopt(
  context: RegisterContext,
  { onLedger, candidate }: { readonly onLedger: Dataset; readonly candidate?: string },
): Promise<void> {
  const { journal, dataFiles } = context;
  const { datasetId, dictionary, commitment, recordCountBand } = onLedger;
  const populationId = populationIdOf(onLedger);
  const prepared = journal.dataset(datasetId);
  if (prepared === undefined || populationId !== datasetId || (onLedger.revision ?? 1) > 1) return;
  if (journal.revisions(datasetId).length > 0 || journal.blocks(populationId).length > 0) return;
  await requireNoPatientsNamed(context, onLedger);
  const { salt, path } = prepared;
  const own = copyNameOf(datasetId, path);
  journal.filesAtWork.add(own);
  const keepOwn = () => dataFiles.keep({ path, copy: journal.copyPath(own) }).then(() => own);
  const people = { salt, blocks: [], withdrawn: new Uint8Array(), leavesOutWithdrawn: false, takesNew: true };
  for (const copyOf of candidate === undefined ? [keepOwn] : [keepOwn, async () => candidate]) {
    const found = await unlessRefused(async () => {
      const copy = await copyOf();
      const file = { path: journal.copyPath(copy), isKept: true, dictionary, salt, people };
      return { copy, ...(await dataFiles.read(file)) };
    });
    if (found?.commitment !== commitment || found.people === undefined) continue;
    const { copy } = found;
    const { fresh } = found.people;
    const patients = fresh.length / SALTED_ID_BYTES;
    const patientsSha256 = writeBlockFile(journal, fresh);
    const key = { datasetId, revision: 1 };
    journal.transaction(() => {
      journal.keepPopulation(populationId, salt);
      journal.keepPending(
        {
          ...{ ...key, populationId, dictionary, path, copy, commitment, recordCountBand },
          blocks: [{ block: 1, recordCountBand }],
          newBlock: { block: 1, patients, patientsSha256, recordCountBand: bandOf(patients)! },
          removed: false,
        },
        [everyone({ block: 1, patients })],
      );
      journal.recordRevision(key);
    });
    return;
  }
  throw new TrainerError(
    'TRAINER_DATASET_CHANGED',
    `the file of ${datasetId} is not the registered one, whose patients are to be known before another revision: ` +
      'prepare that file once more, then the next',
  );
}

/** What the file, or its place, is refused for is no error here. */
async function unlessRefused<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof DataError || error instanceof TrainerError) return undefined;
    throw error;
  }
}

/** Every dataset of this hospital from before. One that fails is said, and waits for its next preparation. */
export async function adoptAll(context: RegisterContext): Promise<void> {
  const { journal, log, mspId } = context;
  for (const { datasetId } of journal.datasets()) {
    try {
      await inRegisterTurn(journal, async () => {
        try {
          const onLedger = await findDataset(context, datasetId);
          if (onLedger?.owner === mspId) await adopt(context, { onLedger });
        } finally {
          journal.filesAtWork.clear();
          await removeUnnamed(journal);
        }
      });
    } catch (error) {
      logFailure(log, error, { datasetId, work: 'registering the patients of a dataset from before' });
    }
  }
}
