// `consilium-trainer train`: one hospital, one file, no ledger.
import { resolve } from 'node:path';
import { EXIT, readArguments, refuseMore, required, type Terminal } from '@consilium/command-line';
import { printRun } from './print-run.ts';
import { runStudy } from './run-study.ts';
import { STUDY_OPTIONS, STUDY_OPTIONS_HELP } from './study-settings.ts';

const HELP = `consilium-trainer train: train a model on one file, with differential privacy

  consilium-trainer train --data FILE --dictionary FILE --study FILE [options]

  --data FILE              the patients, CSV or Parquet, or a folder of such files
${STUDY_OPTIONS_HELP}`;

export async function trainCommand(argv: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = readArguments(argv, { ...STUDY_OPTIONS, data: { type: 'string' } });
  if (values.help) {
    terminal.out(HELP);
    return EXIT.done;
  }
  refuseMore(positionals);
  const path = resolve(required(values.data, 'data'));
  const run = await runStudy('train', [{ name: 'data', path }], { options: values, terminal });
  printRun(run, { json: values.json, summary: run.pooled, terminal });
  return EXIT.done;
}
