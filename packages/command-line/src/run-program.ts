// Runs a command's work and ends the process by the one table of exit codes.
import { AssertionError } from 'node:assert';
import { EXIT } from './exit-codes.ts';
import { InputError, UsageError } from './input-error.ts';
import { sentenceOf } from './problem.ts';
import { processTerminal, type Terminal } from './terminal.ts';

/** What only a mistake in the program throws; but a failed `fetch` is a TypeError whose cause has the system's code. */
function isBug(error: unknown): boolean {
  if (!(error instanceof Error)) return true;
  if (error instanceof AssertionError) return true;
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === 'string' && !code.startsWith('ERR_')) return false;
  if (error instanceof TypeError) return typeof (error.cause as NodeJS.ErrnoException)?.code !== 'string';
  return error instanceof ReferenceError || error instanceof RangeError || error instanceof SyntaxError;
}

/** An error's exit status: its own `exitStatus` where it has one, and otherwise by what it is. */
export function exitStatusOf(error: unknown): number {
  if (error instanceof InputError) return EXIT.unusable;
  const { exitStatus } = (error ?? {}) as { exitStatus?: unknown };
  if (typeof exitStatus === 'number') return exitStatus;
  return isBug(error) ? EXIT.bug : EXIT.failed;
}

/**
 * Says what went wrong on standard error, and answers the exit status. The stack is shown of a bug, and of every
 * error where CONSILIUM_DEBUG is set.
 *
 * @param name the command, which begins each line
 */
export function reportError(
  error: unknown,
  name: string,
  terminal: Pick<Terminal, 'error'> = processTerminal,
): number {
  const status = exitStatusOf(error);
  if (error instanceof UsageError) {
    for (const problem of error.problems) terminal.error(`${name}: ${sentenceOf(problem)}\n`);
    terminal.error(`Try ${name} --help.\n`);
    return status;
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const isShown = status === EXIT.bug || Boolean(process.env.CONSILIUM_DEBUG);
  terminal.error(`${name}: ${isShown ? stack : message}\n`);
  return status;
}

/** Runs a program to its end: nothing, or the status that its work answers. */
export async function runProgram(
  name: string,
  work: (args: readonly string[]) => Promise<number | undefined> | number | undefined,
): Promise<void> {
  try {
    process.exitCode = (await work(process.argv.slice(2))) ?? EXIT.done;
  } catch (error) {
    process.exitCode = reportError(error, name);
  }
}
