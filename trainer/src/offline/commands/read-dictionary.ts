// Reads a data dictionary for the commands: refuses drafts that nobody has filled in, and says all that is wrong.

import { InputError } from '@consilium/command-line';
import { Dictionary, dictionaryProblems, validate } from '@consilium/domain';
import { PLACEHOLDER } from '../../data/draft-dictionary.ts';
import { checked } from './argument-problems.ts';
import { readText } from './input-file.ts';

/** Paths of all placeholders in a JSON value; members of lists that have a name are told by it too. */
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

/** @throws InputError naming every placeholder, or else every problem */
export function parseDictionary(text: string): Dictionary {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new InputError({ field: 'dictionary', text: ': not JSON', remedy: jsonRemedy(cause) }, { cause });
  }
  const open = placeholders(value, '');
  if (open.length > 0) {
    throw new InputError(
      open.map((at) => ({
        field: `dictionary: ${at}`,
        text: `still says ${PLACEHOLDER}`,
        remedy: 'fill it in',
      })),
    );
  }
  const dictionary = checked(() => validate(Dictionary, value), {
    file: 'dictionary',
    emptied: "it must be an object of fields: draft one with 'dictionary init'",
  });
  const problems = dictionaryProblems(dictionary);
  if (problems.length > 0) {
    throw new InputError(problems.map((problem) => ({ ...problem, field: `dictionary: ${problem.field}` })));
  }
  return dictionary;
}

/** @throws InputError */
export async function readDictionary(path: string): Promise<Dictionary> {
  return parseDictionary(await readText(path, 'dictionary'));
}
