// `consilium-trainer check`: reads a data file by its dictionary and lists every problem.
import { resolve } from 'node:path';
import {
  COMMON_OPTIONS,
  EXIT,
  InputError,
  readArguments,
  refuseMore,
  required,
  type Terminal,
} from '@consilium/command-line';
import { DataError, readDataset } from '../../data/index.ts';
import { FORMAT_OPTIONS, FORMAT_OPTIONS_HELP, watchReading } from './file-format.ts';
import { fileProblems } from './file-problems.ts';
import { readDictionary } from './read-dictionary.ts';

const HELP = `consilium-trainer check: read a data file by its dictionary and list every problem

  consilium-trainer check --file FILE --dictionary FILE [options]

  --file FILE              the patients, CSV or Parquet, or a folder of such files
  --dictionary FILE        data dictionary, JSON
${FORMAT_OPTIONS_HELP}\
  --json                   {"ok", "recordCountBand", "problems", "problemCount"} on standard output
  --help                   this text

Progress and what was guessed of a file go to standard error. Problems are listed by rule and column with a count.
No patient's value is printed. Exit status: 0 no problems, 1 failed, 2 wrong usage or problems.
`;

export async function checkCommand(argv: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = readArguments(argv, {
    file: { type: 'string' },
    dictionary: { type: 'string' },
    ...FORMAT_OPTIONS,
    ...COMMON_OPTIONS,
  });
  if (values.help) {
    terminal.out(HELP);
    return EXIT.done;
  }
  refuseMore(positionals);
  const path = resolve(required(values.file, 'file'));
  const dictionary = await readDictionary(required(values.dictionary, 'dictionary'));
  try {
    const { format, onRows, stated } = watchReading(path, { texts: values, terminal });
    const { recordCountBand: band, format: guessed } = await readDataset({
      path,
      dictionary,
      format,
      onRows,
    });
    stated(guessed);
    const answer = { ok: true, recordCountBand: band, problems: [], problemCount: 0 };
    const said = `no problems; ${band.low} to ${band.high} patients`;
    terminal.out(`${values.json ? JSON.stringify(answer) : said}\n`);
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    if (!values.json) throw new InputError(fileProblems(path, error), { cause: error });
    const { problems, total: problemCount } = error;
    terminal.out(`${JSON.stringify({ ok: false, recordCountBand: null, problems, problemCount })}\n`);
    return EXIT.unusable;
  }
}
