// Training rounds and everything recorded in them.
import {
  Attestation,
  PageOfRows,
  Round,
  RoundDossier,
  ScoreCommitment,
  Update,
  Verdict,
  VerdictAnswer,
} from '@consilium/domain';
import {
  ATTEST_AGGREGATE,
  ATTESTATION,
  COMMIT_SCORE,
  FINALIZE_ROUND,
  RECORD_UPDATE,
  RECORD_VERDICT,
  ROUND,
  SCORE_COMMITMENT,
  UPDATE,
  VERDICT,
} from '../http/examples.ts';
import type { LedgerRoute } from './ledger-route.ts';
import { statesOf } from './list-filters.ts';

const tag = 'rounds';
/** What refuses any step of a round by its validators. */
const STEP = ['ROUND_NOT_FOUND', 'STUDY_STATE', 'ROUND_CLOSED', 'NOT_A_PARTICIPANT'] as const;
/** What refuses a step that the leader takes for all. */
const LED_STEP = [...STEP, 'NOT_THE_LEADER', 'QUORUM_NOT_REACHED'] as const;

export const ROUND_ROUTES: readonly LedgerRoute[] = [
  {
    transaction: 'round:open',
    tag,
    operationId: 'openRound',
    description:
      'Rounds open one after the other. Participants are the datasets whose consent is in force now. If the base was ' +
      'not sealed to all of them, `base` names a copy with the same parameters that is.',
    errors: [
      'STUDY_NOT_FOUND',
      'STUDY_STATE',
      'NOT_A_PARTICIPANT',
      'NOT_THE_LEADER',
      'ROUND_EXISTS',
      'ROUND_NUMBER',
      'QUORUM_NOT_REACHED',
    ],
    answer: Round,
    creates: true,
    examples: { body: { round: 1 }, answer: ROUND },
  },
  {
    transaction: 'round:list',
    tag,
    operationId: 'listRounds',
    description: 'In pages: pass the bookmark of one page to get the next.',
    filters: { states: statesOf(Round), at: 'openedAt' },
    errors: ['STUDY_NOT_FOUND'],
    answer: PageOfRows(Round),
    examples: { answer: { items: [ROUND] } },
  },
  {
    transaction: 'round:get',
    tag,
    operationId: 'getRound',
    description: 'The row of the round: state, participants, validators, deadline, aggregate.',
    errors: ['ROUND_NOT_FOUND'],
    answer: Round,
    examples: { answer: ROUND },
  },
  {
    transaction: 'round:getDossier',
    tag,
    operationId: 'getRoundDossier',
    description: 'Everything recorded about the round, in one answer.',
    errors: ['ROUND_NOT_FOUND'],
    answer: RoundDossier,
    examples: {
      answer: { round: ROUND, updates: [UPDATE], verdicts: [VERDICT], attestations: [ATTESTATION] },
    },
  },
  {
    transaction: 'round:recordUpdate',
    tag,
    operationId: 'recordUpdate',
    description: 'One per dataset and round: one release is one charge.',
    errors: [
      ...STEP,
      'NOT_THE_OWNER',
      'CONSENT_NOT_FOUND',
      'CONSENT_STATE',
      'STUDY_CHANGED',
      'UPDATE_EXISTS',
      'UPDATE_REPLAYED',
      'PRIVACY_EVENT_MISMATCH',
      'PRIVACY_COST_UNDERCLAIMED',
      'BUDGET_EXCEEDED',
    ],
    answer: Update,
    creates: true,
    examples: { body: RECORD_UPDATE, answer: UPDATE },
  },
  {
    transaction: 'round:getUpdate',
    tag,
    operationId: 'getUpdate',
    description: 'Where the encrypted update lies, how to recognise it and what it cost.',
    errors: ['UPDATE_NOT_FOUND'],
    answer: Update,
    examples: { answer: UPDATE },
  },
  {
    transaction: 'round:close',
    tag,
    operationId: 'closeRound',
    description: 'When all updates arrived, or the deadline passed with a quorum.',
    errors: [...LED_STEP, 'ROUND_INCOMPLETE'],
    answer: Round,
    examples: { answer: { ...ROUND, state: 'validating', updates: ['cleveland-heart'] } },
  },
  {
    transaction: 'round:commitScore',
    tag,
    operationId: 'commitScore',
    description:
      'One per dataset and round, before the verdict: endorsers read a verdict before it is ordered, so that the ' +
      'ledger names the one score that may be shown.',
    errors: [
      ...STEP,
      'NOT_THE_OWNER',
      'SCORE_COMMITTED',
      'VERDICT_EXISTS',
      'CONSENT_NOT_FOUND',
      'CONSENT_STATE',
      'STUDY_CHANGED',
    ],
    answer: ScoreCommitment,
    creates: true,
    examples: { body: COMMIT_SCORE, answer: SCORE_COMMITMENT },
  },
  {
    transaction: 'round:recordVerdict',
    tag,
    operationId: 'recordVerdict',
    description: "One per validator: accept or reject each update, and the candidate's charged scores.",
    errors: [
      ...STEP,
      'NOT_THE_OWNER',
      'VERDICT_EXISTS',
      'UPDATE_NOT_FOUND',
      'STUDY_CHANGED',
      'PRIVACY_EVENT_MISMATCH',
      'PRIVACY_COST_UNDERCLAIMED',
      'BUDGET_EXCEEDED',
    ],
    answer: Verdict,
    creates: true,
    examples: { body: RECORD_VERDICT, answer: VERDICT },
  },
  {
    transaction: 'round:getVerdict',
    tag,
    operationId: 'getVerdict',
    description:
      "One validator's judgement. Where it rejects, `grounds` says which rule failed, with the recorded counts that it " +
      'rests on and no others.',
    errors: ['STUDY_NOT_FOUND', 'VERDICT_NOT_FOUND'],
    answer: VerdictAnswer,
    examples: { answer: VERDICT },
  },
  {
    transaction: 'round:tally',
    tag,
    operationId: 'tallyRound',
    description: 'When all verdicts arrived, or the deadline passed with a quorum.',
    errors: [...LED_STEP, 'ROUND_INCOMPLETE'],
    answer: Round,
    examples: { answer: { ...ROUND, state: 'aggregating', included: ['cleveland-heart'], excluded: [] } },
  },
  {
    transaction: 'round:attest',
    tag,
    operationId: 'attestAggregate',
    description: "This hospital's own recomputation of the aggregate, as its hash.",
    errors: [...STEP, 'ATTESTATION_EXISTS'],
    answer: Attestation,
    creates: true,
    examples: { body: ATTEST_AGGREGATE, answer: ATTESTATION },
  },
  {
    transaction: 'round:finalize',
    tag,
    operationId: 'finalizeRound',
    description:
      'A peer endorses only if its own organisation accepted the candidate and attested the same aggregate: ' +
      'the signatures in the block are the proof that N hospitals did. `peers` lists the refusals otherwise.',
    errors: [...LED_STEP, 'ENDORSEMENT_REFUSED'],
    answer: Round,
    examples: { body: FINALIZE_ROUND, answer: { ...ROUND, state: 'finalized', ...FINALIZE_ROUND } },
  },
  {
    transaction: 'round:abort',
    tag,
    operationId: 'abortRound',
    description:
      'For a round that missed its deadline or its quorum; the next one starts from the same base.',
    errors: ['ROUND_NOT_FOUND', 'ROUND_CLOSED', 'ROUND_INCOMPLETE', 'NOT_A_PARTICIPANT'],
    answer: Round,
    examples: {
      body: { reason: 'Two of four verdicts rejected the candidate.' },
      answer: { ...ROUND, state: 'aborted', reason: 'Two of four verdicts rejected the candidate.' },
    },
  },
];
