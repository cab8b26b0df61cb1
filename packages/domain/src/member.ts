// A member is an organisation of the consortium, signed in by its own operator.
import { type Static, Type } from 'typebox';
import { EncryptionPublicKey, KeyProof, RecordedEncryptionKey } from './encryption-key.ts';
import { Described, type Filled, Instant, MspId, RowSchema, Strict, Title } from './primitives.ts';

/**
 * What an organisation says of itself when it registers: its title, its encryption key, and the proof that it has
 * the key.
 */
export const RegisterMember = Strict({
  title: Title,
  encryptionPublicKey: EncryptionPublicKey,
  keyProof: KeyProof,
});
export type RegisterMember = Static<typeof RegisterMember>;

/** A new encryption key of a member, with the proof that it has the key. */
export const RotateKey = Strict({ encryptionPublicKey: EncryptionPublicKey, keyProof: KeyProof });
export type RotateKey = Static<typeof RotateKey>;

const KeyNumber = Type.Integer({
  minimum: 1,
  description: 'Which key of the member this is: 1 is the first.',
});

/** A registered organisation, as a row. */
export const Member = Strict({
  schema: RowSchema,
  mspId: MspId,
  title: Title,
  encryptionPublicKey: RecordedEncryptionKey,
  keyProof: Type.Optional(Described(KeyProof, 'Absent where the key is from before there were proofs.')),
  keyNumber: Type.Optional(KeyNumber),
  keySince: Type.Optional(Described(Instant, 'Since when artefacts are sealed to this key.')),
  registeredAt: Instant,
});
export type Member = Static<typeof Member>;
/** A member as the ledger reads it. */
export type MemberRow = Filled<Member, 'keyNumber' | 'keySince'>;

/**
 * The key of a member that has rotated, in place of that in its own row: all who count members read those rows, and one
 * that its owner wrote again and again would invalidate whatever they send.
 */
export const PresentKey = Strict({
  schema: RowSchema,
  mspId: MspId,
  encryptionPublicKey: RecordedEncryptionKey,
  keyProof: KeyProof,
  keyNumber: KeyNumber,
  keySince: Instant,
});
export type PresentKey = Static<typeof PresentKey>;

/** A key that a member has now, or had before: nobody can register it again. */
export const MemberKey = Strict({
  schema: RowSchema,
  encryptionPublicKey: RecordedEncryptionKey,
  mspId: MspId,
  keyNumber: KeyNumber,
});
export type MemberKey = Static<typeof MemberKey>;
