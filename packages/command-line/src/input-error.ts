// What was given cannot be used. All of these end a command with the same status, and list every problem at once.
import { type Problem, sentenceOf } from './problem.ts';

/** A sentence that names its field itself, or a problem by its field. */
export type Said = string | Problem;

const problemsOf = (said: Said | readonly Said[]): readonly Problem[] =>
  (Array.isArray(said) ? (said as readonly Said[]) : [said as Said]).map((one) =>
    typeof one === 'string' ? { field: '', text: one } : one,
  );

/** A file, or anything else that was given, cannot be used. */
export class InputError extends Error {
  override readonly name: string = 'InputError';
  readonly problems: readonly Problem[];

  constructor(said: Said | readonly Said[], options?: ErrorOptions) {
    const problems = problemsOf(said);
    super(problems.map(sentenceOf).join('\n'), options);
    this.problems = problems;
  }
}

/** The arguments cannot be used; the help says what can. */
export class UsageError extends InputError {
  override readonly name = 'UsageError';
}

/** The environment or a configuration file cannot be used. */
export class ConfigError extends InputError {
  override readonly name = 'ConfigError';
  override readonly message: string;

  /** @param source what has the problems: 'the environment', or the path of a file */
  constructor(source: string, said: Said | readonly Said[], options?: ErrorOptions) {
    super(said, options);
    const count = `${this.problems.length} problem${this.problems.length === 1 ? '' : 's'}`;
    const lines = this.problems.map((problem) => `  ${sentenceOf(problem)}`);
    this.message = `${source} has ${count}:\n${lines.join('\n')}`;
  }
}
