// An update is what one dataset contributes to one round: one release, one charge.
import { type Static, Type } from 'typebox';
import {
  ArtefactRef,
  Decimal,
  Described,
  Id,
  Instant,
  MspId,
  RoundNumber,
  RowSchema,
  Sha256,
  Strict,
} from './primitives.ts';
import { PrivacyEvent } from './privacy-event.ts';

/**
 * What a hospital records of its update: where the encrypted bytes are, their hashes, and the privacy event of the
 * round.
 */
export const RecordUpdate = Strict({
  studyId: Id,
  round: RoundNumber,
  datasetId: Id,
  artefact: ArtefactRef,
  plaintextSha256: Described(Sha256, 'Commitment to the plaintext update.'),
  privacyEvent: PrivacyEvent,
  claimedEpsilon: Described(Decimal, "The event's own ε at the budget's δ; an under-claim is refused."),
  sealedToMemberKeys: Type.Optional(
    Type.Array(MspId, {
      maxItems: 100,
      description:
        'Hospitals of the round that it is not sealed to by their key for this dataset in this study, but by their ' +
        'long-lived key, or not at all. Absent where the sender does not say.',
    }),
  ),
});
export type RecordUpdate = Static<typeof RecordUpdate>;

/** A recorded update, as a row. */
export const Update = Strict({
  schema: RowSchema,
  ...RecordUpdate.properties,
  owner: MspId,
  recordedAt: Instant,
});
export type Update = Static<typeof Update>;
