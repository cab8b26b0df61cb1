// Registering a dataset, and what its terms allow.
import type { Block, CountedPatients } from '../block.ts';
import { canonicalJson } from '../canonical-json.ts';
import type { Dataset, DatasetRow, RegisterDataset, Terms } from '../dataset.ts';
import { DomainError } from '../errors.ts';
import { DATASETS_MAX, type Population } from '../population.ts';
import { type Problem, problem } from '../problem.ts';
import type { Revision } from '../revision.ts';
import { ROW_SCHEMA } from '../row-schema.ts';
import type { Commitment } from '../used-once.ts';
import { checkDictionary } from './dictionary-rules.ts';
import { duplicates } from './duplicates.ts';
import {
  accountingProblems,
  budgetProblems,
  impliedBy,
  openBlock,
  requirePopulationOwner,
} from './population-rules.ts';
import { firstRevision, requireUncommitted, sharesOf } from './revision-rules.ts';

function termsProblems({ purposes, allowedMembers, expiresAt }: Terms, at: string): Problem[] {
  const problems = [
    ...duplicates(purposes).map((purpose) => problem('terms.purposes', `has ${purpose} twice`)),
    ...duplicates(allowedMembers ?? []).map((member) =>
      problem('terms.allowedMembers', `has ${member} twice`),
    ),
  ];
  if (expiresAt !== undefined && !(Date.parse(expiresAt) > Date.parse(at))) {
    problems.push(problem('terms.expiresAt', 'must be a time in the future'));
  }
  return problems;
}

/**
 * What a dataset says of its population's budget must be what the population says, and whoever is in several of its
 * datasets has to be found in each of them. `oldest` is the dataset that brought the population, if one did.
 */
function populationProblems(
  argument: RegisterDataset,
  population: Population,
  oldest: Dataset | undefined,
): Problem[] {
  const problems: Problem[] = [];
  const { populationId, consentPolicy } = population;
  for (const field of ['privacyBudget', 'accounting'] as const) {
    const own = argument[field];
    if (own === undefined || canonicalJson({ own }) === canonicalJson({ own: population[field] })) continue;
    problems.push(problem(field, `must be that of ${populationId}, or left out`));
  }
  const least = consentPolicy?.stewards ?? 1;
  if ((argument.consentPolicy?.stewards ?? least) < least) {
    problems.push(problem('consentPolicy.stewards', `must be at least the ${least} of ${populationId}`));
  }
  if (argument.dictionary.patientId === null) {
    problems.push(
      problem(
        'dictionary.patientId',
        'must be a column',
        'rows of one population are of people who can be told apart',
      ),
    );
  }
  if (oldest !== undefined && oldest.dictionary.patientId === null) {
    problems.push(
      problem(
        'populationId',
        `${populationId} has rows without a patientId: nobody can tell whether these patients have its accounts`,
      ),
    );
  }
  if (population.datasets.length >= DATASETS_MAX) {
    problems.push(problem('populationId', `${populationId} has ${DATASETS_MAX} datasets, which is the most`));
  }
  return problems;
}

/** A dataset that brings its own population: one block, of everyone in it. */
function ownPopulationProblems(argument: RegisterDataset): Problem[] {
  const { privacyBudget, blocks, newBlock, recordCountBand } = argument;
  if (privacyBudget === undefined) {
    return [problem('privacyBudget', 'must be there, unless populationId names a population that has one')];
  }
  const problems = [...budgetProblems({ privacyBudget }), ...accountingProblems(argument)];
  if (blocks !== undefined) problems.push(problem('blocks', 'is for datasets of a population: leave it out'));
  if (newBlock !== undefined && canonicalJson(newBlock.recordCountBand) !== canonicalJson(recordCountBand)) {
    problems.push(
      problem('newBlock.recordCountBand', 'must be recordCountBand: its block is everyone in it'),
    );
  }
  return problems;
}

/** What a registration adds to the ledger. */
export interface Registered {
  readonly dataset: DatasetRow;
  readonly population: Population;
  /** The block of those whom the population had never seen. */
  readonly block: Block | undefined;
  readonly revision: Revision;
}

/**
 * A dataset, the population that it is about, and its first revision. It never moves to another population: its
 * patients' accounts are there.
 *
 * `population` is the one that the argument names and `oldest` the dataset of the same id, `namesake` the population
 * whose id the dataset would have.
 *
 * @throws DomainError DATASET_EXISTS, POPULATION_EXISTS, NOT_THE_OWNER, COMMITMENT_EXISTS, PATIENTS_COUNTED,
 * BLOCK_NUMBER, BLOCK_NOT_FOUND, INVALID_ARGUMENT
 */
