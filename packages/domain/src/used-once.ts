// What may be used once in the ledger's life, each as a row under its hash: the commitment of a dataset's rows,
// which have one budget, and the plaintext of an update, which is one release.
import { type Static, Type } from 'typebox';
import { Cid, Id, RoundNumber, RowSchema, Sha256, Strict } from './primitives.ts';

/** That the rows behind a commitment are registered, and as which revision of which dataset. */
export const Commitment = Strict({
  schema: RowSchema,
  commitment: Cid,
  datasetId: Id,
  revision: Type.Optional(Type.Integer({ minimum: 2, description: 'The first where absent.' })),
});
export type Commitment = Static<typeof Commitment>;

/** That an update with this hash was recorded, and where. */
export const Release = Strict({
  schema: RowSchema,
  plaintextSha256: Sha256,
  studyId: Id,
  round: RoundNumber,
  datasetId: Id,
});
export type Release = Static<typeof Release>;
