// The register of a population's patients beside what the ledger says of it. The journal follows the ledger: a prepared
// revision counts once the ledger has it, and a register that is not the ledger's is not used.
import { createHash, randomBytes } from 'node:crypto';
import { type Block, type Dataset, DomainError, type Population, populationIdOf } from '@consilium/domain';
import { TrainerError } from '../errors.ts';
import { GatewayProblem } from '../gateway/gateway-client.ts';
import type { Revision } from '../journal/people-journal.ts';
import type { TrainerContext } from '../study/trainer-context.ts';
import { removeUnused } from './kept-files.ts';

export type RegisterContext = Pick<TrainerContext, 'journal' | 'ledger' | 'mspId' | 'dataFiles' | 'log'>;
type Context = Pick<RegisterContext, 'journal' | 'ledger'>;
type OnLedger = Pick<RegisterContext, 'ledger'>;

const SALT_BYTES = 32;

/** What a ledger or a gateway from before there were populations answers. */
const UNKNOWN: ReadonlySet<string> = new Set(['INVALID_ARGUMENT', 'ROUTE_NOT_FOUND']);

const RESTORE =
  'Where another preparation than the last one was sent to the ledger, prepare that file once more, as it was. ' +
  'Otherwise stop the trainer and restore the newest copy of CONSILIUM_DATA_DIR; then record the withdrawals of ' +
  'patients since that copy again';

const differs = (what: string): TrainerError =>
  new TrainerError(
    'TRAINER_REGISTER_DIFFERS',
    `${what}: this folder is an older copy, or another's, or the preparation was replaced. ${RESTORE}`,
  );

/** A dataset on the ledger; undefined where it has none by this id. */
export async function findDataset({ ledger }: OnLedger, datasetId: string): Promise<Dataset | undefined> {
  return ledger.getDataset(datasetId).catch((error: unknown) => {
    if (error instanceof GatewayProblem && error.code === 'DATASET_NOT_FOUND') return undefined;
    throw error;
  });
}

interface PopulationOnLedger {
  /** undefined where there is none by this id. */
  readonly population: Population | undefined;
  readonly blocks: readonly Block[];
  /** The ledger knows of no populations yet. */
  readonly isSilent?: true;
}

async function findPopulation({ ledger }: Context, populationId: string): Promise<PopulationOnLedger> {
  try {
    const population = await ledger.getPopulation(populationId);
    return { population, blocks: population === undefined ? [] : await ledger.listBlocks(populationId) };
  } catch (error) {
    if (!(error instanceof GatewayProblem && UNKNOWN.has(error.code))) throw error;
    return { population: undefined, blocks: [], isSilent: true };
  }
}

/** What the ledger says of one revision of a dataset. */
export interface RevisionOnLedger {
  readonly commitment: string;
  readonly recordCountBand: Dataset['recordCountBand'];
  /** undefined where the ledger knows of no blocks yet. */
  readonly blocks: readonly number[] | undefined;
}

/** undefined where the ledger has no such revision. */
export async function findRevision(
  context: OnLedger,
  { datasetId, revision }: Pick<Revision, 'datasetId' | 'revision'>,
): Promise<RevisionOnLedger | undefined> {
  const dataset = await findDataset(context, datasetId);
  if (dataset === undefined || revision > (dataset.revision ?? 1)) return undefined;
  try {
    const revisions = await context.ledger.listRevisions(datasetId);
    const found = revisions.find((one) => one.revision === revision);
    return found && { ...found, blocks: found.blocks.map(({ block }) => block) };
  } catch (error) {
    if (!(error instanceof GatewayProblem && UNKNOWN.has(error.code))) throw error;
    return revision === 1 ? { ...dataset, blocks: undefined } : undefined;
  }
}

/**
 * Records each pending revision that the ledger has, as it was prepared. One that the ledger has otherwise is dropped:
 * it is to be prepared, and revised, once more.
 */
export async function recordRevisions(context: RegisterContext, datasetId?: string): Promise<void> {
  const { journal, log } = context;
  let isChanged = false;
  for (const pending of journal.revisions(datasetId).filter(({ state }) => state === 'pending')) {
    const onLedger = await findRevision(context, pending);
    if (onLedger === undefined) continue;
    const isSame = await isAsPrepared(context, pending, onLedger);
    if (!isStillPending(context, pending)) continue;
    isChanged = true;
    const { datasetId: id, revision } = pending;
    if (isSame) {
      recordOne(context, pending);
      log.info({ datasetId: id, revision }, 'a prepared revision is on the ledger');
    } else {
      journal.dropRevision(pending);
      if (revision === 1) journal.forgetDataset(id);
      log.warn({ datasetId: id, revision }, 'the ledger has another revision than the one that was prepared');
    }
  }
  if (isChanged) await removeUnused(context);
}

/** While the ledger was asked, another may have recorded it, dropped it, or prepared one that takes its place. */
function isStillPending({ journal }: Context, pending: Revision): boolean {
  const now = journal.revision(pending);
  return now?.state === 'pending' && now.copy === pending.copy && now.commitment === pending.commitment;
}

function recordOne({ journal }: Context, pending: Revision): void {
  const { datasetId, path, dictionary, commitment, recordCountBand, populationId } = pending;
  journal.transaction(() => {
    journal.recordRevision(pending);
    const salt = journal.populationSalt(populationId)!;
    journal.saveDataset({ datasetId, path, dictionary, salt, commitment, recordCountBand });
  });
}

