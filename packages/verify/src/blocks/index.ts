// A channel checked as it grows, without what reads claims and evidence: a thread that follows a channel starts sooner.

export { UnreadableError } from '../wire/protobuf-reader.ts';
export { headerHash } from './block-header.ts';
export { BrokenChainError } from './chain-links.ts';
export {
  type BlockTransaction,
  ChannelChecker,
  type CheckedBlock,
  type CheckedSoFar,
  type CheckerOptions,
  ordererProblem,
  type RowWrite,
  type Sender,
} from './channel-checker.ts';
export { type FabricBlock, genesisDigest, readBlock } from './fabric-block.ts';
export type { LedgerState, Row } from './ledger-state.ts';
export type { Version } from './read-write-set.ts';
