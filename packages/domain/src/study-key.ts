// The keys that a member has for one study: one for each dataset whose updates it will read. Unlike its long-lived key
// such a key opens nothing else, so that it can be destroyed when the dataset's consent is withdrawn (decision 59).
import { type Static, Type } from 'typebox';
import { canonicalJson } from './canonical-json.ts';
import { EncryptionPublicKey, KeyProof } from './encryption-key.ts';
import { Described, Id, Instant, MspId, RowSchema, Strict } from './primitives.ts';

const NewKey = Strict({
  datasetId: Described(Id, 'The dataset whose updates are sealed to this key, in this study alone.'),
  encryptionPublicKey: EncryptionPublicKey,
  keyProof: Described(
    KeyProof,
    "XEdDSA signature by the key's private half, for this member, channel, study and dataset.",
  ),
});

/** A member's keys for one study, each with the proof that the member has it. Those of later datasets may follow. */
export const RecordStudyKeys = Strict({
  studyId: Id,
  keys: Type.Array(NewKey, { minItems: 1, maxItems: 100 }),
});
export type RecordStudyKeys = Static<typeof RecordStudyKeys>;

/** A member's key for the updates of one dataset in one study, as a row. It is never replaced. */
export const StudyKey = Strict({
  schema: RowSchema,
  studyId: Id,
  ...NewKey.properties,
  mspId: MspId,
  recordedAt: Instant,
});
export type StudyKey = Static<typeof StudyKey>;

/** What the recording of keys answers: whose they are, and for which datasets. */
export const RecordedStudyKeys = Strict({
  studyId: Id,
  mspId: MspId,
  datasets: Type.Array(Id),
  recordedAt: Instant,
});
export type RecordedStudyKeys = Static<typeof RecordedStudyKeys>;

/** What the holder of a study's key signs: it proves nothing elsewhere, and a proof of a member's key is none of it. */
export const studyKeyProofMessage = (of: {
  readonly channel: string;
  readonly mspId: string;
  readonly studyId: string;
  readonly datasetId: string;
  readonly encryptionPublicKey: string;
}): string => {
  const { channel, mspId, studyId, datasetId, encryptionPublicKey } = of;
  return canonicalJson({
    purpose: 'consilium study key v1',
    channel,
    mspId,
    studyId,
    datasetId,
    encryptionPublicKey,
  });
};
