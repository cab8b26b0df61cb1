// What a dataset holds from one revision to the next, and of which blocks of patients it is.
import type { NewBlock } from '../block.ts';
import type { Consent } from '../consent.ts';
import type { Dataset, DatasetRow } from '../dataset.ts';
import { DomainError } from '../errors.ts';
import type { Population } from '../population.ts';
import { type Problem, problem } from '../problem.ts';
import { bandWeight, type RecordCountBand } from '../record-count-band.ts';
import type { RecordedShare, ReviseDataset, Revision } from '../revision.ts';
import { ROW_SCHEMA } from '../row-schema.ts';
import type { Study } from '../study.ts';
import type { Commitment } from '../used-once.ts';
import { duplicates } from './duplicates.ts';

/** Blocks as they are named, and a new one. */
interface Named {
  readonly recordCountBand: RecordCountBand;
  readonly blocks?: readonly RecordedShare[] | undefined;
  readonly newBlock?: NewBlock | undefined;
}

const total = (shares: readonly { readonly recordCountBand: RecordCountBand }[], bound: 'low' | 'high') =>
  shares.reduce((sum, { recordCountBand }) => sum + recordCountBand[bound], 0);

/** How many patients shares come to, at least and at most. */
export const rangeOf = (shares: readonly { readonly recordCountBand: RecordCountBand }[]) => ({
  low: total(shares, 'low'),
  high: total(shares, 'high'),
});

/**
 * The blocks of a revision, the new one last; or what is wrong with how they are named.
 *
 * Bands of blocks and of the whole are of the same patients, so that they can be true together.
 *
 * @throws DomainError INVALID_ARGUMENT, BLOCK_NOT_FOUND
 */
export function sharesOf(
  { recordCountBand, blocks = [], newBlock }: Named,
  { populationId, blocks: last }: Pick<Population, 'populationId' | 'blocks'>,
): RecordedShare[] {
  for (const { block } of blocks) {
    if (block <= last) continue;
    throw new DomainError(
      'BLOCK_NOT_FOUND',
      `population ${populationId} has ${last} blocks, and no block ${block}`,
    );
  }
  const shares = [...blocks].sort((a, b) => a.block - b.block);
  if (newBlock !== undefined) shares.push({ block: last + 1, recordCountBand: newBlock.recordCountBand });
  const problems: Problem[] = duplicates(shares.map(({ block }) => block)).map((block) =>
    problem('blocks', `has ${block} twice`),
  );
  if (shares.length === 0) problems.push(problem('blocks', 'must name a block, or newBlock must be there'));
  const { low, high } = rangeOf(shares);
  if (problems.length === 0 && (low > recordCountBand.high || high < recordCountBand.low)) {
    const { low: least, high: most } = recordCountBand;
    problems.push(
      problem('recordCountBand', `is ${least}-${most}, and the blocks come to ${low}-${high} patients`),
    );
  }
  if (problems.length > 0) throw new DomainError('INVALID_ARGUMENT', problems);
  return shares;
}

/** The registration of a dataset as its first revision. `blocks` as it named them; block 1 where it named none. */
export const firstRevision = (dataset: Dataset, blocks?: readonly RecordedShare[]): Revision => ({
  schema: ROW_SCHEMA.revision,
  datasetId: dataset.datasetId,
  revision: 1,
  owner: dataset.owner,
  commitment: dataset.commitment,
  recordCountBand: dataset.recordCountBand,
  blocks: [...(blocks ?? [{ block: 1, recordCountBand: dataset.recordCountBand }])],
  removed: false,
  revisedAt: dataset.registeredAt,
});

/** A dataset as it was in one of its revisions. */
export function datasetIn(
  { revision: _, ...dataset }: DatasetRow,
  { revision, commitment, recordCountBand }: Pick<Revision, 'revision' | 'commitment' | 'recordCountBand'>,
): DatasetRow {
  return { ...dataset, commitment, recordCountBand, ...(revision > 1 && { revision }) };
}

/** Which revision of a dataset its weight in a study follows from; none in studies that weigh by bands alone. */
export const weighedRevision = (
  { weights }: Pick<Study, 'weights'>,
  datasetId: string,
): number | undefined => {
  const weight = weights?.find((own) => own.datasetId === datasetId);
  return weight && (weight.revision ?? 1);
};

/** The revision that a consent is to. */
export const revisionOf = ({ revision = 1 }: Pick<Consent, 'revision'>): number => revision;

/** The blocks that a consent, an approval or a charge is about. */
export const blocksOf = ({
  blocks,
}: {
  readonly blocks?: readonly (RecordedShare | number)[] | undefined;
}): number[] => blocks?.map((block) => (typeof block === 'number' ? block : block.block)) ?? [1];

/**
 * How many patients a consent gives, publicly: the sum of the middles of its blocks' bands; of a consent from before,
 * the middle of the dataset's.
 */
export const patientsIn = (
  { blocks }: Pick<Consent, 'blocks'>,
  { recordCountBand }: Pick<Dataset, 'recordCountBand'>,
): number =>
  blocks?.reduce((sum, share) => sum + bandWeight(share.recordCountBand), 0) ?? bandWeight(recordCountBand);

/** @throws DomainError NOT_THE_OWNER */
function requireOwn({ datasetId, owner }: Dataset, mspId: string): void {
  if (owner === mspId) return;
  throw new DomainError('NOT_THE_OWNER', `dataset ${datasetId} belongs to ${owner}`);
}

/** @throws DomainError COMMITMENT_EXISTS for rows that are registered as another dataset */
export function requireUncommitted(committed: Commitment | undefined, datasetId?: string): void {
  if (committed === undefined || committed.datasetId === datasetId) return;
  throw new DomainError('COMMITMENT_EXISTS', `these rows are ${committed.datasetId}, with its budget`);
}

/**
 * The next revision of a dataset and the dataset as it is from then on. Its population and its dictionary stay.
 *
 * Whoever was in an earlier revision stays in the block of that time, whether or not the dataset is revised: the new
 * block is of those whom the population had never seen. The ledger cannot see patients; the owner's trainer checks it.
 *
 * @throws DomainError NOT_THE_OWNER, COMMITMENT_EXISTS, BLOCK_NOT_FOUND, INVALID_ARGUMENT
 */
export function reviseDataset(
  argument: ReviseDataset,
  context: {
    readonly mspId: string;
    readonly at: string;
    readonly dataset: DatasetRow;
    readonly population: Population;
    readonly committed: Commitment | undefined;
  },
): { readonly dataset: DatasetRow; readonly revision: Revision } {
  const { mspId, at, dataset, population, committed } = context;
  const { datasetId, commitment, recordCountBand, removed } = argument;
  requireOwn(dataset, mspId);
  requireUncommitted(committed, datasetId);
  const problems: Problem[] = [];
  if (dataset.dictionary.patientId === null) {
    problems.push(
      problem(
        'datasetId',
        `${datasetId} has no patientId in its dictionary: nobody can tell which rows are new`,
      ),
    );
  }
  if (commitment === dataset.commitment) {
    problems.push(problem('commitment', 'must be of other rows than those of the present revision'));
  }
  if (problems.length > 0) throw new DomainError('INVALID_ARGUMENT', problems);
  const revision: Revision = {
    schema: ROW_SCHEMA.revision,
    datasetId,
    revision: (dataset.revision ?? 1) + 1,
    owner: dataset.owner,
    commitment,
    recordCountBand,
    blocks: sharesOf(argument, population),
    removed,
    revisedAt: at,
  };
  return { dataset: datasetIn(dataset, revision), revision };
}
