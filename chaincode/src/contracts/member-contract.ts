// Transactions on members: who is one, who is one no longer, and who may return.

import type {
  Departure,
  DepartureAnswer,
  MemberBallot,
  MemberQuestion,
  MemberRow,
  MemberVote,
  StudyQuorum,
} from '@consilium/domain';
import { provesKey } from '@consilium/domain/key-proof';
import {
  ballotOf,
  isShort,
  keyOf,
  leaveMember,
  membershipIn,
  presentKeyOf,
  registerMember,
  rotateKey,
  voteOnMember,
} from '@consilium/domain/rules';
import type { Ledger } from '../ledger/ledger.ts';
import { membershipKey } from '../ledger/rows.ts';
import { asKnown, findMember, findMembership, findStudy, knownMember, membersOf } from './find.ts';
import { type LedgerContext, LedgerContract } from './ledger-context.ts';
import { quorumNow } from './quorum-now.ts';
import { transact } from './transact.ts';

/** How many studies of a member that leaves are looked at within its own transaction. */
const STUDIES_NAMED = 20;

export class MemberContract extends LedgerContract {
  constructor() {
    super('member');
  }

  register(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'member:register', text, async ({ argument, ledger, mspId, at }) => {
      const existing = await knownMember(ledger, mspId);
      const used = await ledger.get('member-key', argument.encryptionPublicKey);
      const channel = context.stub.getChannelID();
      const proven = provesKey({ ...argument, channel, mspId });
      const present = existing?.left === undefined ? [] : await membersOf(ledger);
      const votes = existing === undefined ? [] : await votesOn(ledger, existing, 'return', present);
      const ballot = ballotOf(votes, present);
      const member = registerMember(argument, { mspId, channel, at, existing, used, proven, ballot });
      await ledger.put('member', member);
      await ledger.put('member-key', keyOf(member));
      return member;
    });
  }

  rotateKey(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'member:rotateKey', text, async ({ argument, ledger, mspId, at }) => {
      const existing = await findMember(ledger, mspId);
      const used = await ledger.get('member-key', argument.encryptionPublicKey);
      const channel = context.stub.getChannelID();
      const proven = provesKey({ ...argument, channel, mspId });
      const member = rotateKey(argument, { mspId, channel, at, existing, used, proven });
      await ledger.put('present-key', presentKeyOf(member, argument));
      await ledger.put('member-key', keyOf(member));
      // A key from before there were such rows is not to come back either, unless somebody else has it by now.
      const before = await ledger.get('member-key', existing.encryptionPublicKey);
      if (before === undefined) await ledger.put('member-key', keyOf(existing));
      return member;
    });
  }

  leave(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'member:leave', text, async ({ argument, ledger, mspId, at, concern }) => {
      const member = await findMembership(ledger, mspId);
      const departure = leaveMember(argument, { member, present: await membersOf(ledger), at });
      await ledger.put('departure', departure);
      const answer = await departureAnswer(ledger, departure);
      concern({ study: answer.shortOf.map(({ studyId }) => studyId) });
      return answer;
    });
  }

  vote(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'member:vote', text, async ({ argument, ledger, mspId, at }) => {
      const member = await findMembership(ledger, argument.mspId);
      const present = await membersOf(ledger);
      const { vote, ballot, departure } = voteOnMember(argument, {
        voter: await findMembership(ledger, mspId),
        member,
        present,
        votes: await votesOn(ledger, member, argument.question, present),
        at,
      });
      await ledger.put('member-vote', vote);
      const answer: MemberBallot = { ...vote, accepting: [...ballot.accepting], needed: ballot.needed };
      if (departure === undefined) return answer;
      // Its studies and consents are not read: who is removed could write them again and again, and no vote would
      // count.
      await ledger.put('departure', departure);
      return { ...answer, departure };
    });
  }

  get(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'member:get', text, ({ argument: { mspId }, ledger }) =>
      findMember(ledger, mspId),
    );
  }

  list(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'member:list', text, async ({ argument, ledger }) => {
      const page = await ledger.page('member', [], argument);
      const items: MemberRow[] = [];
      for (const member of page.items) items.push(await asKnown(ledger, member));
      return { ...page, items };
    });
  }

  listVotes(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'member:listVotes', text, async ({ argument, ledger }) => {
      await findMember(ledger, argument.mspId);
      return ledger.page('member-vote', [argument.mspId], argument);
    });
  }

  listDepartures(context: LedgerContext, text: string): Promise<string> {
    return transact(context, 'member:listDepartures', text, ({ argument, ledger }) =>
      ledger.page('departure', [], argument),
    );
  }
}

/** The votes of present members on one question about an organisation. */
async function votesOn(
  ledger: Ledger,
  member: MemberRow,
  question: MemberQuestion,
  present: readonly MemberRow[],
): Promise<MemberVote[]> {
  const votes: MemberVote[] = [];
  for (const { mspId } of present) {
    const key = [member.mspId, question, membershipKey(membershipIn(question, member)), mspId] as const;
    const vote = await ledger.get('member-vote', ...key);
    if (vote !== undefined) votes.push(vote);
  }
  return votes;
}

/** A departure, and the quorums that are not met without that organisation. What it writes is not read back. */
async function departureAnswer(ledger: Ledger, departure: Departure): Promise<DepartureAnswer> {
  const { mspId } = departure;
  const taken = await ledger.all('open-consent', mspId);
  const studies = [...new Set(taken.map(({ studyId }) => studyId))];
  const shortOf: StudyQuorum[] = [];
  for (const studyId of studies.slice(0, STUDIES_NAMED)) {
    const quorum = await quorumNow(ledger, await findStudy(ledger, studyId), departure);
    if (isShort(quorum)) shortOf.push(quorum);
  }
  return { ...departure, shortOf, more: studies.length > STUDIES_NAMED };
}
