// An attestation is one member's own recomputation of a round's aggregate, as its hash.
import { type Static, Type } from 'typebox';
import { Id, Instant, MspId, RoundNumber, Sha256, Strict } from './primitives.ts';

export const AttestAggregate = Strict({ studyId: Id, round: RoundNumber, parametersSha256: Sha256 });
export type AttestAggregate = Static<typeof AttestAggregate>;

export const Attestation = Strict({
  schema: Type.Literal(1),
  ...AttestAggregate.properties,
  mspId: MspId,
  attestedAt: Instant,
});
export type Attestation = Static<typeof Attestation>;
