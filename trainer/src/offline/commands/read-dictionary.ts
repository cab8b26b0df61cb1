// Reads a data dictionary for the commands: refuses drafts that nobody has filled in, and says all that is wrong.

import { InputError, type Problem } from '@consilium/command-line';
import { Dictionary, dictionaryProblems, validate } from '@consilium/domain/dictionary';
import { PLACEHOLDER } from '../../data/draft-dictionary.ts';
import { checked } from './argument-problems.ts';
import { readText } from './input-file.ts';

/** Paths of all placeholders in a JSON value; members of lists that have a name are shown with it too. */
function placeholders(value: unknown, at: string): string[] {
  if (typeof value === 'string') return value.startsWith(PLACEHOLDER) ? [at] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => {
    const isNamed = Array.isArray(value) && typeof member?.name === 'string';
    const place = isNamed ? `${key} (${member.name})` : key;
    return placeholders(member, at ? `${at}.${place}` : place);
  });
}

/** Where JSON breaks off; what is there is not repeated. */
function jsonRemedy(error: unknown): string {
  const [, line] = /line (\d+)/.exec((error as Error).message) ?? [];
  return `correct it${line === undefined ? '' : ` at line ${line}`}, or draft one with 'dictionary init'`;
}

/** @throws InputError naming every placeholder and every problem, those of the rules beside those of the schema */
export function parseDictionary(text: string): Dictionary {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new InputError({ field: 'dictionary', text: ': not JSON', remedy: jsonRemedy(cause) }, { cause });
  }
  const open = placeholders(value, '');
  const shape = shapeProblems(value, open);
  // What is said of a draft that is open would be said of its placeholders.
  const rules = open.length > 0 ? [] : ruleProblems(value);
  const problems = [
    ...open.map((at) => ({
      field: `dictionary: ${at}`,
      text: `still says ${PLACEHOLDER}`,
      remedy: 'fill it in',
    })),
    ...shape,
    ...rules.map((problem) => ({ ...problem, field: `dictionary: ${problem.field}` })),
  ];
  if (problems.length > 0) throw new InputError(problems);
  return value as Dictionary;
}

/** What the schema says of a value, but not of the places that are open. */
function shapeProblems(value: unknown, open: readonly string[]): readonly Problem[] {
  const places = open.map((at) => at.replaceAll(/ \([^)]*\)/g, ''));
  try {
    checked(() => validate(Dictionary, value), {
      file: 'dictionary',
      emptied: "it must be an object of fields: draft one with 'dictionary init'",
    });
    return [];
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.problems.filter((problem) => !places.some((at) => problem.field === `dictionary: ${at}`));
  }
}

/** What the rules say of a value: as much as they can, where it has not the shape of a dictionary. */
function ruleProblems(value: unknown): ReturnType<typeof dictionaryProblems> {
  try {
    return dictionaryProblems(value as Dictionary);
  } catch (error) {
    if (error instanceof TypeError) return [];
    throw error;
  }
}

/** @throws InputError */
export async function readDictionary(path: string): Promise<Dictionary> {
  return parseDictionary(await readText(path, 'dictionary'));
}
