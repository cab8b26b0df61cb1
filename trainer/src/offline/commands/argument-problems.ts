// What the schemas of the domain say of a file, as lines for a terminal.
import { DomainError } from '@consilium/domain';
import { InputError } from './command-line.ts';

/**
 * The value that a schema makes of a file.
 *
 * @param emptied what is said where it is no object of fields
 * @throws InputError naming every problem (at most 8), with what the file is before each
 */
export function checked<T>(
  read: () => T,
  {
    file,
    emptied,
    withRemedy = (problem) => problem,
  }: {
    readonly file: string;
    readonly emptied: string;
    readonly withRemedy?: (problem: string) => string;
  },
): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof DomainError)) throw cause;
    const problems = cause.message
      .replace(/^INVALID_ARGUMENT: /, '')
      .replace(/^argument must be an object/, emptied)
      .split('; ');
    throw new InputError(
      problems.map((problem) => `${file}: ${withRemedy(problem)}`),
      { cause },
    );
  }
}
