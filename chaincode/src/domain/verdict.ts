// A verdict is one member's judgement of a round: accept or reject for each update, and the candidate model's
// score on the member's own held-out patients, which is itself a release and is charged.
import { type Static, Type } from 'typebox';
import {
  Decimal,
  Described,
  Id,
  Instant,
  MspId,
  RoundNumber,
  RowSchema,
  Sha256,
  SignedInteger,
  Strict,
  Words,
} from './primitives.ts';
import { PrivacyEvent } from './privacy-event.ts';
import { EXCLUSION_REASONS } from './round.ts';

export const Decision = Type.Union([
  Strict({ datasetId: Id, decision: Type.Literal('accept') }),
  Strict({ datasetId: Id, decision: Type.Literal('reject'), reason: Words(EXCLUSION_REASONS) }),
]);
export type Decision = Static<typeof Decision>;

/** Noised counts over held-out patients; either may be negative or exceed the other, since both are noised. */
export const Score = Strict({
  datasetId: Id,
  correct: SignedInteger,
  total: SignedInteger,
  privacyEvent: PrivacyEvent,
  claimedEpsilon: Decimal,
});
export type Score = Static<typeof Score>;

export const RecordVerdict = Strict({
  studyId: Id,
  round: RoundNumber,
  candidateSha256: Described(Sha256, 'Parameters hash of the candidate this member scored.'),
  accepted: Type.Boolean({ description: 'Whether this member accepts the candidate model.' }),
  decisions: Type.Array(Decision, { minItems: 1, maxItems: 100 }),
  scores: Type.Array(Score, { maxItems: 100 }),
});
export type RecordVerdict = Static<typeof RecordVerdict>;

export const Verdict = Strict({
  schema: RowSchema,
  ...RecordVerdict.properties,
  mspId: MspId,
  recordedAt: Instant,
  signerSha256: Type.Optional(Described(Sha256, 'SHA-256 of the public key that signed this.')),
});
export type Verdict = Static<typeof Verdict>;
