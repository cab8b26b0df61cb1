// A member is an organisation of the consortium, signed in by its own operator.
import { type Static, Type } from 'typebox';
import { EncryptionPublicKey, KeyProof, RecordedEncryptionKey } from './encryption-key.ts';
import {
  Described,
  type Filled,
  Id,
  Instant,
  MspId,
  Reason,
  RowSchema,
  Strict,
  Title,
  Words,
} from './primitives.ts';

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

/**
 * Which membership of an organisation: it may leave and return, and nothing that it said before holds after that. Rows
 * of the first membership leave it out.
 */
export const Membership = Type.Integer({
  minimum: 1,
  maximum: 10_000,
  description: 'Which membership of the organisation: 1, also where absent, is the first.',
});

/** The membership that a row is of. */
export const membershipOf = ({ membership = 1 }: { readonly membership?: number | undefined }): number =>
  membership;

/** What a row of a later membership than the first says of it; nothing for the first, as rows of before. */
export const ofMembership = (membership: number): { readonly membership?: number } =>
  membership === 1 ? {} : { membership };

const KeyNumber = Type.Integer({
  minimum: 1,
  description: 'Which key of the member this is: 1 is the first.',
});

/** How a membership ended: its operator left, or a majority of the members removed it. */
const LEAVING = ['itself', 'the others'] as const;

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
  membership: Type.Optional(Membership),
  left: Type.Optional(
    Described(
      Strict({ leftAt: Instant, by: Words(LEAVING), reason: Reason }),
      'Of an organisation that is no member any more: since when, and why.',
    ),
  ),
});
export type Member = Static<typeof Member>;
/** A member as the ledger reads it. */
export type MemberRow = Filled<Member, 'keyNumber' | 'keySince'>;

/** What an operator says when its organisation leaves. */
export const LeaveMember = Strict({ reason: Reason });
export type LeaveMember = Static<typeof LeaveMember>;

/** A membership that has ended, as a row. The organisation's consents and votes of that membership count no more. */
export const Departure = Strict({
  schema: RowSchema,
  mspId: MspId,
  membership: Membership,
  leftAt: Instant,
  by: Words(LEAVING),
  reason: Reason,
});
export type Departure = Static<typeof Departure>;

/** removal: that a member is one no longer. return: that an organisation that left may register again. */
export const MEMBER_QUESTIONS = ['removal', 'return'] as const;
/** What members vote on about an organisation. */
export type MemberQuestion = (typeof MEMBER_QUESTIONS)[number];

/** One member's vote on another organisation. */
export const VoteOnMember = Strict({
  mspId: MspId,
  question: Words(MEMBER_QUESTIONS),
  accept: Type.Boolean(),
  reason: Reason,
});
export type VoteOnMember = Static<typeof VoteOnMember>;

/** A vote on an organisation, as a row: of one membership of the voter, on one membership of the other. */
export const MemberVote = Strict({
  schema: RowSchema,
  ...VoteOnMember.properties,
  membership: Described(Membership, 'The membership that is to end, or to begin.'),
  voter: MspId,
  voterMembership: Membership,
  votedAt: Instant,
});
export type MemberVote = Static<typeof MemberVote>;

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

/** A key that a member has now, or had before, its own or one for a study: nobody can register it again. */
export const MemberKey = Strict({
  schema: RowSchema,
  encryptionPublicKey: RecordedEncryptionKey,
  mspId: MspId,
  keyNumber: Type.Optional(Described(KeyNumber, 'Which key of the member; absent for a key for a study.')),
  studyId: Type.Optional(Described(Id, 'For whose study the key is.')),
  datasetId: Type.Optional(Described(Id, 'For whose updates the key is.')),
});
export type MemberKey = Static<typeof MemberKey>;
