// Organisations of the consortium.
import { Member, PageOfRows } from '@consilium/domain';
import { MEMBER, MEMBER_WITH_NEXT_KEY, REGISTER_MEMBER, ROTATE_KEY } from '../http/examples.ts';
import type { LedgerRoute } from './ledger-route.ts';

const tag = 'members';

export const MEMBER_ROUTES: readonly LedgerRoute[] = [
  {
    transaction: 'member:register',
    tag,
    operationId: 'registerMember',
    description:
      "Signs this gateway's own organisation in. The encryption key and its proof come from " +
      'GET /v1/local/encryption-key.',
    errors: ['MEMBER_EXISTS', 'KEY_UNPROVEN', 'KEY_USED'],
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
    transaction: 'member:list',
    tag,
    operationId: 'listMembers',
    description: 'In pages: pass the bookmark of one page to get the next.',
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
