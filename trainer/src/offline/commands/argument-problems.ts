// What the schemas of the domain say of a file, as lines for a terminal.
import { DomainError, type Problem, sentenceOf } from '@consilium/domain';
import { InputError } from './command-line.ts';

/**
 * The value that a schema makes of a file.
 *
 * @param emptied what is said where it is no object of fields
 * @param remedied the problem in a file's own words, with what to do about it
 * @throws InputError naming every problem (at most 8), with what the file is before each
 */
export function checked<T>(
  read: () => T,
  {
    file,
    emptied,
    remedied = (problem) => problem,
  }: {
    readonly file: string;
    readonly emptied: string;
    readonly remedied?: (problem: Problem) => Problem;
  },
): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof DomainError)) throw cause;
    throw new InputError(
      cause.problems.map(
        (problem) => `${file}: ${isWhole(problem) ? emptied : sentenceOf(remedied(problem))}`,
      ),
      { cause },
    );
  }
}

/** Of the file itself, and no field of it. */
const isWhole = ({ field }: Problem): boolean => field === 'argument';
