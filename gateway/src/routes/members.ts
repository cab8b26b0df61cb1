// Organisations of the consortium.
import { Departure, DepartureAnswer, Member, MemberBallot, MemberVote, PageOfRows } from '@consilium/domain';
import { MEMBER, MEMBER_WITH_NEXT_KEY, REGISTER_MEMBER, ROTATE_KEY, STUDY } from '../http/examples.ts';
import type { LedgerRoute } from './ledger-route.ts';

const tag = 'members';

const LEFT: Departure = {
  schema: 1,
  mspId: MEMBER.mspId,
  membership: 1,
  leftAt: MEMBER.registeredAt,
  by: 'itself',
  reason: 'The hospital closes.',
};
const DEPARTURE: DepartureAnswer = {
  ...LEFT,
  shortOf: [
    {
      studyId: STUDY.studyId,
      state: 'running',
      needed: { updates: 3, validators: 3 },
      now: { updates: 2, validators: 2 },
      most: { updates: 2, validators: 2 },
      isMet: false,
      canBeMet: false,
      lost: 'at most 2 datasets consent and 3 are needed: amend the study, or end it',
    },
  ],
  more: false,
};
const VOTE: MemberVote = {
  schema: 1,
  mspId: MEMBER.mspId,
  question: 'removal',
  membership: 1,
  voter: 'HungaryMSP',
  voterMembership: 1,
  accept: true,
  reason: 'It has not answered for a year.',
  votedAt: MEMBER.registeredAt,
};
const BALLOT: MemberBallot = { ...VOTE, accepting: ['HungaryMSP'], needed: 3 };

export const MEMBER_ROUTES: readonly LedgerRoute[] = [
  {
    transaction: 'member:register',
    tag,
    operationId: 'registerMember',
    description:
      "Signs this gateway's own organisation in. The encryption key and its proof come from " +
      'GET /v1/local/encryption-key. One that has left returns so, with another key, once a majority of the members ' +
      'has voted for its return.',
    errors: ['MEMBER_EXISTS', 'MEMBER_STATE', 'KEY_UNPROVEN', 'KEY_USED'],
    answer: Member,
    creates: true,
    examples: { body: REGISTER_MEMBER, answer: MEMBER },
  },
  {
    transaction: 'member:rotateKey',
    tag,
    operationId: 'rotateKey',
    description:
      "Artefacts for this gateway's own organisation are sealed to another key from now on. Make it at the trainer " +
      '(`consilium-trainer key rotate`), then GET /v1/local/encryption-key answers it with its proof.',
    errors: ['MEMBER_NOT_FOUND', 'KEY_UNPROVEN', 'KEY_USED'],
    answer: Member,
    examples: { body: ROTATE_KEY, answer: MEMBER_WITH_NEXT_KEY },
  },
  {
    transaction: 'member:leave',
    tag,
    operationId: 'leave',
    description:
      "This gateway's own organisation is no member from now on: its consents are withdrawn with it, and its votes and " +
      'motions lapse. The answer names the studies that it took part in whose quorum is not met any more. Its consents ' +
      'are settled by anyone, with the signature of its peer: let it run until they are, and leave the channel then.',
    errors: ['NOT_A_MEMBER', 'MEMBER_STATE'],
    answer: DepartureAnswer,
    examples: { body: { reason: 'The hospital closes.' }, answer: DEPARTURE },
  },
  {
    transaction: 'member:vote',
    tag,
    operationId: 'voteOnMember',
    description:
      'For the removal of a member, or the return of an organisation that left. The vote of a majority of the members ' +
      'decides: a removal takes place with it, and a return when the organisation registers. One may vote again, with ' +
      'another answer.',
    errors: ['NOT_A_MEMBER', 'MEMBER_NOT_FOUND', 'MEMBER_STATE', 'VOTE_EXISTS'],
    answer: MemberBallot,
    examples: {
      body: { question: 'removal', accept: true, reason: 'It has not answered for a year.' },
      answer: BALLOT,
    },
  },
  {
    transaction: 'member:listVotes',
    tag,
    operationId: 'listMemberVotes',
    description:
      'With the membership that each vote is on. In pages: pass the bookmark of one to get the next.',
    errors: ['MEMBER_NOT_FOUND'],
    answer: PageOfRows(MemberVote),
    examples: { answer: { items: [VOTE] } },
  },
  {
    transaction: 'member:listDepartures',
    tag,
    operationId: 'listDepartures',
    description: 'Who left, when and why. In pages: pass the bookmark of one to get the next.',
    filters: { at: 'leftAt' },
    errors: [],
    answer: PageOfRows(Departure),
    examples: { answer: { items: [LEFT] } },
  },
  {
    transaction: 'member:list',
    tag,
    operationId: 'listMembers',
    description: 'In pages: pass the bookmark of one page to get the next.',
    filters: { at: 'registeredAt' },
    errors: [],
    answer: PageOfRows(Member),
    examples: { answer: { items: [MEMBER] } },
  },
  {
    transaction: 'member:get',
    tag,
    operationId: 'getMember',
    description: 'By the Fabric MSP id of the organisation.',
    errors: ['MEMBER_NOT_FOUND'],
    answer: Member,
    examples: { answer: MEMBER },
  },
];
