// The rules as the contracts apply them: each refuses by throwing a DomainError, and changes nothing.

export { type AccountBook, accountIn, bookOf, changedAccounts } from './account-book.ts';
export { attestAggregate, finalizeRound, requireOwnSupport } from './aggregate-rules.ts';
export { openBudgets, statementOf } from './budget-rules.ts';
export { quoteConsent } from './consent-quote.ts';
export {
  approveConsent,
  grantConsent,
  type RoundRecord,
  requireOwner,
  settleConsent,
  withdrawConsent,
} from './consent-rules.ts';
export { registerDataset } from './dataset-rules.ts';
export { declineStudy } from './decline-rules.ts';
export { provenEquivocation, type SignedStatement, STATEMENT_TRANSACTIONS } from './equivocation-rules.ts';
export {
  attestErasure,
  erasuresOf,
  retiredSince,
  type UpdatedRound,
  withdrawnDatasets,
} from './erasure-rules.ts';
export { lineageDigest } from './lineage-rules.ts';
export { keyOf, presentKeyOf, registerMember, rotateKey, withPresentKey } from './member-rules.ts';
export {
  type Ballot,
  ballotOf,
  inMembership,
  leaveMember,
  majorityOf,
  membershipIn,
  requirePresentOwner,
  voteOnMember,
  withDeparture,
} from './membership-rules.ts';
export { publishModel } from './model-rules.ts';
export {
  asMoved,
  castVote,
  decideMotion,
  moveMotion,
  resumeRound,
  type Stake,
  votersOf,
  votesOf,
} from './motion-rules.ts';
export {
  asWithdrawn,
  countedUpdates,
  judgesOf,
  takesWithdrawals,
  withdrawnOf,
} from './participation-rules.ts';
export { costPerRound } from './plan-cost.ts';
export {
  type BlockAccounts,
  type CostingPlan,
  type PlanQuote,
  quotePlan,
  ROUNDS_COUNTED,
} from './plan-quote.ts';
export { impliedBy, openBlock, registerPopulation, retireBlock } from './population-rules.ts';
export { isShort, quorumOf, type Standing } from './quorum-rules.ts';
export {
  blocksOf,
  datasetIn,
  firstRevision,
  reviseDataset,
  revisionOf,
  weighedRevision,
} from './revision-rules.ts';
export { abortRound, closeRound, openRound, tallyRound } from './round-rules.ts';
export { commitScore } from './score-commitment-rules.ts';
export {
  type KeyFacts,
  recordStudyKeys,
  sealedToStudyKeys,
  usedKeyOf,
} from './study-key-rules.ts';
export { abortStudy, proposeStudy, requireRoom, retireStudy, startStudy } from './study-rules.ts';
export { type Tally, tallyIn } from './tally.ts';
export type { Transition } from './transition.ts';
export { recordUpdate, requireParticipant } from './update-rules.ts';
export { groundsOf } from './verdict-grounds.ts';
export { recordVerdict } from './verdict-rules.ts';
