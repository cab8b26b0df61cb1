// A hospital's own dataset as a study uses it: read from its file, shown to be the revision that was consented to, and
// split by patient. What it follows from is looked at again for each use, the file's bytes too, so that a file changed
// on disk, or a patient who withdrew, is noticed; what is the same as before is not read again (decision 52).
import {
  blocksOf,
  type Consent,
  type Dataset,
  patientsIn,
  populationIdOf,
  revisionOf,
  type Study,
} from '@consilium/domain';
import type { PeopleWish } from '../data/find-people.ts';
import { HELD_OUT_SHARE, type SplitDataset } from '../data/index.ts';
import type { StudyUnits } from '../data/prepared-units.ts';
import { TrainerError } from '../errors.ts';
import {
  findRevision,
  type RegisterContext,
  type RevisionOnLedger,
  recordRevisions,
  requireConsentedBlocks,
  requireNoPatientsNamed,
  requireRemovalsKnown,
} from '../people/register.ts';

/** Whose patients a study is given. */
export type Consented = Pick<Consent, 'studyId' | 'datasetId' | 'revision' | 'blocks'>;

/**
 * A dataset's units of privacy under a study: patients with their rows, or single rows where the unit is the record.
 */
export interface OwnDataset extends SplitDataset {
  readonly onLedger: Dataset;
  readonly rowsPerUnit: number;
  /** The public number of training units that means divide by. */
  readonly bandSize: number;
  /**
   * To be called when a draw begins: whoever withdrew since the file was read is in it.
   *
   * @throws TrainerError TRAINER_PATIENTS_CHANGED
   */
  readonly requireNobodyWithdrew: () => void;
}

/**
 * The units of a consent on either side of the split: those of the blocks that it names, in the revision that it is to,
 * less the patients who withdrew since.
 *
 * @throws TrainerError TRAINER_DATASET_NOT_PREPARED, TRAINER_DATASET_CHANGED or TRAINER_REGISTER_DIFFERS; DataError for
 * a broken file
 */
export async function ownDataset(
  context: RegisterContext,
  { consent, unit }: { readonly consent: Consented; readonly unit: Study['unit'] },
): Promise<OwnDataset> {
  const { journal, ledger } = context;
  const { studyId, datasetId } = consent;
  await recordRevisions(context, datasetId);
  const onLedger = await ledger.getDataset(datasetId);
  const populationId = populationIdOf(onLedger);
  const named = { studyId, datasetId, revision: revisionOf(consent), blocks: blocksOf(consent) };
  const revision = await consentedRevision(context, { onLedger, consent });
  await requireRemovalsKnown(context, onLedger);
  const withdrawn = journal.countWithdrawn(populationId);
  const { training, heldOut } = await committedUnits(context, { onLedger, consent, revision, unit });
  journal.keepOffer(named);
  return {
    onLedger,
    training,
    heldOut,
    rowsPerUnit: unit === 'patient' ? onLedger.dictionary.maxRowsPerPatient : 1,
    bandSize: bandSizeIn(consent, revision),
    requireNobodyWithdrew() {
      if (journal.countWithdrawn(populationId) === withdrawn) return;
      throw new TrainerError('TRAINER_PATIENTS_CHANGED');
    },
  };
}

/**
 * The public number of training units under a consent: of the bands that it names, and of nothing else.
 *
 * @throws TrainerError TRAINER_GATEWAY_REFUSED; GatewayProblem
 */
export async function bandSizeOf(
  context: Pick<RegisterContext, 'ledger'>,
  consent: Consented,
): Promise<number> {
  const onLedger = await context.ledger.getDataset(consent.datasetId);
  return bandSizeIn(consent, await consentedRevision(context, { onLedger, consent }));
}

const bandSizeIn = (consent: Consented, revision: RevisionOnLedger): number =>
  (1 - HELD_OUT_SHARE) * patientsIn(consent, revision);

interface Wanted {
  readonly onLedger: Dataset;
  readonly consent: Consented;
}

async function consentedRevision(
  context: Pick<RegisterContext, 'ledger'>,
  { onLedger, consent }: Wanted,
): Promise<RevisionOnLedger> {
  const { datasetId } = consent;
  const revision = revisionOf(consent);
  if (revision === (onLedger.revision ?? 1)) return { ...onLedger, blocks: undefined };
  const found = await findRevision(context, { datasetId, revision });
  if (found !== undefined) return found;
  throw new TrainerError('TRAINER_GATEWAY_REFUSED', `the ledger has no revision ${revision} of ${datasetId}`);
}

async function committedUnits(
  context: RegisterContext,
  {
    onLedger,
    consent,
    revision,
    unit,
  }: Wanted & { readonly revision: RevisionOnLedger; readonly unit: Study['unit'] },
): Promise<StudyUnits> {
  const { datasetId } = consent;
  const { file, people } = await whereItIs(context, { onLedger, consent });
  // The ledger's dictionary is the one that counts: consents were given to it.
  const { dictionary } = onLedger;
  const { salt } = people;
  const blocks = blocksOf(consent);
  const units = await context.dataFiles.unitsForStudy({ ...file, dictionary, salt, people, blocks, unit });
  if (units.commitment !== revision.commitment) {
    throw new TrainerError(
      'TRAINER_DATASET_CHANGED',
      `the file of ${datasetId} is not the one that the commitment to revision ${revisionOf(consent)} on the ledger ` +
        'was made of: restore it',
    );
  }
  return units;
}

/** The file of the consented revision, and whom of it the register knows. */
async function whereItIs(
  context: RegisterContext,
  { onLedger, consent }: Wanted,
): Promise<{ readonly file: { path: string; isKept?: boolean }; readonly people: PeopleWish }> {
  const { journal } = context;
  const { datasetId } = consent;
  const prepared = journal.dataset(datasetId);
  if (prepared === undefined) {
    throw new TrainerError(
      'TRAINER_DATASET_NOT_PREPARED',
      `this trainer has no file for ${datasetId}: POST /local/datasets first`,
    );
  }
  const populationId = populationIdOf(onLedger);
  const salt = journal.populationSalt(populationId) ?? prepared.salt;
  // Last, since others may withdraw while the ledger is asked.
  const people = () => ({ salt, withdrawn: journal.withdrawn(populationId), leavesOutWithdrawn: false });
  const key = { datasetId, revision: revisionOf(consent) };
  const known = journal.revision(key);
  if (known?.state === 'recorded') {
    await requireConsentedBlocks(context, { dataset: onLedger, named: blocksOf(consent) });
    const { copy, path } = known;
    return {
      file: copy === undefined ? { path } : { path: journal.copyPath(copy), isKept: true },
      people: { ...people(), blocks: journal.knownBlocks(key), takesNew: false },
    };
  }
  if (key.revision > 1 || populationId !== datasetId) {
    throw new TrainerError(
      'TRAINER_REGISTER_DIFFERS',
      `this folder lacks revision ${key.revision} of ${datasetId}, which the consent is to: prepare its file ` +
        'again, or restore the newest copy of CONSILIUM_DATA_DIR',
    );
  }
  // From before there were registers: everyone in the file is of block 1.
  await requireNoPatientsNamed(context, onLedger);
  return { file: { path: prepared.path }, people: { ...people(), blocks: [], takesNew: true } };
}
