// Which blocks of patients a consent gives, and what their accounts can bear.
import { BLOCKS_MAX, type Block } from '../block.ts';
import type { ApproveConsent } from '../consent.ts';
import { type Dataset, populationIdOf } from '../dataset.ts';
import { DomainError } from '../errors.ts';
import { problem } from '../problem.ts';
import type { RecordedShare, Revision } from '../revision.ts';
import { type AccountBook, accountIn, moveAccounts } from './account-book.ts';
import { afterReserving, reserve } from './budget-rules.ts';
import { duplicates } from './duplicates.ts';
import type { RoundCost } from './plan-cost.ts';
import { requireOpen } from './population-rules.ts';

/** What a consent is given from: the dataset's present revision, and the blocks of its population. */
export interface Given {
  readonly dataset: Dataset;
  readonly revision: Revision;
  /** Of the revision, at least those that are asked for. */
  readonly blocks: readonly Block[];
}

const inWords = (blocks: readonly number[]): string => {
  const shown = blocks.slice(0, 8).join(', ');
  const more = blocks.length > 8 ? ` and ${blocks.length - 8} more` : '';
  return `block${blocks.length === 1 ? '' : 's'} ${shown}${more}`;
};

/**
 * The shares of the blocks that are asked for, by number; without a wish all that are open.
 *
 * @throws DomainError INVALID_ARGUMENT for one named twice, BLOCK_NOT_FOUND
 */
export function askedShares(asked: ApproveConsent['blocks'], { revision, blocks }: Given): RecordedShare[] {
  const { datasetId, revision: number, blocks: shares } = revision;
  if (asked === undefined) {
    return shares.filter(({ block }) => blocks.some((row) => row.block === block && row.state === 'open'));
  }
  const twice = duplicates(asked);
  if (twice.length > 0) {
    throw new DomainError(
      'INVALID_ARGUMENT',
      twice.map((block) => problem('blocks', `has ${block} twice`)),
    );
  }
  const missing = asked.filter((wanted) => !shares.some(({ block }) => block === wanted));
  if (missing.length > 0) {
    throw new DomainError(
      'BLOCK_NOT_FOUND',
      `revision ${number} of ${datasetId} has no patients of ${inWords(missing)}`,
    );
  }
  return shares.filter(({ block }) => asked.includes(block));
}

/**
 * The same, of blocks that a consent may name.
 *
 * @throws DomainError INVALID_ARGUMENT, BLOCK_NOT_FOUND, BLOCK_RETIRED
 */
export function givenShares(asked: ApproveConsent['blocks'], given: Given): RecordedShare[] {
  const shares = askedShares(asked, given);
  if (shares.length === 0) {
    throw new DomainError('BLOCK_RETIRED', `every block of ${given.revision.datasetId} is retired`);
  }
  if (shares.length > BLOCKS_MAX) {
    throw new DomainError('INVALID_ARGUMENT', [
      problem('blocks', `must name at most ${BLOCKS_MAX} of the ${shares.length} open blocks`),
    ]);
  }
  for (const { block } of shares) requireOpen(given.blocks.find((row) => row.block === block)!);
  return shares;
}

/** Whether both accounts of a block can bear a cost, and what each would come to. */
export function afterReservingBlock(
  book: AccountBook,
  block: { readonly populationId: string; readonly block: number },
  cost: RoundCost,
) {
  const training = afterReserving(accountIn(book, { ...block, pool: 'training' }), cost.training);
  const heldOut = afterReserving(accountIn(book, { ...block, pool: 'held-out' }), cost.heldOut);
  return {
    committed: { training: training.committed, heldOut: heldOut.committed },
    fits: training.fits && heldOut.fits,
  };
}

/**
 * The book with a cost reserved in both accounts of each of these blocks.
 *
 * @throws DomainError BUDGET_EXCEEDED naming the first block that cannot bear it, and those that can
 */
export function reserveBlocks(
  book: AccountBook,
  { dataset, blocks }: { readonly dataset: Dataset; readonly blocks: readonly number[] },
  cost: RoundCost,
): AccountBook {
  const populationId = populationIdOf(dataset);
  try {
    const trained = moveAccounts(book, { populationId, blocks, pool: 'training' }, (account) =>
      reserve(account, cost.training),
    );
    return moveAccounts(trained, { populationId, blocks, pool: 'held-out' }, (account) =>
      reserve(account, cost.heldOut),
    );
  } catch (error) {
    if (!(error instanceof DomainError) || blocks.length === 1) throw error;
    const able = blocks.filter((block) => afterReservingBlock(book, { populationId, block }, cost).fits);
    const others = able.length === 0 ? 'none of the others can bear it' : `${inWords(able)} can bear it`;
    throw new DomainError(error.code, `${error.detail}; ${others}`);
  }
}
