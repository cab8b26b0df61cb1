// Who must sign changes of which rows, once members have come or gone.
import { PageOfRows, PolicyRef, RenewedPolicies } from '@consilium/domain';
import { DATASET } from '../http/examples.ts';
import type { LedgerRoute } from './ledger-route.ts';

const tag = 'members';
const { datasetId } = DATASET;

export const POLICY_ROUTES: readonly LedgerRoute[] = [
  {
    transaction: 'audit:listOldPolicies',
    tag,
    operationId: 'listOldPolicies',
    description:
      'Rows that members of another day guard, one entry for each transaction that lays them again. In pages, which may ' +
      'be empty: pass the bookmark of one to get the next.',
    errors: [],
    answer: PageOfRows(PolicyRef),
    examples: { answer: { items: [{ datasetId }] } },
  },
  {
    transaction: 'audit:renewPolicies',
    tag,
    operationId: 'renewPolicies',
    description:
      'After somebody joined or left. `datasetId` alone: a dataset with the first block of its patients and ' +
      'their accounts; `populationId` and `block`: a later block; `datasetId` with `studyId`: a consent; `studyId` and ' +
      '`round`: a round. The present policies of those rows have to allow it: the peers of the owner and ' +
      'of enough members of their day sign. So lay them again before a peer leaves the channel.',
    errors: [
      'NOT_A_MEMBER',
      'BLOCK_NOT_FOUND',
      'DATASET_NOT_FOUND',
      'CONSENT_NOT_FOUND',
      'STUDY_NOT_FOUND',
      'ROUND_NOT_FOUND',
    ],
    answer: RenewedPolicies,
    examples: { body: { datasetId }, answer: { datasetId, laid: 3 } },
  },
];
