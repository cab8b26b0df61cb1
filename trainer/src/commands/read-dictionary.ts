// Reads a data dictionary for the commands: refuses drafts that nobody has filled in, and says all that is wrong.
import { readFile } from 'node:fs/promises';
import { Dictionary, DomainError, dictionaryProblems, validate } from '@consilium/chaincode/domain';
import { PLACEHOLDER } from '../data/draft-dictionary.ts';
import { InputError } from './command-line.ts';

/** Paths of all placeholders in a JSON value. */
function placeholders(value: unknown, at: string): string[] {
  if (typeof value === 'string') return value.startsWith(PLACEHOLDER) ? [at] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => placeholders(member, at ? `${at}.${key}` : key));
}

/** @throws InputError naming every placeholder, or else every problem */
export function parseDictionary(text: string): Dictionary {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new InputError('dictionary: not JSON', { cause });
  }
  const open = placeholders(value, '');
  if (open.length > 0) {
    throw new InputError(open.map((at) => `dictionary: ${at} still says ${PLACEHOLDER}: fill it in`));
  }
  try {
    const dictionary = validate(Dictionary, value);
    const problems = dictionaryProblems(dictionary);
    if (problems.length > 0) throw new InputError(problems.map((problem) => `dictionary: ${problem}`));
    return dictionary;
  } catch (cause) {
    if (!(cause instanceof DomainError)) throw cause;
    const problems = cause.message.replace(/^INVALID_ARGUMENT: /, '').split('; ');
    throw new InputError(
      problems.map((problem) => `dictionary: ${problem}`),
      { cause },
    );
  }
}

/** @throws InputError */
export async function readDictionary(path: string): Promise<Dictionary> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new InputError(`dictionary ${path} cannot be read: ${cause.code}`, { cause });
  });
  return parseDictionary(text);
}
