// The public surface: evidence checked, and made of a channel's blocks; and a channel checked as it grows.

export { headerHash } from './blocks/block-header.ts';
export type { Problem } from './blocks/block-replay.ts';
export { BrokenChainError } from './blocks/chain-links.ts';
export {
  type BlockTransaction,
  ChannelChecker,
  type CheckedBlock,
  type CheckedSoFar,
  type CheckerOptions,
  ordererProblem,
  type RowWrite,
  type Sender,
} from './blocks/channel-checker.ts';
export { type FabricBlock, genesisDigest, readBlock } from './blocks/fabric-block.ts';
export type { CheckedTransaction } from './blocks/ledger-replay.ts';
export type { LedgerState, Row } from './blocks/ledger-state.ts';
export type { NamespaceSet, Version } from './blocks/read-write-set.ts';
export { rowsOfTransaction } from './blocks/rows-of-transaction.ts';
export { type BlockNeeds, neededFor } from './bundle/block-needs.ts';
export { type Disclosure, FORMAT, type Subject, type SubjectKind } from './bundle/bundle-claim.ts';
export { UnreadableBundleError } from './bundle/bundle-file.ts';
export {
  type BlockSource,
  ChainIndex,
  type IndexedBlock,
  type SubjectIndex,
  tookEffectIn,
} from './bundle/chain-index.ts';
export { type BundleOptions, makeBundle } from './bundle/select-blocks.ts';
export { lastConfigurationOf, organisationsIn } from './channel/organisations.ts';
export { type Artefacts, artefactsOf, type RecomputedRounds } from './claims/aggregate-claim.ts';
export { agreeingAnswers, type Pages } from './claims/agreeing-answers.ts';
export type { AccountState, ChargedUse, DatasetUse, StudyUse } from './claims/dataset-use.ts';
export type { AccountCost } from './claims/privacy-costs.ts';
export {
  type Ask,
  type IndexedTransaction,
  type KnownOfSubject,
  LINEAGE_QUESTION,
  type Question,
  questionsOn,
  UnprovableError,
} from './claims/questions.ts';
export type { StudyHistory } from './claims/study-claim.ts';
export type { ProvenTransaction, WrittenRow } from './claims/transaction-claim.ts';
export type { WitnessedBy } from './claims/witnessed-history.ts';
export { isOnLists } from './identity/authority-lists.ts';
export { openSentences, provenSentences, reportOf } from './report.ts';
export { type TrustedFacts, type Verification, verifyBundle } from './verify-bundle.ts';
export { UnreadableError } from './wire/protobuf-reader.ts';
export { type Comparison, compareHistories } from './witness/compare-histories.ts';
export { checkHistory, makeHistoryFile, type ShownHistory } from './witness/history-file.ts';
export {
  type StatementPlace,
  type StatementProblem,
  statementHash,
  statementOrdererProblem,
  statementProblem,
} from './witness/statement-check.ts';
export {
  parseStatement,
  STATEMENT_BYTES_MAX,
  statementBytes,
  type WitnessStatement,
  writeStatement,
} from './witness/witness-statement.ts';
