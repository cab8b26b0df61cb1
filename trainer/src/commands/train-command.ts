// `consilium-trainer train`: one hospital, one file, no ledger.
import { resolve } from 'node:path';
import { EXIT, InputError, readArguments, required } from './command-line.ts';
import { printRun } from './print-run.ts';
import { runStudy } from './run-study.ts';
import { STUDY_OPTIONS, STUDY_OPTIONS_HELP } from './study-settings.ts';

const HELP = `consilium-trainer train: train a model on one file, with differential privacy

  consilium-trainer train --data FILE --dictionary FILE --study FILE [options]

  --data FILE              the patients, CSV or Parquet
${STUDY_OPTIONS_HELP}`;

export async function trainCommand(argv: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(argv, { ...STUDY_OPTIONS, data: { type: 'string' } });
  if (values.help) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  if (positionals.length > 0) throw new InputError(`unexpected ${positionals.join(' ')}`);
  const path = resolve(required(values.data, 'data'));
  const run = await runStudy('train', [{ name: 'data', path }], values);
  printRun(run, { json: values.json, summary: run.pooled });
  return EXIT.ok;
}
