// A member is an organisation of the consortium, signed in by its own operator.
import { type Static, Type } from 'typebox';
import { Instant, MspId, RowSchema, Strict, Title } from './primitives.ts';

export const RegisterMember = Strict({
  title: Title,
  encryptionPublicKey: Type.String({
    pattern: '^[A-Za-z0-9_-]{43}$',
    description: 'X25519 public key, 32 bytes in base64url: artefacts for this member are sealed to it.',
  }),
});
export type RegisterMember = Static<typeof RegisterMember>;

export const Member = Strict({
  schema: RowSchema,
  mspId: MspId,
  ...RegisterMember.properties,
  registeredAt: Instant,
});
export type Member = Static<typeof Member>;
