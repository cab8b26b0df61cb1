// Motions: hospitals of a study decide together to pause, resume or amend it.
import { Motion, MotionRecord, PageOfRows } from '@consilium/domain';
import { STUDY } from '../http/examples.ts';
import type { LedgerRoute } from './ledger-route.ts';
import { statesOf } from './list-filters.ts';

const tag = 'studies';
const AT = STUDY.proposedAt;
const MOVE = { kind: 'amend', amendment: { rounds: 5 }, reason: 'The model still improves.' } as const;
const MOTION: Motion = {
  schema: 1,
  studyId: STUDY.studyId,
  motion: 1,
  ...MOVE,
  studyVersion: 1,
  state: 'open',
  movedBy: STUDY.requester,
  movedAt: AT,
};
const VOTE = {
  accept: true,
  claims: [{ datasetId: 'cleveland-heart', claimedEpsilon: { training: '1.9', heldOut: '0.7' } }],
};

export const MOTION_ROUTES: readonly LedgerRoute[] = [
  {
    transaction: 'motion:move',
    tag,
    operationId: 'moveMotion',
    description:
      'Pausing and resuming need as many hospitals as a model does; an amendment needs all whose datasets ' +
      'take part. One motion of a study is open at a time.',
    errors: [
      'STUDY_NOT_FOUND',
      'STUDY_STATE',
      'NOT_A_PARTICIPANT',
      'MOTION_STATE',
      'DATASET_NOT_FOUND',
      'MEMBER_LEFT',
    ],
    answer: Motion,
    creates: true,
    examples: { body: MOVE, answer: MOTION },
  },
  {
    transaction: 'motion:list',
    tag,
    operationId: 'listMotions',
    description: 'In pages: pass the bookmark of one page to get the next.',
    filters: { states: statesOf(Motion), owner: 'movedBy', at: 'movedAt' },
    errors: ['STUDY_NOT_FOUND'],
    answer: PageOfRows(Motion),
    examples: { answer: { items: [MOTION] } },
  },
  {
    transaction: 'motion:get',
    tag,
    operationId: 'getMotion',
    description: 'What is asked, its state, and who has voted how.',
    errors: ['MOTION_NOT_FOUND'],
    answer: MotionRecord,
    examples: {
      answer: {
        motion: MOTION,
        votes: [
          {
            schema: 1,
            studyId: STUDY.studyId,
            motion: 1,
            mspId: STUDY.requester,
            accept: true,
            stewards: ['steward'],
            complete: true,
            votedAt: AT,
          },
        ],
      },
    },
  },
  {
    transaction: 'motion:vote',
    tag,
    operationId: 'castVote',
    description:
      'The vote that decides carries the motion out at once. Accepting more rounds reserves them in the own ' +
      'datasets, for which `claims` says what they cost.',
    errors: [
      'STUDY_NOT_FOUND',
      'MOTION_NOT_FOUND',
      'MOTION_STATE',
      'VOTE_EXISTS',
      'NOT_A_PARTICIPANT',
      'BUDGET_EXCEEDED',
      'PRIVACY_COST_UNDERCLAIMED',
    ],
    answer: Motion,
    examples: { body: VOTE, answer: { ...MOTION, state: 'carried', decidedAt: AT } },
  },
];
