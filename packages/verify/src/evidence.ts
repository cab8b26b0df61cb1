// The surface for whoever checks files of evidence without Node, as in a browser: nothing behind it needs one.
export type { Problem } from './blocks/block-replay.ts';
export type { CheckedTransaction } from './blocks/ledger-replay.ts';
export { type Disclosure, nameOf, type Subject, type SubjectKind } from './bundle/bundle-claim.ts';
export { UnreadableBundleError } from './bundle/bundle-file.ts';
export { openSentences, provenSentences, reportOf } from './report.ts';
export { type TrustedFacts, type Verification, verifyBundle } from './verify-bundle.ts';
