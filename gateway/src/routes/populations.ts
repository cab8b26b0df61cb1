// Populations and their blocks of patients.
import { Block, PageOfRows, Population } from '@consilium/domain';
import { BLOCK, POPULATION, REGISTER_POPULATION } from '../http/examples.ts';
import type { LedgerRoute } from './ledger-route.ts';
import { statesOf } from './list-filters.ts';

const tag = 'populations';

export const POPULATION_ROUTES: readonly LedgerRoute[] = [
  {
    transaction: 'population:register',
    tag,
    operationId: 'registerPopulation',
    description:
      'For several datasets about the same people, which then have the same accounts. The budget is of each person, for ' +
      'life. It covers this population only: what somebody loses who is in two populations, or a patient of two ' +
      'hospitals, is the sum of the budgets.',
    warnings: () => [
      'The budget covers this population alone. Somebody who is in two populations, or a patient of two hospitals, loses ' +
        'at most the sum of their budgets.',
    ],
    errors: ['NOT_A_MEMBER', 'POPULATION_EXISTS', 'DATASET_EXISTS'],
    answer: Population,
    creates: true,
    examples: { body: REGISTER_POPULATION, answer: POPULATION },
  },
  {
    transaction: 'population:list',
    tag,
    operationId: 'listPopulations',
    description:
      'Datasets from before there were populations imply one each, which is not in this list until the dataset is revised.',
    filters: { owner: 'owner', at: 'registeredAt' },
    errors: [],
    answer: PageOfRows(Population),
    examples: { answer: { items: [POPULATION] } },
  },
  {
    transaction: 'population:get',
    tag,
    operationId: 'getPopulation',
    description: 'Its budget, how many blocks of patients it has, and which datasets are about it.',
    errors: ['POPULATION_NOT_FOUND'],
    answer: Population,
    examples: { answer: POPULATION },
  },
  {
    transaction: 'population:listBlocks',
    tag,
    operationId: 'listBlocks',
    description: 'In pages: pass the bookmark of one page to get the next.',
    filters: { states: statesOf(Block), at: 'openedAt' },
    errors: ['POPULATION_NOT_FOUND'],
    answer: PageOfRows(Block),
    examples: { answer: { items: [BLOCK] } },
  },
  {
    transaction: 'population:retireBlock',
    tag,
    operationId: 'retireBlock',
    description:
      'For blocks whose accounts are spent. Studies that have consent go on with what they reserved. It cannot be undone.',
    errors: ['POPULATION_NOT_FOUND', 'BLOCK_NOT_FOUND', 'NOT_THE_OWNER', 'BLOCK_RETIRED'],
    answer: Block,
    examples: {
      body: { reason: 'Its budget is spent.' },
      answer: { ...BLOCK, state: 'retired', retiredAt: BLOCK.openedAt, reason: 'Its budget is spent.' },
    },
  },
];
