// An attestation is one member's own recomputation of a round's aggregate, as its hash.
import { type Static, Type } from 'typebox';
import { Described, Id, Instant, MspId, RoundNumber, RowSchema, Sha256, Strict } from './primitives.ts';

export const AttestAggregate = Strict({ studyId: Id, round: RoundNumber, parametersSha256: Sha256 });
export type AttestAggregate = Static<typeof AttestAggregate>;

/** One member's own recomputation of a round's aggregate, as a row: the SHA-256 of the parameters. */
export const Attestation = Strict({
  schema: RowSchema,
  ...AttestAggregate.properties,
  mspId: MspId,
  attestedAt: Instant,
  signerSha256: Type.Optional(Described(Sha256, 'SHA-256 of the public key that signed this.')),
});
export type Attestation = Static<typeof Attestation>;
