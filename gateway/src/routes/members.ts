// Organisations of the consortium.
import { Member, PageOfRows } from '@consilium/chaincode/domain';
import { MEMBER, REGISTER_MEMBER } from '../examples.ts';
import type { LedgerRoute } from './ledger-route.ts';

const tag = 'members';

export const MEMBER_ROUTES: readonly LedgerRoute[] = [
  {
    transaction: 'member:register',
    path: '/members',
    tag,
    operationId: 'registerMember',
    description:
      "Signs this gateway's own organisation in. The encryption key comes from GET /v1/local/encryption-key.",
    errors: ['MEMBER_EXISTS'],
    answer: Member,
    creates: true,
    examples: { body: REGISTER_MEMBER, answer: MEMBER },
  },
  {
    transaction: 'member:list',
    path: '/members',
    tag,
    operationId: 'listMembers',
    description: 'In pages: pass the bookmark of one page to get the next.',
    errors: [],
    answer: PageOfRows(Member),
    examples: { answer: { items: [MEMBER] } },
  },
  {
    transaction: 'member:get',
    path: '/members/{mspId}',
    tag,
    operationId: 'getMember',
    description: 'By the Fabric MSP id of the organisation.',
    errors: ['MEMBER_NOT_FOUND'],
    answer: Member,
    examples: { answer: MEMBER },
  },
];
