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

/** Accept one update, or reject it with a reason. */
export const Decision = Type.Union([
  Strict({ datasetId: Id, decision: Type.Literal('accept') }),
  Strict({ datasetId: Id, decision: Type.Literal('reject'), reason: Words(EXCLUSION_REASONS) }),
]);
export type Decision = Static<typeof Decision>;

const isPair = ({ right, wrong, correct, total }: Readonly<Record<string, unknown>>): boolean => {
  const [disjoint, nested] = [
    [right, wrong],
    [correct, total],
  ].map((counts) => counts.filter((count) => count !== undefined));
  return disjoint!.length + nested!.length === 2 && disjoint!.length !== 1;
};

/**
 * Noised counts over held-out units: of those judged rightly and those judged wrongly. Either may be negative. Scores
 * from before count right and all instead; they are read as they are, and a score that was drawn so may be recorded so.
 */
export const Score = Type.Refine(
  Strict({
    datasetId: Id,
    right: Type.Optional(Described(SignedInteger, 'Held-out units judged rightly, with noise.')),
    wrong: Type.Optional(Described(SignedInteger, 'Held-out units judged wrongly, with noise.')),
    correct: Type.Optional(
      Described(SignedInteger, 'Of scores from before: units judged rightly, with noise.'),
    ),
    total: Type.Optional(Described(SignedInteger, 'Of scores from before: all units, with noise.')),
    privacyEvent: PrivacyEvent,
    claimedEpsilon: Decimal,
  }),
  isPair,
  () => 'must have right and wrong (or, drawn before there were these, correct and total)',
);
export type Score = Static<typeof Score>;

/**
 * A member's judgement of a round: a decision for each update, and a score that is charged to its held-out
 * patients.
 */
export const RecordVerdict = Strict({
  studyId: Id,
  round: RoundNumber,
  candidateSha256: Described(Sha256, 'Parameters hash of the candidate this member scored.'),
  accepted: Type.Boolean({ description: 'Whether this member accepts the candidate model.' }),
  decisions: Type.Array(Decision, { minItems: 1, maxItems: 100 }),
  scores: Type.Array(Score, { maxItems: 100 }),
});
export type RecordVerdict = Static<typeof RecordVerdict>;

/** A recorded verdict, as a row. */
export const Verdict = Strict({
  schema: RowSchema,
  ...RecordVerdict.properties,
  mspId: MspId,
  recordedAt: Instant,
  signerSha256: Type.Optional(Described(Sha256, 'SHA-256 of the public key that signed this.')),
});
export type Verdict = Static<typeof Verdict>;
