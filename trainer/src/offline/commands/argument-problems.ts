// What the schemas of the domain say of a file, as lines for a terminal.

import { InputError } from '@consilium/command-line';
import { DomainError, type Problem } from '@consilium/domain/dictionary';

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
      cause.problems.map((problem) => {
        if (isWhole(problem)) return { field: file, text: `: ${emptied}` };
        const own = remedied(problem);
        return { ...own, field: `${file}: ${own.field}` };
      }),
      { cause },
    );
  }
}

/** Of the file itself, and no field of it. */
const isWhole = ({ field }: Problem): boolean => field === 'argument';
