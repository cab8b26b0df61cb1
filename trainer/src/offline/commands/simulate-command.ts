// `consilium-trainer simulate`: many hospitals in one process, no ledger.
import { resolve } from 'node:path';
import { EXIT, InputError, readArguments, refuseMore, type Terminal } from '@consilium/command-line';
import { SITE_NAME, type SiteFile } from '../simulation/load-sites.ts';
import { printRun } from './print-run.ts';
import { runStudy } from './run-study.ts';
import { STUDY_OPTIONS, STUDY_OPTIONS_HELP } from './study-settings.ts';

const HELP = `consilium-trainer simulate: several hospitals train one model, in one process

  consilium-trainer simulate --site NAME=FILE --site NAME=FILE ... --dictionary FILE --study FILE [options]

  --site NAME=FILE         a hospital and its patients, CSV or Parquet, or a folder of such files; once for each
${STUDY_OPTIONS_HELP}`;

function siteOf(text: string): SiteFile {
  const [, name = '', path] = /^([^=]*)=(.+)$/.exec(text) ?? [];
  if (!SITE_NAME.test(name) || path === undefined) {
    throw new InputError({
      field: '--site',
      text: 'must be NAME=FILE; a name has letters, digits, - and _, at most 40',
    });
  }
  return { name, path: resolve(path) };
}

export async function simulateCommand(argv: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = readArguments(argv, {
    ...STUDY_OPTIONS,
    site: { type: 'string', multiple: true, default: [] },
  });
  if (values.help) {
    terminal.out(HELP);
    return EXIT.done;
  }
  refuseMore(positionals);
  const files = values.site.map(siteOf);
  if (files.length === 0)
    throw new InputError({ field: '--site', text: 'is missing', remedy: 'name each hospital and its file' });
  if (new Set(files.map(({ name }) => name)).size < files.length) {
    throw new InputError({
      field: '--site',
      text: ': two hospitals have one name',
      remedy: 'give each a name of its own',
    });
  }
  const run = await runStudy('simulate', files, { options: values, terminal });
  printRun(run, {
    json: values.json,
    summary: { ...run.pooled, pooled: run.pooled, sites: run.sites },
    terminal,
  });
  return EXIT.done;
}
