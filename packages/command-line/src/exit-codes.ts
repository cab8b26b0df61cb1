// How every command of Consilium ends. Scripts and service managers read the number, people the line on standard error.
interface ExitCode {
  readonly status: number;
  readonly meaning: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** Every exit status with its meaning and what to do about it. */
export const EXIT_CODES = {
  done: { status: 0, meaning: 'Done, or the help that was asked for.', remedy: 'Nothing.' },
  failed: {
    status: 1,
    meaning:
      'What was asked did not succeed: something it needs does not answer, or the answer is no (an invariant does not ' +
      'hold, a fuzz target found something).',
    remedy: 'Read the message. The same command may succeed later.',
  },
  unusable: {
    status: 2,
    meaning:
      'What was given cannot be used: arguments, environment, configuration or a data file. Nothing was done. Every ' +
      'problem is listed with its field.',
    remedy: 'Correct what the message names. A restart does not help.',
  },
  notRunning: {
    status: 3,
    meaning: 'What was asked about does not run, or not all of it.',
    remedy: 'Start it.',
  },
  bug: {
    status: 70,
    meaning: 'The program broke one of its own rules; the stack is on standard error.',
    remedy: 'Report it with the stack.',
  },
} as const satisfies Record<string, ExitCode>;

/** The name of an exit status. */
export type ExitName = keyof typeof EXIT_CODES;

/** The numbers by name: `EXIT.unusable` is 2. */
export const EXIT = Object.fromEntries(
  Object.entries(EXIT_CODES).map(([name, { status }]) => [name, status]),
) as { readonly [Name in ExitName]: (typeof EXIT_CODES)[Name]['status'] };

/** A signal that ended a command adds its number to this, as shells count it; a broken pipe counts as SIGPIPE. */
export const EXIT_OF_SIGNALS = 128;

const SHORT: Readonly<Record<ExitName, string>> = {
  done: 'done',
  failed: 'failed',
  unusable: 'unusable arguments, configuration or files',
  notRunning: 'not running',
  bug: 'a bug',
};

/** The line of a help text: 'Exit status: 0 done, 1 failed, …'. */
export const exitStatusLine = (names: readonly ExitName[] = ['done', 'failed', 'unusable', 'bug']): string =>
  `Exit status: ${names.map((name) => `${EXIT[name]} ${SHORT[name]}`).join(', ')}.`;