export function registerDataset(
  argument: RegisterDataset,
  context: {
    readonly owner: string;
    readonly at: string;
    readonly existing: Dataset | undefined;
    readonly committed: Commitment | undefined;
    readonly population: Population | undefined;
    readonly oldest: Dataset | undefined;
    readonly namesake: Population | undefined;
    readonly counted: CountedPatients | undefined;
  },
): Registered {
  const { owner, at, existing, population, namesake, counted } = context;
  const { blocks: _, newBlock, ...described } = argument;
  const { datasetId } = argument;
  if (existing !== undefined) {
    throw new DomainError('DATASET_EXISTS', `${datasetId} is taken: choose another id`);
  }
  if (population !== undefined) requirePopulationOwner(population, owner);
  if (namesake !== undefined && namesake.populationId !== population?.populationId) {
    throw new DomainError('POPULATION_EXISTS', `${datasetId} is a population: choose another id, or name it`);
  }
  requireUncommitted(context.committed);
  const problems = [
    ...(population === undefined
      ? ownPopulationProblems(argument)
      : populationProblems(argument, population, context.oldest)),
    ...termsProblems(argument.terms, at),
  ];
  if (problems.length > 0) throw new DomainError('INVALID_ARGUMENT', problems);
  checkDictionary(argument.dictionary);
  const dataset: DatasetRow = {
    schema: ROW_SCHEMA.dataset,
    ...described,
    privacyBudget: population?.privacyBudget ?? argument.privacyBudget!,
    ...(population?.accounting !== undefined && { accounting: population.accounting }),
    consentPolicy: argument.consentPolicy ?? population?.consentPolicy ?? { stewards: 1 },
    owner,
    registeredAt: at,
  };
  const about = population ?? { ...impliedBy(dataset).population, blocks: 0, datasets: [] };
  const ofItsOwn = population === undefined ? { recordCountBand: argument.recordCountBand } : undefined;
  const first = newBlock ?? ofItsOwn;
  const shares = population === undefined ? undefined : sharesOf(argument, about);
  const opened = first && openBlock(about, first, { at, counted });
  return {
    dataset,
    population: { ...(opened?.population ?? about), datasets: [...about.datasets, datasetId] },
    block: opened?.block,
    revision: firstRevision(dataset, shares),
  };
}

/** What a permission of the Data Use Ontology covers besides itself. */
const COVERS: Readonly<Record<string, readonly string[]>> = {
  // General research use: any research purpose.
  'DUO:0000042': ['DUO:0000006', 'DUO:0000007', 'DUO:0000011'],
  // Health, medical or biomedical research: disease-specific research too, ancestry research not.
  'DUO:0000006': ['DUO:0000007'],
};

/** Whether terms allow a study's purpose: one of theirs, or one that it covers in the Data Use Ontology. */
export const purposeAllowed = ({ purposes }: Terms, purpose: string): boolean =>
  purposes.some((allowed) => allowed === purpose || COVERS[allowed]?.includes(purpose));

export const termsExpired = ({ expiresAt }: Terms, at: string): boolean =>
  expiresAt !== undefined && Date.parse(expiresAt) <= Date.parse(at);

/** @throws DomainError PURPOSE_NOT_ALLOWED, REQUESTER_NOT_ALLOWED, TERMS_EXPIRED */
export function checkTerms(
  { datasetId, terms, owner }: Dataset,
  use: { readonly purpose: string; readonly requester: string; readonly at: string },
): void {
  if (!purposeAllowed(terms, use.purpose)) {
    const allowed = terms.purposes.join(', ');
    throw new DomainError(
      'PURPOSE_NOT_ALLOWED',
      `${datasetId} may be used for ${allowed}, not for ${use.purpose}`,
    );
  }
  if (use.requester !== owner && terms.allowedMembers && !terms.allowedMembers.includes(use.requester)) {
    throw new DomainError('REQUESTER_NOT_ALLOWED', `${datasetId} may not be used by ${use.requester}`);
  }
  if (termsExpired(terms, use.at)) {
    throw new DomainError('TERMS_EXPIRED', `the terms of ${datasetId} expired at ${terms.expiresAt}`);
  }
}
