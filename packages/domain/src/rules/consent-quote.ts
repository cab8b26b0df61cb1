// What a consent would cost, and what the accounts of the patients have left for others: what stewards read before they
// decide.
import { type BlockQuote, type ConsentQuote, MORE_STUDIES_MAX } from '../answers.ts';
import { BLOCKS_MAX } from '../block.ts';
import type { Sha256Of } from '../canonical-json.ts';
import type { AskQuote, ClaimedCost, ConsentApproval, Decline } from '../consent.ts';
import { type DatasetRow, populationIdOf } from '../dataset.ts';
import { compareDecimals } from '../decimal.ts';
import type { RecordedShare } from '../revision.ts';
import type { StudyRow } from '../study.ts';
import { type AccountBook, accountIn } from './account-book.ts';
import { epsilonIn, statementOf, timesThatFit } from './budget-rules.ts';
import { isApprovalOf, requireWanted } from './consent-rules.ts';
import { afterReservingBlock, askedShares, type Given, givenShares } from './given-blocks.ts';
import { costPerRound, type RoundCost, timesRounds } from './plan-cost.ts';
import { rangeOf } from './revision-rules.ts';
import { studyDigest } from './study-rules.ts';

const extreme = (values: readonly string[], sign: 1 | -1): string =>
  values.reduce((found, value) => (compareDecimals(value, found) * sign > 0 ? value : found));
const mostOf = (claims: readonly ClaimedCost[], sign: 1 | -1): ClaimedCost => ({
  training: extreme(
    claims.map(({ training }) => training),
    sign,
  ),
  heldOut: extreme(
    claims.map(({ heldOut }) => heldOut),
    sign,
  ),
});

/** Whose approvals there are, and what they have to be of to count. */
interface Approved {
  readonly approvals: readonly ConsentApproval[];
  readonly declined: Decline | undefined;
  /** Which membership of the owner this is. */
  readonly membership: number;
}

/**
 * What a consent would reserve of each block, how many patients the study would get, how many more studies of that cost
 * fit afterwards, and which stewards have approved it.
 *
 * @throws DomainError DATASET_NOT_WANTED, INVALID_ARGUMENT, BLOCK_NOT_FOUND, BLOCK_RETIRED where every block is retired
 */
export function quoteConsent(
  study: StudyRow,
  {
    asked,
    book,
    sha256,
    approved,
    ...given
  }: Given & {
    dataset: DatasetRow;
    asked: AskQuote['blocks'];
    book: AccountBook;
    sha256: Sha256Of;
    approved: Approved;
  },
): ConsentQuote {
  const { dataset, revision } = given;
  requireWanted(study, dataset.datasetId);
  const cost = costPerRound(study);
  const whole = timesRounds(cost, study.rounds);
  const populationId = populationIdOf(dataset);
  const wanted = askedShares(asked, given);
  if (wanted.length === 0) givenShares(asked, given);
  const blocks = revision.blocks.map((share): BlockQuote => {
    const { block } = share;
    const after = afterReservingBlock(book, { populationId, block }, whole);
    const { state } = given.blocks.find((row) => row.block === block)!;
    return {
      ...share,
      state,
      asked: wanted.some((one) => one.block === block),
      committedAfter: after.committed,
      left: {
        training: statementOf(accountIn(book, { populationId, block, pool: 'training' })).leftEpsilon,
        heldOut: statementOf(accountIn(book, { populationId, block, pool: 'held-out' })).leftEpsilon,
      },
      fits: after.fits && state === 'open',
    };
  });
  const ofAsked = blocks.filter((block) => block.asked);
  const { block } = ofAsked[0]!;
  const epsilonOf = ({ training, heldOut }: RoundCost): ClaimedCost => ({
    training: epsilonIn(accountIn(book, { populationId, block, pool: 'training' }), training),
    heldOut: epsilonIn(accountIn(book, { populationId, block, pool: 'held-out' }), heldOut),
  });
  return {
    studyId: study.studyId,
    datasetId: dataset.datasetId,
    claimedEpsilon: epsilonOf(whole),
    claimedEpsilonPerRound: epsilonOf(cost),
    committedAfter: mostOf(
      ofAsked.map(({ committedAfter }) => committedAfter),
      1,
    ),
    left: mostOf(
      ofAsked.map(({ left }) => left),
      -1,
    ),
    fits: ofAsked.every(({ fits }) => fits) && ofAsked.length <= BLOCKS_MAX,
    revision: revision.revision,
    blocks,
    patients: {
      all: rangeOf(blocks),
      fitting: rangeOf(blocks.filter(({ fits }) => fits)),
      asked: rangeOf(ofAsked),
    },
    ...(study.weights !== undefined && { weights: study.weights }),
    studySha256: studyDigest(study, sha256),
    moreStudies: moreStudies(
      book,
      ofAsked.map((asked) => ({ populationId, block: asked.block })),
      whole,
    ),
    stewards: {
      needed: dataset.consentPolicy.stewards,
      approved: approvers({ revision: revision.revision, blocks: ofAsked.map(shareOf) }, study, approved),
    },
  };
}

const shareOf = ({ block, recordCountBand }: BlockQuote): RecordedShare => ({ block, recordCountBand });

/** The stewards whose approvals are of this text and of these patients, in order. */
const approvers = (
  patients: { readonly revision: number; readonly blocks: readonly RecordedShare[] },
  study: StudyRow,
  { approvals, ...counted }: Approved,
): string[] =>
  approvals
    .filter((approval) => isApprovalOf(approval, patients, { study, ...counted }))
    .map(({ steward }) => steward)
    .sort();

/**
 * How many further studies of one cost every one of these blocks can bear after the first, as their accounts are now:
 * both of each are held to their budgets as a reservation is. 0 where the first does not fit either.
 */
function moreStudies(
  book: AccountBook,
  blocks: readonly { readonly populationId: string; readonly block: number }[],
  { training, heldOut }: RoundCost,
): number {
  const accounts = blocks.flatMap((block) => [
    { account: accountIn(book, { ...block, pool: 'training' }), cost: training },
    { account: accountIn(book, { ...block, pool: 'held-out' }), cost: heldOut },
  ]);
  const all = accounts.reduce(
    (most, { account, cost }) => timesThatFit(account, cost, most),
    MORE_STUDIES_MAX + 1,
  );
  return Math.max(0, all - 1);
}
