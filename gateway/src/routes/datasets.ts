// Datasets and what their privacy budgets came to.
import {
  BudgetStatement,
  budgetWarnings,
  Dataset,
  DatasetSummary,
  PageOfRows,
  PrivacyCharge,
  type RegisterDataset,
  Revision,
  summaryOfDataset,
} from '@consilium/domain';
import {
  BUDGET_STATEMENT,
  DATASET,
  PRIVACY_CHARGE,
  REGISTER_DATASET,
  REVISE_DATASET,
  REVISION,
} from '../http/examples.ts';
import type { LedgerRoute } from './ledger-route.ts';

const tag = 'datasets';

/** A dataset of a population that has its budget already warns of nothing. */
const warningsOf = ({ recordCountBand, privacyBudget }: RegisterDataset): string[] =>
  privacyBudget === undefined ? [] : budgetWarnings({ recordCountBand, privacyBudget });

export const DATASET_ROUTES: readonly LedgerRoute[] = [
  {
    transaction: 'dataset:register',
    tag,
    operationId: 'registerDataset',
    description:
      'Commitment and record-count band come from POST /v1/local/datasets, which reads and checks every value. ' +
      'The budget is for the whole life of the dataset and cannot be raised. A δ above a tenth of one over the most ' +
      'patients of the band is registered with a warning.',
    warnings: (argument) => warningsOf(argument as RegisterDataset),
    errors: [
      'NOT_A_MEMBER',
      'NOT_THE_OWNER',
      'DATASET_EXISTS',
      'POPULATION_EXISTS',
      'POPULATION_NOT_FOUND',
      'COMMITMENT_EXISTS',
      'PATIENTS_COUNTED',
      'BLOCK_NUMBER',
      'BLOCK_NOT_FOUND',
    ],
    answer: Dataset,
    creates: true,
    examples: { body: REGISTER_DATASET, answer: DATASET },
  },
  {
    transaction: 'dataset:revise',
    tag,
    operationId: 'reviseDataset',
    description:
      'New rows and patients of the same people, under the accounts that are there. All of it comes ' +
      'from POST /v1/local/datasets. Studies go on with the revision that they have consent for.',
    errors: [
      'DATASET_NOT_FOUND',
      'NOT_THE_OWNER',
      'COMMITMENT_EXISTS',
      'PATIENTS_COUNTED',
      'BLOCK_NUMBER',
      'BLOCK_NOT_FOUND',
    ],
    answer: Revision,
    creates: true,
    examples: { body: REVISE_DATASET, answer: REVISION },
  },
  {
    transaction: 'dataset:listRevisions',
    tag,
    operationId: 'listRevisions',
    description: 'The first is the registration. In pages: pass the bookmark of one page to get the next.',
    filters: { at: 'revisedAt' },
    errors: ['DATASET_NOT_FOUND'],
    answer: PageOfRows(Revision),
    examples: { answer: { items: [REVISION] } },
  },
  {
    transaction: 'dataset:list',
    tag,
    operationId: 'listDatasets',
    description: 'In summary, without dictionaries. In pages: pass the bookmark of one page to get the next.',
    filters: { owner: 'owner', purpose: 'purposes', at: 'registeredAt' },
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
    description:
      'Each block of patients has two accounts of disjoint patients: `training` and `held-out`. Datasets of one ' +
      'population have the same accounts.',
    errors: ['DATASET_NOT_FOUND', 'BLOCK_NOT_FOUND'],
    answer: BudgetStatement,
    examples: { answer: BUDGET_STATEMENT },
  },
  {
    transaction: 'privacy:listEvents',
    tag: 'privacy',
    operationId: 'listPrivacyEvents',
    description: 'Complete records of every use of a mechanism: enough to recompute the cost independently.',
    filters: { at: 'chargedAt' },
    errors: ['DATASET_NOT_FOUND'],
    answer: PageOfRows(PrivacyCharge),
    examples: { answer: { items: [PRIVACY_CHARGE] } },
  },
];
