// Leaving, being removed and returning. A membership ends with a row of its own, which everything that rests on the
// membership is read with: so leaving is one small transaction, and nobody's rows have to be written for it to hold.
import type { ConsentRow } from '../consent.ts';
import { DomainError } from '../errors.ts';
import {
  type Departure,
  type LeaveMember,
  type MemberQuestion,
  type MemberRow,
  type MemberVote,
  membershipOf,
  type VoteOnMember,
} from '../member.ts';
import { ROW_SCHEMA } from '../row-schema.ts';

/** How many of the members must be for it. */
export const majorityOf = (members: number): number => Math.floor(members / 2) + 1;

/** The votes on an organisation that count. */
export interface Ballot {
  /** Members that are for it, in order. */
  readonly accepting: readonly string[];
  readonly needed: number;
}

export const isCarried = ({ accepting, needed }: Ballot): boolean => accepting.length >= needed;
export const inWords = ({ accepting, needed }: Ballot): string =>
  `${accepting.length} of the ${needed} members that are needed have voted`;

/** The membership that a question is about: the present one is to end, or the next to begin. */
export const membershipIn = (question: MemberQuestion, member: MemberRow): number =>
  membershipOf(member) + (question === 'return' ? 1 : 0);

/**
 * The votes that count: of organisations that are members now, cast in their present membership. A vote of a member
 * that left is none, whether it returned or not.
 */
export function ballotOf(votes: readonly MemberVote[], present: readonly MemberRow[]): Ballot {
  const accepting = present
    .filter((member) =>
      votes.some(
        ({ voter, voterMembership, accept }) =>
          accept && voter === member.mspId && voterMembership === membershipOf(member),
      ),
    )
    .map(({ mspId }) => mspId);
  return { accepting, needed: majorityOf(present.length) };
}

/** A member as others see it: one that left says so. */
export function withDeparture(member: MemberRow, departure: Departure | undefined): MemberRow {
  if (departure === undefined) return member;
  const { leftAt, by, reason } = departure;
  return { ...member, left: { leftAt, by, reason } };
}

const departureOf = (
  member: MemberRow,
  { at, by, reason }: { readonly at: string; readonly by: Departure['by']; readonly reason: string },
): Departure => ({
  schema: ROW_SCHEMA.departure,
  mspId: member.mspId,
  membership: membershipOf(member),
  leftAt: at,
  by,
  reason,
});

/**
 * The end of a membership, by its own operator. It is never refused for what others would like to finish: consents can
 * be withdrawn at any time too. Only the last member stays, since nobody could let anyone return.
 *
 * @throws DomainError MEMBER_STATE
 */
export function leaveMember(
  { reason }: LeaveMember,
  {
    member,
    present,
    at,
  }: { readonly member: MemberRow; readonly present: readonly MemberRow[]; readonly at: string },
): Departure {
  if (present.length === 1) {
    throw new DomainError(
      'MEMBER_STATE',
      `${member.mspId} is the last member: nobody could let anyone return`,
    );
  }
  return departureOf(member, { at, by: 'itself', reason });
}

/**
 * A vote on another organisation, and the departure where it decides a removal. A return is carried out by the
 * organisation itself, which registers again.
 *
 * A vote that was given is given again where that decides: members that left meanwhile count no more.
 *
 * @throws DomainError MEMBER_STATE, VOTE_EXISTS
 */
export function voteOnMember(
  argument: VoteOnMember,
  context: {
    readonly voter: MemberRow;
    /** The organisation, with `left` where it has left. */
    readonly member: MemberRow;
    readonly present: readonly MemberRow[];
    /** On the same question and membership. */
    readonly votes: readonly MemberVote[];
    readonly at: string;
  },
): { vote: MemberVote; ballot: Ballot; departure: Departure | undefined } {
  const { voter, member, present, votes, at } = context;
  const { question, accept, mspId } = argument;
  if (voter.mspId === mspId) {
    throw new DomainError(
      'MEMBER_STATE',
      `${mspId} does not vote on itself: member:leave ends its membership`,
    );
  }
  if ((question === 'return') !== (member.left !== undefined)) {
    const now = member.left === undefined ? 'is a member' : `left on ${member.left.leftAt}`;
    throw new DomainError('MEMBER_STATE', `${mspId} ${now}: there is no ${question} to vote on`);
  }
  const vote: MemberVote = {
    schema: ROW_SCHEMA['member-vote'],
    ...argument,
    membership: membershipIn(question, member),
    voter: voter.mspId,
    voterMembership: membershipOf(voter),
    votedAt: at,
  };
  const ballot = ballotOf([...votes.filter((one) => one.voter !== voter.mspId), vote], present);
  const departs = question === 'removal' && isCarried(ballot);
  const existing = votes.find(
    (one) => one.voter === voter.mspId && one.voterMembership === vote.voterMembership,
  );
  if (existing?.accept === accept && !departs) {
    throw new DomainError('VOTE_EXISTS', `${voter.mspId} has voted on the ${question} of ${mspId}`);
  }
  const reason = argument.reason;
  return {
    vote,
    ballot,
    departure: departs ? departureOf(member, { at, by: 'the others', reason }) : undefined,
  };
}

/** @throws DomainError MEMBER_LEFT for a dataset that nobody could consent to */
export function requirePresentOwner(
  { datasetId, owner }: { datasetId: string; owner: string },
  left: boolean,
): void {
  if (!left) return;
  throw new DomainError(
    'MEMBER_LEFT',
    `dataset ${datasetId} belongs to ${owner}, which has left: leave it out`,
  );
}

/**
 * A consent as it counts. One whose owner's membership ended is withdrawn since then, though nobody wrote its row: that
 * needs its owner's peer, which may be gone.
 */
export function inMembership(consent: ConsentRow, departure: Departure | undefined): ConsentRow {
  if (departure === undefined || consent.state !== 'granted') return consent;
  return { ...consent, state: 'withdrawn', withdrawnAt: departure.leftAt, reason: departure.reason };
}