async function isAsPrepared(
  context: Context,
  pending: Revision,
  { commitment, blocks }: RevisionOnLedger,
): Promise<boolean> {
  if (commitment !== pending.commitment) return false;
  const prepared = pending.blocks.map(({ block }) => block);
  if (blocks !== undefined && JSON.stringify(blocks) !== JSON.stringify(prepared)) return false;
  const { newBlock, populationId } = pending;
  if (newBlock === undefined) return true;
  const { blocks: onLedger } = await findPopulation(context, populationId);
  const opened = onLedger.find(({ block }) => block === newBlock.block);
  return opened?.patientsSha256 === undefined || opened.patientsSha256 === newBlock.patientsSha256;
}

/** A revision that the ledger has and this folder lacks. */
export type MissedRevision = RevisionOnLedger & Pick<Revision, 'revision'>;

/** The first that this folder lacks of a dataset's revisions; undefined where it has them all. */
export async function findMissedRevision(
  context: Context,
  { datasetId, revision: last = 1 }: Dataset,
): Promise<MissedRevision | undefined> {
  const revision = (context.journal.presentRevision(datasetId)?.revision ?? 0) + 1;
  if (revision > last) return undefined;
  const found = await findRevision(context, { datasetId, revision });
  return found?.blocks === undefined ? undefined : { ...found, revision };
}

/**
 * That this folder knows every revision of a dataset from which somebody is gone: an older copy does not know who
 * withdrew since it was made.
 *
 * @throws TrainerError TRAINER_REGISTER_DIFFERS
 */
export async function requireRemovalsKnown({ journal, ledger }: Context, dataset: Dataset): Promise<void> {
  const { datasetId, revision: last = 1 } = dataset;
  const present = journal.presentRevision(datasetId)?.revision ?? 1;
  if (last <= present) return;
  const revisions = await ledger.listRevisions(datasetId);
  const missed = revisions.find(({ revision, removed }) => revision > present && removed);
  if (missed === undefined) return;
  throw differs(
    `from revision ${missed.revision} of ${datasetId} somebody is gone, and this folder lacks that revision`,
  );
}

/**
 * The salt of a population whose register here is the ledger's; a new one for a population that neither knows.
 *
 * @param missed a revision that this folder lacks: the blocks that came since then are not asked for
 * @throws TrainerError TRAINER_REGISTER_DIFFERS; DomainError NOT_THE_OWNER for the population of another hospital
 */
export async function requireRegister(
  context: RegisterContext,
  populationId: string,
  missed?: MissedRevision,
): Promise<Uint8Array> {
  const { journal, mspId } = context;
  const { population, blocks, isSilent } = await findPopulation(context, populationId);
  const salt = journal.populationSalt(populationId);
  if (population !== undefined && population.owner !== mspId) {
    throw new DomainError(
      'NOT_THE_OWNER',
      `population ${populationId} belongs to ${population.owner}: choose another id`,
    );
  }
  const own = journal.blocks(populationId);
  if (salt === undefined) {
    if (blocks.length > 0 || population?.saltSha256 !== undefined) {
      throw differs(`the ledger has population ${populationId}, and this folder has no salt for it`);
    }
    return journal.keepPopulation(populationId, new Uint8Array(randomBytes(SALT_BYTES)));
  }
  if (population?.saltSha256 !== undefined && population.saltSha256 !== digestOf(salt)) {
    throw differs(`the salt of population ${populationId} is not the one whose digest the ledger has`);
  }
  const wanted = missed === undefined ? blocks : blocks.slice(0, own.length);
  requireBlocks(populationId, { own, blocks: wanted });
  const missing = own.find(({ block }) => !blocks.some((one) => one.block === block));
  if (isSilent !== true && missing !== undefined) {
    throw differs(`the ledger has no block ${missing.block} of population ${populationId}`);
  }
  return salt;
}

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Blocks of the ledger that this folder has, with the same patients. @throws TrainerError TRAINER_REGISTER_DIFFERS */
function requireBlocks(
  populationId: string,
  {
    own,
    blocks,
  }: { readonly own: ReturnType<Context['journal']['blocks']>; readonly blocks: readonly Block[] },
): void {
  for (const { block, patientsSha256 } of blocks) {
    const known = own.find((one) => one.block === block);
    if (known === undefined) {
      throw differs(`the ledger has block ${block} of population ${populationId}, and this folder does not`);
    }
    if (patientsSha256 !== undefined && patientsSha256 !== known.patientsSha256) {
      throw differs(`the patients of block ${block} of population ${populationId} are others on the ledger`);
    }
  }
}

/**
 * That the ledger names no patients for a dataset which this folder has no register of: it is from before.
 *
 * @throws TrainerError TRAINER_REGISTER_DIFFERS
 */
export async function requireNoPatientsNamed(context: Context, dataset: Dataset): Promise<void> {
  const populationId = populationIdOf(dataset);
  const { blocks } = await findPopulation(context, populationId);
  const named = blocks.find(({ patientsSha256 }) => patientsSha256 !== undefined);
  if (named === undefined && blocks.length <= 1) return;
  throw differs(
    `the ledger names the patients of population ${populationId}, and this folder does not know them`,
  );
}

/** Blocks that a consent names, each with the ledger's patients. @throws TrainerError TRAINER_REGISTER_DIFFERS */
export async function requireConsentedBlocks(
  context: Context,
  { dataset, named }: { readonly dataset: Dataset; readonly named: readonly number[] },
): Promise<void> {
  const populationId = populationIdOf(dataset);
  const { blocks } = await findPopulation(context, populationId);
  const own = context.journal.blocks(populationId);
  requireBlocks(populationId, { own, blocks: blocks.filter(({ block }) => named.includes(block)) });
}
