// What refusing a data dictionary needs of the domain. No schemas of what the ledger holds come with it, so that a
// command that only checks a file begins at once.
export { Dictionary } from './dictionary.ts';
export { DomainError } from './errors.ts';
export type { Problem } from './problem.ts';
export { dictionaryProblems } from './rules/dictionary-rules.ts';
export { validate } from './validate.ts';
