// What rounds leave behind for hospitals and auditors: receipts, contributions, evidence of contradictions.
import { Equivocation, PageOfRows, Receipt, RoundContributions } from '@consilium/domain';
import { ATTESTATION, ROUND, UPDATE } from '../http/examples.ts';
import { EXAMPLE_COMMIT, type LedgerRoute } from './ledger-route.ts';

const tag = 'rounds';
const SHA256 = ATTESTATION.parametersSha256;
const RECEIPT: Receipt = {
  studyId: ROUND.studyId,
  round: 1,
  datasetId: UPDATE.datasetId,
  owner: UPDATE.owner,
  outcome: 'included',
  cause: null,
  needed: 1,
  acceptedBy: [UPDATE.owner],
  rejectedBy: [],
  silent: [],
  updateSha256: SHA256,
  roundState: 'finalized',
  seal: SHA256,
  aggregateSha256: SHA256,
  abortedBy: null,
  reason: null,
};
const REPORT = { statement: 'attestation', proposal: 'CoACCmcI', signature: 'MEUCIQDx' } as const;
const EQUIVOCATION: Equivocation = {
  schema: 1,
  studyId: ROUND.studyId,
  round: 1,
  ...REPORT,
  mspId: UPDATE.owner,
  signerSha256: SHA256,
  recordedSha256: SHA256,
  contradictingSha256: SHA256,
  contradictingTransactionId: EXAMPLE_COMMIT.transactionId,
  reportedBy: UPDATE.owner,
  reportedAt: ROUND.openedAt,
};
const CONTRIBUTIONS: RoundContributions = {
  studyId: ROUND.studyId,
  round: 2,
  baseline: 1,
  hospitals: [
    {
      mspId: UPDATE.owner,
      included: [UPDATE.datasetId],
      share: '0.25',
      gain: '0.031',
      standardError: '0.04',
      contribution: '0.00775',
      distinguishable: false,
    },
  ],
};

export const ROUND_RECORD_ROUTES: readonly LedgerRoute[] = [
  {
    transaction: 'round:getReceipt',
    tag,
    operationId: 'getReceipt',
    description: 'Final once the round has ended. `updateSha256` is that of the canonical row of the update.',
    errors: ['ROUND_NOT_FOUND', 'NOT_A_PARTICIPANT'],
    answer: Receipt,
    examples: { answer: RECEIPT },
  },
  {
    transaction: 'round:listReceipts',
    tag,
    operationId: 'listReceipts',
    description: 'In pages of rounds: pass the bookmark of one page to get the next.',
    errors: ['STUDY_NOT_FOUND', 'MEMBER_NOT_FOUND'],
    answer: PageOfRows(Receipt),
    examples: { answer: { items: [RECEIPT] } },
  },
  {
    transaction: 'round:getContributions',
    tag,
    operationId: 'getContributions',
    description:
      'Leaves out each hospital’s own scores. The noise of the scores is large if hospitals are small: ' +
      '`distinguishable` says whether a gain is larger than the noise.',
    errors: ['STUDY_NOT_FOUND', 'ROUND_NOT_FOUND', 'ROUND_CLOSED'],
    answer: RoundContributions,
    examples: { answer: CONTRIBUTIONS },
  },
  {
    transaction: 'round:reportEquivocation',
    tag,
    operationId: 'reportEquivocation',
    description:
      'The chaincode of each hospital logs a second statement that it refuses, with its signature: that is ' +
      'what goes in here.',
    errors: ['ROUND_NOT_FOUND', 'EQUIVOCATION_EXISTS', 'EQUIVOCATION_UNPROVEN'],
    answer: Equivocation,
    creates: true,
    examples: { body: REPORT, answer: EQUIVOCATION },
  },
  {
    transaction: 'round:listEquivocations',
    tag,
    operationId: 'listEquivocations',
    description: 'In pages: pass the bookmark of one page to get the next.',
    errors: ['STUDY_NOT_FOUND'],
    answer: PageOfRows(Equivocation),
    examples: { answer: { items: [EQUIVOCATION] } },
  },
];
