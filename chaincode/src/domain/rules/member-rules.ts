// Who is in the consortium.
import { DomainError } from '../errors.ts';
import type { Member, RegisterMember } from '../member.ts';
import { ROW_SCHEMA } from '../row-schema.ts';

/** @throws DomainError MEMBER_EXISTS */
export function registerMember(
  argument: RegisterMember,
  {
    mspId,
    at,
    existing,
  }: { readonly mspId: string; readonly at: string; readonly existing: Member | undefined },
): Member {
  if (existing !== undefined) throw new DomainError('MEMBER_EXISTS', `${mspId} is already a member`);
  return { schema: ROW_SCHEMA.member, mspId, ...argument, registeredAt: at };
}
