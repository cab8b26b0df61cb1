// Studies and the consents given to them.
import {
  Consent,
  ConsentApproval,
  ConsentQuote,
  DatasetErasures,
  Decline,
  Erasure,
  OpenConsent,
  PageOfRows,
  RecordedStudyKeys,
  Study,
  StudyAnswer,
  StudyKey,
  StudyQuorum,
  StudyRecord,
  StudySummary,
  summaryOfStudy,
} from '@consilium/domain';
import {
  ATTEST_ERASURE,
  ATTESTATION,
  CONSENT,
  CONSENT_QUOTE,
  DATASET,
  ERASURE,
  GRANT_CONSENT,
  PROPOSE_STUDY,
  RECORD_STUDY_KEYS,
  ROUND,
  STUDY,
  UPDATE,
  VERDICT,
} from '../http/examples.ts';
import type { LedgerRoute } from './ledger-route.ts';
import { statesOf } from './list-filters.ts';

const tag = 'studies';
const QUORUM: StudyQuorum = {
  studyId: STUDY.studyId,
  state: 'proposed',
  needed: STUDY.quorum,
  now: { updates: 0, validators: 0 },
  most: { updates: 1, validators: 1 },
  isMet: false,
  canBeMet: true,
};

export const STUDY_ROUTES: readonly LedgerRoute[] = [
  {
    transaction: 'study:propose',
    tag,
    operationId: 'proposeStudy',
    description:
      'A study is fixed once proposed: consents are given to exactly this text. The graph comes from ' +
      'POST /v1/local/models.',
    errors: [
      'NOT_A_MEMBER',
      'MEMBER_LEFT',
      'STUDY_EXISTS',
      'DATASET_NOT_FOUND',
      'ENCODING_MISMATCH',
      'LABEL_NOT_SCORED',
      'TOO_MANY_STUDIES',
    ],
    answer: Study,
    creates: true,
    examples: { body: PROPOSE_STUDY, answer: STUDY },
  },
  {
    transaction: 'study:list',
    tag,
    operationId: 'listStudies',
    description:
      'In summary, without question, model and plan. In pages: pass the bookmark of one page to get the next. A page ' +
      'may be shorter than asked for: it ends at its bytes too.',
    filters: { states: statesOf(Study), owner: 'requester', purpose: 'purpose', at: 'proposedAt' },
    errors: [],
    answer: PageOfRows(StudySummary),
    examples: { answer: { items: [summaryOfStudy(STUDY)] } },
  },
  {
    transaction: 'study:get',
    tag,
    operationId: 'getStudy',
    description:
      'The study as proposed, and its state. While it is open, `quorumNow` says whether enough hospitals consent, and ' +
      'whether enough still can.',
    errors: ['STUDY_NOT_FOUND'],
    answer: StudyAnswer,
    examples: { answer: { ...STUDY, quorumNow: QUORUM } },
  },
  {
    transaction: 'study:getRecord',
    tag,
    operationId: 'getStudyRecord',
    description:
      'Also of a study that has no model: what was consented to, every round with what was recorded in it, and how it ' +
      'ended. In pages of rounds: pass the bookmark of one to get the next.',
    errors: ['STUDY_NOT_FOUND'],
    answer: StudyRecord,
    examples: {
      answer: {
        study: {
          ...STUDY,
          state: 'aborted',
          endedAt: STUDY.proposedAt,
          reason: 'The question was answered.',
        },
        datasets: [DATASET],
        consents: [CONSENT],
        rounds: [{ round: ROUND, updates: [UPDATE], verdicts: [VERDICT], attestations: [ATTESTATION] }],
      },
    },
  },
  {
    transaction: 'study:listShort',
    tag,
    operationId: 'listShortStudies',
    description:
      'What waits in vain: running studies with too few consents for another round, and proposals that too few can ' +
      'still consent to. In pages, which may be empty: pass the bookmark of one to get the next.',
    errors: [],
    answer: PageOfRows(StudyQuorum),
    examples: { answer: { items: [{ ...QUORUM, state: 'running' }] } },
  },
  {
    transaction: 'study:start',
    tag,
    operationId: 'startStudy',
    description: 'From here on the trainers of the participating hospitals do the rest by themselves.',
    errors: ['STUDY_NOT_FOUND', 'NOT_THE_REQUESTER', 'STUDY_STATE', 'QUORUM_NOT_REACHED', 'TOO_MANY_STUDIES'],
    answer: Study,
    examples: { answer: { ...STUDY, state: 'running' } },
  },
  {
    transaction: 'study:abort',
    tag,
    operationId: 'abortStudy',
    description:
      'What was reserved and not spent is returned when the consents are settled. Where the requester has left and too ' +
      'few hospitals remain, any member may.',
    errors: ['STUDY_NOT_FOUND', 'NOT_THE_REQUESTER', 'STUDY_STATE'],
    answer: Study,
    examples: {
      body: { reason: 'The question was answered elsewhere.' },
      answer: { ...STUDY, state: 'aborted', reason: 'The question was answered elsewhere.' },
    },
  },
  {
    transaction: 'study:retire',
    tag,
    operationId: 'retireStudy',
    description:
      'For proposals that nobody started: `startWithinSeconds` after the proposal (30 days where absent) any member ' +
      'may, its requester before too; at once where the requester has left. What was reserved is returned when the consents are settled.',
    errors: ['STUDY_NOT_FOUND', 'NOT_THE_REQUESTER', 'STUDY_STATE'],
    answer: Study,
    examples: {
      body: { reason: 'Nobody started it.' },
      answer: { ...STUDY, state: 'aborted', reason: 'Nobody started it.' },
    },
  },
];

