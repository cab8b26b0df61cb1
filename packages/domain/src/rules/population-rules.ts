// Registering a population, opening a block of its patients and retiring one.
import { LEDGER_ORDERS } from '../accounting/rdp-vector.ts';
import type { Block, CountedPatients, NewBlock } from '../block.ts';
import { type Dataset, populationIdOf } from '../dataset.ts';
import { compareDecimals } from '../decimal.ts';
import { DomainError } from '../errors.ts';
import type { Population, RegisterPopulation } from '../population.ts';
import { type Problem, problem } from '../problem.ts';
import type { RecordCountBand } from '../record-count-band.ts';
import { ROW_SCHEMA } from '../row-schema.ts';

export function budgetProblems({
  privacyBudget: { epsilon, delta },
}: Pick<RegisterPopulation, 'privacyBudget'>): Problem[] {
  const problems: Problem[] = [];
  if (compareDecimals(epsilon, '0') <= 0)
    problems.push(problem('privacyBudget.epsilon', 'must be greater than 0'));
  if (compareDecimals(delta, '0') <= 0 || compareDecimals(delta, '0.1') >= 0) {
    problems.push(problem('privacyBudget.delta', 'must be greater than 0 and less than 0.1'));
  }
  return problems;
}

export function accountingProblems({ accounting }: Pick<RegisterPopulation, 'accounting'>): Problem[] {
  if (accounting?.order === undefined) return [];
  if (accounting.kind === 'gaussian') return [problem('accounting.order', 'is for renyi alone')];
  if (LEDGER_ORDERS.includes(accounting.order)) return [];
  return [problem('accounting.order', `must be one of ${LEDGER_ORDERS.join(', ')}`)];
}

/**
 * A population without blocks: its first dataset brings the first one.
 *
 * A population and a dataset may have one id only if the dataset is about it. `dataset` is the one of this id.
 *
 * @throws DomainError POPULATION_EXISTS, DATASET_EXISTS, INVALID_ARGUMENT
 */
export function registerPopulation(
  argument: RegisterPopulation,
  context: {
    readonly owner: string;
    readonly at: string;
    readonly existing: Population | undefined;
    readonly dataset: Dataset | undefined;
  },
): Population {
  const { owner, at, existing, dataset } = context;
  const { populationId } = argument;
  if (existing !== undefined) {
    throw new DomainError('POPULATION_EXISTS', `${populationId} is taken: choose another id`);
  }
  if (dataset !== undefined) {
    throw new DomainError('DATASET_EXISTS', `${populationId} is a dataset: choose another id`);
  }
  const problems = [...budgetProblems(argument), ...accountingProblems(argument)];
  if (problems.length > 0) throw new DomainError('INVALID_ARGUMENT', problems);
  return {
    schema: ROW_SCHEMA.population,
    ...argument,
    owner,
    blocks: 0,
    datasets: [],
    registeredAt: at,
  };
}

/** The population that came with a dataset, and its one block, before there were rows of them. */
export function impliedBy(
  dataset: Dataset,
  recordCountBand: RecordCountBand = dataset.recordCountBand,
): { readonly population: Population; readonly block: Block } {
  const { title, owner, privacyBudget, accounting, consentPolicy, registeredAt, datasetId } = dataset;
  const populationId = populationIdOf(dataset);
  return {
    population: {
      schema: ROW_SCHEMA.population,
      populationId,
      title,
      owner,
      privacyBudget,
      ...(accounting !== undefined && { accounting }),
      ...(consentPolicy !== undefined && { consentPolicy }),
      blocks: 1,
      datasets: [datasetId],
      registeredAt,
    },
    block: {
      schema: ROW_SCHEMA.block,
      populationId,
      block: 1,
      owner,
      recordCountBand,
      openedAt: registeredAt,
      state: 'open',
    },
  };
}

/** A block as it is named; one that comes with its dataset may say no more than how many patients it has. */
type OpenedBlock = Partial<NewBlock> & Pick<NewBlock, 'recordCountBand'>;

/**
 * The next block of a population, and the population with it.
 *
 * @throws DomainError BLOCK_NUMBER, and PATIENTS_COUNTED where these patients are a block of any population
 */
export function openBlock(
  population: Population,
  { block = population.blocks + 1, recordCountBand, patientsSha256 }: OpenedBlock,
  { at, counted }: { readonly at: string; readonly counted: CountedPatients | undefined },
): { readonly population: Population; readonly block: Block } {
  if (counted !== undefined) {
    throw new DomainError(
      'PATIENTS_COUNTED',
      `newBlock.patientsSha256 is that of block ${counted.block} of ${counted.populationId}: name that block instead`,
    );
  }
  const { populationId, owner, blocks: last } = population;
  if (block !== last + 1) {
    throw new DomainError(
      'BLOCK_NUMBER',
      `newBlock.block must be ${last + 1}: ${populationId} has ${last} blocks`,
    );
  }
  return {
    population: { ...population, blocks: block },
    block: {
      schema: ROW_SCHEMA.block,
      populationId,
      block,
      owner,
      recordCountBand,
      ...(patientsSha256 !== undefined && { patientsSha256 }),
      openedAt: at,
      state: 'open',
    },
  };
}

/** @throws DomainError NOT_THE_OWNER */
export function requirePopulationOwner({ populationId, owner }: Population, mspId: string): void {
  if (owner === mspId) return;
  throw new DomainError('NOT_THE_OWNER', `population ${populationId} belongs to ${owner}`);
}

/**
 * A block that no new consent may name. What consents have reserved of its accounts goes on: studies end as they were
 * consented to, and settling returns the rest.
 *
 * @throws DomainError NOT_THE_OWNER, BLOCK_RETIRED
 */
export function retireBlock(
  block: Block,
  context: {
    readonly mspId: string;
    readonly at: string;
    readonly reason: string;
    readonly population: Population;
  },
): Block {
  const { mspId, at, reason, population } = context;
  requirePopulationOwner(population, mspId);
  requireOpen(block);
  return { ...block, state: 'retired', retiredAt: at, reason };
}

/** @throws DomainError BLOCK_RETIRED */
export function requireOpen({ populationId, block, state, retiredAt }: Block): void {
  if (state === 'open') return;
  throw new DomainError('BLOCK_RETIRED', `block ${block} of ${populationId} was retired at ${retiredAt}`);
}
