// The commands for people without a ledger. Each is loaded when it is called, so that a short answer is a quick one.
import { InputError, processTerminal, reportError, type Terminal } from '@consilium/command-line';

/** Takes what follows a command's name and answers its exit status. */
type Command = (argv: readonly string[], terminal: Terminal) => Promise<number>;

export const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  check: async () => (await import('./check-command.ts')).checkCommand,
  train: async () => (await import('./train-command.ts')).trainCommand,
  simulate: async () => (await import('./simulate-command.ts')).simulateCommand,
  resume: async () => (await import('./resume-command.ts')).resumeCommand,
  predict: async () => (await import('./predict-command.ts')).predictCommand,
  evaluate: async () => (await import('./evaluate-command.ts')).evaluateCommand,
  dictionary: async () => (await import('./dictionary-command.ts')).dictionaryCommand,
  key: async () => (await import('./key-command.ts')).keyCommand,
  patients: async () => (await import('./patients-command.ts')).patientsCommand,
  account: async () => (await import('../account/index.ts')).runAccountCommand,
};

/** Lines for the program's own help. */
export const COMMANDS_HELP = `
Without a ledger (each explains itself with --help):
  consilium-trainer check        read a data file by its dictionary and list every problem
  consilium-trainer train        train a model on one file, with differential privacy
  consilium-trainer simulate     several hospitals train one model, in one process
  consilium-trainer resume       go on with a run of train or simulate that was interrupted
  consilium-trainer predict      what a trained model says of the rows of another file
  consilium-trainer evaluate     how good a trained model is on another file with labels
  consilium-trainer dictionary   draft the dictionary that describes a file's columns
  consilium-trainer key          list the member's encryption keys, or create the next one
  consilium-trainer patients     leave patients out who withdrew, or say what one's records were offered to
  consilium-trainer account      what a plan costs in privacy, or how much noise it needs
`;

/** Runs a command of `COMMANDS`; errors are reported on standard error. */
export async function runCommand(
  name: string,
  argv: readonly string[],
  terminal: Terminal = processTerminal,
): Promise<number> {
  try {
    const command = await COMMANDS[name]!();
    return await command(argv, terminal);
  } catch (error) {
    const { problemsOf } = await import('./problems-of.ts');
    const problems = problemsOf(error);
    if (problems === undefined) return reportError(error, `consilium-trainer ${name}`, terminal);
    terminal.error(`${problems.lines.map((line) => `consilium-trainer ${name}: ${line}`).join('\n')}\n`);
    if (error instanceof InputError) terminal.error(`Try consilium-trainer ${name} --help.\n`);
    return problems.status;
  }
}
