// What a dictionary must satisfy beyond its schema, so that a mistake is refused before anyone trains on it.
import type { Dictionary, Feature } from '../dictionary.ts';
import { encodingOf, inputNames } from '../dictionary-encoding.ts';
import { DomainError } from '../errors.ts';
import { type Problem, problem, within } from '../problem.ts';
import { duplicates } from './duplicates.ts';

const columnOf = (feature: Feature): string => feature.column ?? feature.name;

function featureProblems(feature: Feature, at: string): Problem[] {
  if (feature.kind === 'categorical' || feature.kind === 'code') {
    return duplicates(feature.categories).map((category) =>
      problem(`${at}.categories`, `has "${category}" twice`),
    );
  }
  if (feature.kind === 'binary') return [];
  return rangeProblems(feature, at);
}

function labelProblems({ rule }: Dictionary['label']): Problem[] {
  const at = 'label.rule';
  if (rule.kind === 'numeric') return rangeProblems(rule, at);
  if (rule.kind !== 'categorical') return [];
  return duplicates(rule.categories).map((category) =>
    problem(`${at}.categories`, `has "${category}" twice`),
  );
}

type Range = { readonly low: number; readonly high: number };

function rangeProblems(
  { bounds, reference }: { readonly bounds: Range; readonly reference?: Range | undefined },
  at: string,
): Problem[] {
  const problems: Problem[] = [];
  if (!(bounds.low < bounds.high))
    problems.push(problem(`${at}.bounds.low`, `must be below ${at}.bounds.high`));
  if (reference === undefined) return problems;
  if (!(reference.low < reference.high)) {
    problems.push(problem(`${at}.reference.low`, `must be below ${at}.reference.high`));
  }
  if (reference.low < bounds.low || reference.high > bounds.high) {
    problems.push(problem(`${at}.reference`, `must lie inside ${at}.bounds`));
  }
  return problems;
}

/** Every problem of a well-formed dictionary, naming the field and what it must be; none where it is sound. */
export function dictionaryProblems(dictionary: Dictionary): Problem[] {
  const { features, label, patientId, header, columns, maxRowsPerPatient } = dictionary;
  const problems = features.flatMap((feature, i) => featureProblems(feature, `features.${i}`));
  problems.push(...labelProblems(label));
  const names = features.map(({ name }) => name);
  const used = features.map(columnOf);
  const repeated = duplicates(names);
  for (const name of repeated) problems.push(problem('features', `has two features named ${name}`));
  for (const column of duplicates(used)) problems.push(problem('features', `uses column "${column}" twice`));
  for (const input of duplicates(inputNames(encodingOf(dictionary).features))) {
    if (!repeated.some((name) => input.startsWith(name))) {
      problems.push(problem('features', `give two model inputs named ${input}`, 'rename a feature'));
    }
  }
  if (used.includes(label.column)) {
    problems.push(
      problem('label.column', `"${label.column}" is also a feature: a model would learn its own answer`),
    );
  }
  if (patientId !== null && used.includes(patientId)) {
    problems.push(problem('patientId', `"${patientId}" is also a feature`));
  }
  if (patientId === label.column) problems.push(problem('patientId', 'is also the label'));
  if (patientId === null && maxRowsPerPatient !== 1) {
    problems.push(
      problem('maxRowsPerPatient', 'must be 1 where patientId is null, since every row is another patient'),
    );
  }
  if (columns === undefined) {
    if (!header) problems.push(problem('columns', 'must name the columns where header is false'));
    return problems;
  }
  const named = new Set(columns);
  for (const column of duplicates(columns)) problems.push(problem('columns', `has "${column}" twice`));
  for (const column of new Set([...used, label.column, ...(patientId === null ? [] : [patientId])])) {
    if (!named.has(column)) problems.push(problem('columns', `does not name "${column}", which is used`));
  }
  return problems;
}

/** @throws DomainError INVALID_ARGUMENT naming every problem (at most 8). */
export function checkDictionary(dictionary: Dictionary): void {
  const problems = dictionaryProblems(dictionary).slice(0, 8);
  if (problems.length === 0) return;
  throw new DomainError('INVALID_ARGUMENT', within('dictionary', problems));
}
