// The commands for people without a ledger, and what their errors mean to a shell.
import { runAccountCommand } from '../account/index.ts';
import { AggregationRefusedError, ParameterRangeError } from '../aggregate/index.ts';
import { TrainingInputError } from '../dp-sgd/index.ts';
import { TrainerError } from '../errors.ts';
import { UnsupportedModelError } from '../onnx/index.ts';
import { checkCommand } from './check-command.ts';
import { EXIT, InputError, processTerminal, type Terminal } from './command-line.ts';
import { dictionaryCommand } from './dictionary-command.ts';
import { simulateCommand } from './simulate-command.ts';
import { trainCommand } from './train-command.ts';

/** Each takes what follows its name and answers its exit status. */
export const COMMANDS: Readonly<
  Record<string, (argv: readonly string[], terminal: Terminal) => Promise<number>>
> = {
  check: checkCommand,
  train: trainCommand,
  simulate: simulateCommand,
  dictionary: dictionaryCommand,
  account: runAccountCommand,
};

/** Lines for the program's own help. */
export const COMMANDS_HELP = `
Without a ledger (each explains itself with --help):
  consilium-trainer check        read a data file by its dictionary and list every problem
  consilium-trainer train        train a model on one file, with differential privacy
  consilium-trainer simulate     several hospitals train one model, in one process
  consilium-trainer dictionary   draft the dictionary that describes a file's columns
  consilium-trainer account      what a plan costs in privacy, or how much noise it needs
`;

/** Every problem of a model by itself, where there are several. */
function modelProblems({ cause, detail }: TrainerError): string[] {
  if (!(cause instanceof UnsupportedModelError)) return [detail];
  return cause.remedy === undefined ? [...cause.problems] : [...cause.problems, cause.remedy];
}

/** What the user can mend, in words; undefined for a bug. */
function problemsOf(
  error: unknown,
): { readonly lines: readonly string[]; readonly status: number } | undefined {
  if (error instanceof InputError) return { lines: error.problems, status: EXIT.usage };
  if (error instanceof TrainingInputError || error instanceof AggregationRefusedError) {
    return { lines: [error.message], status: EXIT.usage };
  }
  if (error instanceof TrainerError) {
    if (error.code !== 'TRAINER_MODEL_INVALID') return { lines: [error.message], status: EXIT.failed };
    return { lines: modelProblems(error).map((line) => `model: ${line}`), status: EXIT.usage };
  }
  if (error instanceof ParameterRangeError) return { lines: [error.message], status: EXIT.failed };
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === 'string' && !code.startsWith('ERR_')) {
    return { lines: [(error as Error).message], status: EXIT.failed };
  }
  return undefined;
}

/** Runs a command of `COMMANDS`; errors are told on standard error. */
export async function runCommand(
  name: string,
  argv: readonly string[],
  terminal: Terminal = processTerminal,
): Promise<number> {
  try {
    return await COMMANDS[name]!(argv, terminal);
  } catch (error) {
    const problems = problemsOf(error);
    const lines = problems?.lines ?? [(error as Error).stack ?? String(error)];
    terminal.error(`${lines.map((line) => `consilium-trainer ${name}: ${line}`).join('\n')}\n`);
    if (problems?.status === EXIT.usage && error instanceof InputError) {
      terminal.error(`Try consilium-trainer ${name} --help.\n`);
    }
    return problems?.status ?? EXIT.failed;
  }
}
