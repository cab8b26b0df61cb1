// Datasets and what their privacy budgets came to.
import {
  BudgetStatement,
  budgetWarnings,
  Dataset,
  DatasetSummary,
  PageOfRows,
  PrivacyCharge,
  type RegisterDataset,
  summaryOfDataset,
} from '@consilium/domain';
import { BUDGET_STATEMENT, DATASET, PRIVACY_CHARGE, REGISTER_DATASET } from '../http/examples.ts';
import type { LedgerRoute } from './ledger-route.ts';

const tag = 'datasets';

export const DATASET_ROUTES: readonly LedgerRoute[] = [
  {
    transaction: 'dataset:register',
    tag,
    operationId: 'registerDataset',
    description:
      'Commitment and record-count band come from POST /v1/local/datasets, which reads and checks every value. ' +
      'The budget is for the whole life of the dataset and cannot be raised. A δ above a tenth of one over the most ' +
      'patients of the band is registered with a warning.',
    warnings: (argument) => budgetWarnings(argument as RegisterDataset),
    errors: ['NOT_A_MEMBER', 'DATASET_EXISTS', 'COMMITMENT_EXISTS'],
    answer: Dataset,
    creates: true,
    examples: { body: REGISTER_DATASET, answer: DATASET },
  },
  {
    transaction: 'dataset:list',
    tag,
    operationId: 'listDatasets',
    description: 'In summary, without dictionaries. In pages: pass the bookmark of one page to get the next.',
    errors: [],
    answer: PageOfRows(DatasetSummary),
    examples: { answer: { items: [summaryOfDataset(DATASET)] } },
  },
  {
    transaction: 'dataset:get',
    tag,
    operationId: 'getDataset',
    description: 'Dictionary, terms, commitment and budget.',
    errors: ['DATASET_NOT_FOUND'],
    answer: Dataset,
    examples: { answer: DATASET },
  },
  {
    transaction: 'privacy:getBudget',
    tag: 'privacy',
    operationId: 'getBudget',
    description: 'A dataset has two accounts of disjoint patients: `training` and `held-out`.',
    errors: ['DATASET_NOT_FOUND'],
    answer: BudgetStatement,
    examples: { answer: BUDGET_STATEMENT },
  },
  {
    transaction: 'privacy:listEvents',
    tag: 'privacy',
    operationId: 'listPrivacyEvents',
    description: 'Complete records of every use of a mechanism: enough to recompute the cost independently.',
    errors: ['DATASET_NOT_FOUND'],
    answer: PageOfRows(PrivacyCharge),
    examples: { answer: { items: [PRIVACY_CHARGE] } },
  },
];
