// An equivocation is evidence: one member signed two different statements on one round, a verdict or an
// attestation. The ledger refuses the second statement, which writes nothing; anyone who has seen it can report it.
import { type Static, Type } from 'typebox';
import {
  Base64,
  Described,
  Id,
  Instant,
  MspId,
  RoundNumber,
  RowSchema,
  Sha256,
  Strict,
  Words,
} from './primitives.ts';

export const STATEMENTS = ['verdict', 'attestation'] as const;
/** What a member says of a round and may say once. */
export type StatementKind = (typeof STATEMENTS)[number];

export const ReportEquivocation = Strict({
  studyId: Id,
  round: RoundNumber,
  statement: Words(STATEMENTS),
  proposal: Described(
    Base64,
    "The second statement: the Fabric proposal's bytes, as its sender signed them.",
  ),
  signature: Described(Base64, "The sender's signature over the proposal."),
});
export type ReportEquivocation = Static<typeof ReportEquivocation>;

/** Evidence that one member signed two different statements on one round, as a row. */
export const Equivocation = Strict({
  schema: RowSchema,
  studyId: Id,
  round: RoundNumber,
  mspId: Described(MspId, 'Who signed both statements.'),
  statement: Words(STATEMENTS),
  signerSha256: Described(Sha256, 'SHA-256 of the public key that signed both.'),
  recordedSha256: Described(Sha256, 'SHA-256 of the statement on the ledger, in canonical JSON.'),
  contradictingSha256: Described(Sha256, 'SHA-256 of the other, in canonical JSON.'),
  contradictingTransactionId: Type.String(),
  proposal: Base64,
  signature: Base64,
  reportedBy: MspId,
  reportedAt: Instant,
});
export type Equivocation = Static<typeof Equivocation>;
