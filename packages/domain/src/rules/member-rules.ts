// Who is in the consortium, and to which key its artefacts are sealed.
import { DomainError } from '../errors.ts';
import {
  type MemberKey,
  type MemberRow,
  membershipOf,
  type PresentKey,
  type RegisterMember,
  type RotateKey,
} from '../member.ts';
import { ROW_SCHEMA } from '../row-schema.ts';
import { type Ballot, inWords, isCarried } from './membership-rules.ts';

interface KeyContext {
  readonly mspId: string;
  readonly channel: string;
  readonly at: string;
  /** The record of this very key, if a member has it now, or had it before. */
  readonly used: MemberKey | undefined;
  /** Whether the proof is by the key's private half, for this member on this channel. */
  readonly proven: boolean;
}

/** @throws DomainError KEY_USED, KEY_UNPROVEN */
function requireNewKey({ mspId, channel, used, proven }: KeyContext): void {
  if (used !== undefined) {
    const { keyNumber, studyId } = used;
    const which = keyNumber === undefined ? `a key for study ${studyId}` : `key ${keyNumber}`;
    throw new DomainError('KEY_USED', `it was ${which} of ${used.mspId}: make another`);
  }
  if (proven) return;
  throw new DomainError(
    'KEY_UNPROVEN',
    `keyProof is no signature by encryptionPublicKey for ${mspId} on channel ${channel}`,
  );
}

/**
 * A member, or a former one in a new membership: nothing that it said in an earlier one holds.
 *
 * `existing` is the organisation as it is known, with its present key and with `left` where it has left; `ballot` holds
 * the votes on its return.
 *
 * @throws DomainError MEMBER_EXISTS, MEMBER_STATE where too few members let it return, KEY_USED, KEY_UNPROVEN
 */
export function registerMember(
  argument: RegisterMember,
  context: KeyContext & { readonly existing: MemberRow | undefined; readonly ballot: Ballot },
): MemberRow {
  const { mspId, at, existing, ballot } = context;
  const row = { schema: ROW_SCHEMA.member, mspId, ...argument, keySince: at, registeredAt: at };
  if (existing === undefined) {
    requireNewKey(context);
    return { ...row, keyNumber: 1 };
  }
  if (existing.left === undefined) throw new DomainError('MEMBER_EXISTS', `${mspId} is already a member`);
  if (!isCarried(ballot)) {
    throw new DomainError(
      'MEMBER_STATE',
      `${mspId} left on ${existing.left.leftAt}: ${inWords(ballot)} for its return, with member:vote`,
    );
  }
  requireNewKey(context);
  return { ...row, keyNumber: existing.keyNumber + 1, membership: membershipOf(existing) + 1 };
}

/**
 * The member with another key. What is sealed from now on is sealed to it; what was sealed before stays as it is.
 *
 * @throws DomainError KEY_USED, KEY_UNPROVEN
 */
export function rotateKey(
  argument: RotateKey,
  context: KeyContext & { readonly existing: MemberRow },
): MemberRow {
  const { at, existing, used } = context;
  const present = keyOf(existing);
  const same = present.encryptionPublicKey === argument.encryptionPublicKey;
  requireNewKey({ ...context, used: same ? present : used });
  return { ...existing, ...argument, keyNumber: existing.keyNumber + 1, keySince: at };
}

/** The key that a rotated member has now, as a row of its own. */
export const presentKeyOf = (
  { mspId, keyNumber, keySince }: MemberRow,
  { encryptionPublicKey, keyProof }: RotateKey,
): PresentKey => ({
  schema: ROW_SCHEMA['present-key'],
  mspId,
  encryptionPublicKey,
  keyProof,
  keyNumber,
  keySince,
});

/** A member as it registered, with the key that it has now. A key of an earlier membership is none. */
export function withPresentKey(member: MemberRow, present: PresentKey | undefined): MemberRow {
  if (present === undefined || present.keyNumber < member.keyNumber) return member;
  const { schema: _, ...key } = present;
  return { ...member, ...key };
}

/** The member's key as a row of its own. */
export const keyOf = ({ mspId, encryptionPublicKey, keyNumber }: MemberRow): MemberKey => ({
  schema: ROW_SCHEMA['member-key'],
  encryptionPublicKey,
  mspId,
  keyNumber,
});
