// `consilium-trainer resume`: a run with a checkpoint goes on after its last finished round.
import {
  COMMON_OPTIONS,
  EXIT,
  InputError,
  readArguments,
  refuseMore,
  type Terminal,
  UsageError,
} from '@consilium/command-line';
import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { SITE_NAME } from '../simulation/load-sites.ts';
import { printRun } from './print-run.ts';
import type { RunOptions } from './run-request.ts';
import { runStudy } from './run-study.ts';

const HELP = `consilium-trainer resume: go on with a run that was interrupted

  consilium-trainer resume DIR [options]

  DIR                      the folder of its checkpoint
  --json                   nothing but the summary on standard output
  --help                   this text

The run goes on with the files and options that it began with, and is refused where one of them has changed. A private
run's round that was begun and not finished is not drawn again: it stays charged, and the model does not move in it.
Such a run goes on only where it was begun, by the same user: $XDG_STATE_HOME/consilium-trainer/runs (by default in
~/.local/state) holds which rounds were begun, so that an older copy of the folder draws none twice.
Exit status: 0 done, 1 failed, 2 wrong usage or input that cannot be used.
`;

export async function resumeCommand(argv: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = readArguments(argv, COMMON_OPTIONS);
  if (values.help) {
    terminal.out(HELP);
    return EXIT.done;
  }
  const [folder, ...more] = positionals;
  if (folder === undefined)
    throw new UsageError({ field: 'DIR', text: 'is missing: name the folder of the checkpoint' });
  refuseMore(more);
  using checkpoint = Checkpoint.open(folder);
  const { command, files, options } = checkpoint.request;
  // Folders are named by them.
  if (!files.every(({ name }) => SITE_NAME.test(name))) {
    const text = `${folder} names a hospital as no command does`;
    throw new InputError({ field: '--checkpoint', text, remedy: 'start a new run' });
  }
  const run = await runStudy(command, files, {
    options: options as unknown as RunOptions,
    terminal,
    checkpoint,
  });
  const summary = command === 'train' ? run.pooled : { ...run.pooled, pooled: run.pooled, sites: run.sites };
  printRun(run, { json: values.json, summary, terminal });
  return EXIT.done;
}
