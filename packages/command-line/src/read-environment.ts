// Settings from environment variables, read once at start. Everything that is wrong with them is said at once; what a
// variable holds may be a key and is repeated only where the reader says so.
import { ConfigError } from './input-error.ts';
import type { Problem } from './problem.ts';

/** Variables by name, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads variables, collects what is wrong with them, and throws all of it at once as one ConfigError. */
export class EnvironmentReader<Name extends string = string> {
  readonly #environment: Environment;
  /** What each variable means, for those that are refused. */
  readonly #meanings: Readonly<Record<Name, string>>;
  readonly #problems: Problem[] = [];

  constructor(environment: Environment, meanings: Readonly<Record<Name, string>>) {
    this.#environment = environment;
    this.#meanings = meanings;
  }

  get hasProblems(): boolean {
    return this.#problems.length > 0;
  }

  /** Without blanks around it; undefined where it is not set, or empty. */
  text(name: Name): string | undefined {
    return this.#environment[name]?.trim() || undefined;
  }

  /** Empty, and refused, where it is not set or does not fit. */
  required(name: Name, fits: (value: string) => boolean = () => true): string {
    const value = this.text(name);
    if (value === undefined) this.refuse(name, 'is not set', this.#meanings[name]);
    else if (!fits(value)) this.refuse(name, 'is malformed', this.#meanings[name]);
    return value ?? '';
  }

  whole(
    name: Name,
    range: { readonly fallback: number; readonly least: number; readonly most: number },
  ): number {
    const { fallback, least, most } = range;
    const value = this.text(name);
    if (value === undefined) return fallback;
    const number = /^[0-9]+$/.test(value) ? Number(value) : Number.NaN;
    if (number >= least && number <= most) return number;
    this.refuse(name, `is "${value.slice(0, 40)}"`, `write a whole number from ${least} to ${most}`);
    return fallback;
  }

  oneOf<T extends string>(name: Name, allowed: readonly T[], fallback: T): T {
    const value = this.text(name);
    if (value === undefined) return fallback;
    const found = allowed.find((one) => one === value);
    if (found === undefined) {
      this.refuse(name, `is "${value.slice(0, 40)}"`, `write one of ${allowed.join(', ')}`);
    }
    return found ?? fallback;
  }

  /** What a function makes of a variable; its error becomes the variable's problem. */
  attempt<T>(name: Name, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      this.refuse(name, `: ${(error as Error).message}`);
      return undefined;
    }
  }

  refuse(name: Name, text: string, remedy?: string): void {
    this.#problems.push({ field: name, text, ...(remedy !== undefined && { remedy }) });
  }

  /** @throws ConfigError with every problem so far. */
  finish(): void {
    if (this.hasProblems) throw new ConfigError('the environment', this.#problems);
  }
}