const consents = 'consents';
const DECLINE: Decline = {
  schema: 1,
  studyId: CONSENT.studyId,
  datasetId: CONSENT.datasetId,
  code: 'privacy-cost',
  reason: 'It costs a third of what these patients have left.',
  owner: CONSENT.owner,
  steward: 'steward',
  studyVersion: 1,
  number: 1,
  declinedAt: CONSENT.grantedAt,
};

export const CONSENT_ROUTES: readonly LedgerRoute[] = [
  {
    transaction: 'study:consent',
    tag: consents,
    operationId: 'grantConsent',
    description:
      "Reserves the study's whole cost. `claimedEpsilon` comes from the quote. A claim that is too low is refused, and so " +
      'is a cost above the budget of any block of patients that it gives. With the `studySha256` of the quote, a study that was amended since is refused too.',
    errors: [
      'NOT_A_MEMBER',
      'STUDY_NOT_FOUND',
      'DATASET_NOT_FOUND',
      'DATASET_NOT_WANTED',
      'NOT_THE_OWNER',
      'STUDY_STATE',
      'PURPOSE_NOT_ALLOWED',
      'REQUESTER_NOT_ALLOWED',
      'TERMS_EXPIRED',
      'CONSENT_EXISTS',
      'STUDY_CHANGED',
      'BLOCK_NOT_FOUND',
      'BLOCK_RETIRED',
      'CONSENT_INCOMPLETE',
      'BUDGET_EXCEEDED',
      'PRIVACY_COST_UNDERCLAIMED',
    ],
    answer: Consent,
    creates: true,
    examples: { body: GRANT_CONSENT, answer: CONSENT },
  },
  {
    transaction: 'study:approveConsent',
    tag: consents,
    operationId: 'approveConsent',
    description:
      "For datasets whose policy asks for several stewards: all but the last approve, and the last one's " +
      'consent reserves the cost.',
    errors: [
      'STUDY_NOT_FOUND',
      'DATASET_NOT_FOUND',
      'DATASET_NOT_WANTED',
      'NOT_THE_OWNER',
      'STUDY_STATE',
      'CONSENT_EXISTS',
      'STUDY_CHANGED',
      'BLOCK_NOT_FOUND',
      'BLOCK_RETIRED',
      'APPROVAL_EXISTS',
    ],
    answer: ConsentApproval,
    examples: {
      answer: {
        schema: 1,
        studyId: CONSENT.studyId,
        datasetId: CONSENT.datasetId,
        owner: CONSENT.owner,
        steward: 'second-steward',
        studyVersion: 1,
        approvedAt: CONSENT.grantedAt,
      },
    },
  },
  {
    transaction: 'study:decline',
    tag: consents,
    operationId: 'declineStudy',
    description:
      'Puts it on record that this hospital does not give this dataset, and why, for the text of now. It binds nobody: a ' +
      'consent may follow, with approvals that were given after it. `quorumNow` of the study counts it at once.',
    errors: [
      'NOT_A_MEMBER',
      'STUDY_NOT_FOUND',
      'DATASET_NOT_FOUND',
      'DATASET_NOT_WANTED',
      'NOT_THE_OWNER',
      'STUDY_STATE',
      'CONSENT_EXISTS',
      'DECLINE_EXISTS',
    ],
    answer: Decline,
    examples: {
      body: { code: 'privacy-cost', reason: 'It costs a third of what these patients have left.' },
      answer: DECLINE,
    },
  },
  {
    transaction: 'study:listDeclines',
    tag: consents,
    operationId: 'listDeclines',
    description: 'In pages: pass the bookmark of one page to get the next.',
    filters: { owner: 'owner', at: 'declinedAt' },
    errors: ['STUDY_NOT_FOUND'],
    answer: PageOfRows(Decline),
    examples: { answer: { items: [DECLINE] } },
  },
  {
    transaction: 'study:listConsents',
    tag: consents,
    operationId: 'listConsents',
    description: 'In pages: pass the bookmark of one page to get the next.',
    filters: { states: statesOf(Consent), owner: 'owner', at: 'grantedAt' },
    errors: ['STUDY_NOT_FOUND'],
    answer: PageOfRows(Consent),
    examples: { answer: { items: [CONSENT] } },
  },
  {
    transaction: 'study:listOpenConsents',
    tag: consents,
    operationId: 'listOpenConsents',
    description:
      'Which studies a hospital takes part in: its consents that are not settled. Consents from before the ledger had ' +
      'this list are not in it.',
    errors: ['MEMBER_NOT_FOUND'],
    answer: PageOfRows(OpenConsent),
    examples: {
      answer: {
        items: [{ schema: 1, owner: CONSENT.owner, studyId: CONSENT.studyId, datasetId: CONSENT.datasetId }],
      },
    },
  },
  {
    transaction: 'study:getConsent',
    tag: consents,
    operationId: 'getConsent',
    description: 'What was granted, at what reserved cost, and whether it is in force.',
    errors: ['STUDY_NOT_FOUND', 'CONSENT_NOT_FOUND'],
    answer: Consent,
    examples: { answer: CONSENT },
  },
  {
    transaction: 'privacy:quote',
    tag: consents,
    operationId: 'quoteConsent',
    description:
      'Ask before consenting: the cost of the whole study, which blocks of patients can bear it, and how many patients ' +
      'the study would get. Name blocks by `?blocks=1&blocks=3`.',
    errors: [
      'STUDY_NOT_FOUND',
      'DATASET_NOT_FOUND',
      'DATASET_NOT_WANTED',
      'BLOCK_NOT_FOUND',
      'BLOCK_RETIRED',
    ],
    answer: ConsentQuote,
    examples: { answer: CONSENT_QUOTE },
  },
  {
    transaction: 'study:withdraw',
    tag: consents,
    operationId: 'withdrawConsent',
    description:
      'Until the verdicts of a round are counted, its update is taken out of the round, and its hospital judges the ' +
      'round no more unless another dataset of it takes part. Later rounds exclude the dataset. What was released is ' +
      'charged and cannot be taken back.',
    errors: ['STUDY_NOT_FOUND', 'CONSENT_NOT_FOUND', 'NOT_THE_OWNER', 'CONSENT_STATE', 'STUDY_STATE'],
    answer: Consent,
    examples: {
      body: { reason: 'The ethics board asked for it.' },
      answer: { ...CONSENT, state: 'withdrawn', reason: 'The ethics board asked for it.' },
    },
  },
  {
    transaction: 'study:recordKeys',
    tag: consents,
    operationId: 'recordStudyKeys',
    description:
      'Trainers do it by themselves, before updates are sealed: one key for the updates of each dataset in this study, ' +
      'with the proof that the trainer has its private half. Such a key opens nothing else, so that it can be destroyed ' +
      'when a consent is withdrawn. There is one for each dataset, and it is not replaced. An update is sealed to a ' +
      "hospital's long-lived key where it has none.",
    errors: [
      'STUDY_NOT_FOUND',
      'STUDY_STATE',
      'NOT_A_PARTICIPANT',
      'DATASET_NOT_WANTED',
      'STUDY_KEY_EXISTS',
      'KEY_USED',
      'KEY_UNPROVEN',
    ],
    answer: RecordedStudyKeys,
    creates: true,
    examples: {
      body: RECORD_STUDY_KEYS,
      answer: {
        studyId: CONSENT.studyId,
        mspId: CONSENT.owner,
        datasets: [CONSENT.datasetId],
        recordedAt: CONSENT.grantedAt,
      },
    },
  },
  {
    transaction: 'study:listKeys',
    tag: consents,
    operationId: 'listStudyKeys',
    description:
      'Of each hospital that recorded one, its key for the updates of one dataset in this study. In pages: pass the ' +
      'bookmark of one page to get the next.',
    errors: ['STUDY_NOT_FOUND', 'DATASET_NOT_FOUND'],
    answer: PageOfRows(StudyKey),
    examples: {
      answer: {
        items: [
          {
            schema: 1,
            studyId: CONSENT.studyId,
            ...RECORD_STUDY_KEYS.keys[0]!,
            mspId: CONSENT.owner,
            recordedAt: CONSENT.grantedAt,
          },
        ],
      },
    },
  },
  {
    transaction: 'study:attestErasure',
    tag: consents,
    operationId: 'attestErasure',
    description:
      'After a withdrawal, of every hospital of the rounds that have an update of the dataset; trainers do it by ' +
      'themselves. It is the word of that hospital: nobody sees what its machines have. `keysDestroyed` is taken only ' +
      'for an update that was sealed to a key of that hospital for this dataset alone. A model that was taken away ' +
      'already, and hashes on the ledger, are not erased.',
    errors: ['STUDY_NOT_FOUND', 'CONSENT_NOT_FOUND', 'ERASURE_NOT_OWED', 'ERASURE_EXISTS', 'ERASURE_EARLY'],
    answer: Erasure,
    creates: true,
    examples: { body: ATTEST_ERASURE, answer: ERASURE },
  },
  {
    transaction: 'study:listErasures',
    tag: consents,
    operationId: 'listErasures',
    description:
      'Of each withdrawn consent: who attested the erasure, who owes it, and who is late. In pages, which may be empty: ' +
      'pass the bookmark of one to get the next.',
    errors: ['STUDY_NOT_FOUND'],
    answer: PageOfRows(DatasetErasures),
    examples: {
      answer: {
        items: [
          {
            datasetId: CONSENT.datasetId,
            withdrawnAt: ERASURE.attestedAt,
            dueAt: ERASURE.attestedAt,
            done: [ERASURE],
            owed: [],
            overdue: [],
          },
        ],
      },
    },
  },
  {
    transaction: 'study:settle',
    tag: consents,
    operationId: 'settleConsent',
    description: 'After the study ended, or the consent was withdrawn. Anyone may where its owner has left.',
    errors: ['STUDY_NOT_FOUND', 'CONSENT_NOT_FOUND', 'NOT_THE_OWNER', 'CONSENT_STATE', 'STUDY_STATE'],
    answer: Consent,
    examples: { answer: { ...CONSENT, state: 'settled' } },
  },
];
