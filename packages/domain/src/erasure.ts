// After a consent is withdrawn, every hospital that could read the dataset's updates destroys its copies of them and of
// the keys that open them, and says so. The ledger holds the word of each; it cannot see what a machine has.
import { type Static, Type } from 'typebox';
import { Described, Id, Instant, MspId, RoundNumber, RowSchema, Sha256, Strict } from './primitives.ts';

/** How long a hospital has, from the withdrawal on, before its erasure is listed as overdue. */
export const ERASURE_DAYS = 30;

const ErasedArtefact = Strict({
  round: RoundNumber,
  sha256: Described(Sha256, "The update's artefact, by its hash on the ledger."),
  unpinned: Type.Boolean({ description: 'Whether nothing at this hospital keeps it in IPFS any more.' }),
  keysDestroyed: Type.Boolean({
    description:
      "Whether this hospital's copies of the keys that open it, and what it opened, are destroyed.",
  }),
});

/** What a hospital says that it erased: every update of the dataset that it could read, none left out. */
export const AttestErasure = Strict({
  studyId: Id,
  datasetId: Id,
  artefacts: Type.Array(ErasedArtefact, { minItems: 1, maxItems: 1000 }),
});
export type AttestErasure = Static<typeof AttestErasure>;

/** One hospital's erasure of one dataset's updates, as a row. */
export const Erasure = Strict({
  schema: RowSchema,
  ...AttestErasure.properties,
  mspId: MspId,
  attestedAt: Instant,
});
export type Erasure = Static<typeof Erasure>;
