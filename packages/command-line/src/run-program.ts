// Runs a command's work and ends the process by the one table of exit codes.
import { AssertionError } from 'node:assert';
import { constants } from 'node:os';
import { EXIT, EXIT_OF_SIGNALS } from './exit-codes.ts';
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

let isHeard = false;

/** Output that nobody reads any more, as of `| head`, ends a program at once, unless it has something to stop first. */
function endUnread(): void {
  if (isHeard) return;
  isHeard = true;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      const isHeardElsewhere = stream.listenerCount('error') > 1;
      if (isHeardElsewhere) return;
      if (error.code !== 'EPIPE') throw error;
      process.exit(EXIT_OF_SIGNALS + constants.signals.SIGPIPE);
    });
  }
}

/** Runs a program to its end: nothing, or the status that its work answers. */
export async function runProgram(
  name: string,
  work: (args: readonly string[]) => Promise<number | undefined> | number | undefined,
): Promise<void> {
  endUnread();
  try {
    process.exitCode = (await work(process.argv.slice(2))) ?? EXIT.done;
  } catch (error) {
    process.exitCode = reportError(error, name);
  }
}
