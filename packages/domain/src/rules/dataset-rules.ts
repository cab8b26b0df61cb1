// Registering a dataset, and what its terms allow.
import { LEDGER_ORDERS } from '../accounting/rdp-vector.ts';
import type { Dataset, DatasetRow, RegisterDataset, Terms } from '../dataset.ts';
import { compareDecimals } from '../decimal.ts';
import { DomainError } from '../errors.ts';
import { type Problem, problem } from '../problem.ts';
import { ROW_SCHEMA } from '../row-schema.ts';
import type { Commitment } from '../used-once.ts';
import { checkDictionary } from './dictionary-rules.ts';
import { duplicates } from './duplicates.ts';

function budgetProblems({ privacyBudget: { epsilon, delta } }: RegisterDataset): Problem[] {
  const problems: Problem[] = [];
  if (compareDecimals(epsilon, '0') <= 0)
    problems.push(problem('privacyBudget.epsilon', 'must be greater than 0'));
  if (compareDecimals(delta, '0') <= 0 || compareDecimals(delta, '0.1') >= 0) {
    problems.push(problem('privacyBudget.delta', 'must be greater than 0 and less than 0.1'));
  }
  return problems;
}

function accountingProblems({ accounting }: RegisterDataset): Problem[] {
  if (accounting?.order === undefined) return [];
  if (accounting.kind === 'gaussian') return [problem('accounting.order', 'is for renyi alone')];
  if (LEDGER_ORDERS.includes(accounting.order)) return [];
  return [problem('accounting.order', `must be one of ${LEDGER_ORDERS.join(', ')}`)];
}

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

/** @throws DomainError DATASET_EXISTS, COMMITMENT_EXISTS, INVALID_ARGUMENT */
export function registerDataset(
  argument: RegisterDataset,
  context: {
    readonly owner: string;
    readonly at: string;
    readonly existing: Dataset | undefined;
    readonly committed: Commitment | undefined;
  },
): DatasetRow {
  const { owner, at, existing, committed } = context;
  if (existing !== undefined) {
    throw new DomainError('DATASET_EXISTS', `${argument.datasetId} is taken: choose another id`);
  }
  if (committed !== undefined) {
    throw new DomainError('COMMITMENT_EXISTS', `these rows are ${committed.datasetId}, with its budget`);
  }
  const problems = [
    ...budgetProblems(argument),
    ...accountingProblems(argument),
    ...termsProblems(argument.terms, at),
  ];
  if (problems.length > 0) throw new DomainError('INVALID_ARGUMENT', problems);
  checkDictionary(argument.dictionary);
  const consentPolicy = argument.consentPolicy ?? { stewards: 1 };
  return { schema: ROW_SCHEMA.dataset, ...argument, consentPolicy, owner, registeredAt: at };
}

/** What a permission of the Data Use Ontology covers besides itself. */
const COVERS: Readonly<Record<string, readonly string[]>> = {
  // General research use: any research purpose.
  'DUO:0000042': ['DUO:0000006', 'DUO:0000007', 'DUO:0000011'],
  // Health, medical or biomedical research: disease-specific research too, ancestry research not.
  'DUO:0000006': ['DUO:0000007'],
};

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
