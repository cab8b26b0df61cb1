// `consilium-trainer check`: reads a data file by its dictionary and lists every problem, and says what is to be known
// of the weights of a study's graph.
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
import type { Dictionary } from '@consilium/domain';
import { DataError, readDataset } from '../../data/index.ts';
import { FORMAT_OPTIONS, FORMAT_OPTIONS_HELP, watchReading } from './file-format.ts';
import { fileProblems } from './file-problems.ts';
import { writeNewFile } from './new-file.ts';
import { readDictionary } from './read-dictionary.ts';

const HELP = `consilium-trainer check: read a data file by its dictionary and list every problem

  consilium-trainer check --file FILE --dictionary FILE [--study FILE [--graph-out FILE]] [options]

  --file FILE              the patients, CSV or Parquet, or a folder of such files
  --dictionary FILE        data dictionary, JSON
${FORMAT_OPTIONS_HELP}\
  --study FILE             a study, YAML: its graph is read too, and what is to be known of its weights is said
  --graph-out FILE         and written as it is trained, with weights of their own where the exporter merged them;
                           an existing file is left alone
  --json                   {"ok", "recordCountBand", "problems", "problemCount", "notes"} on standard output, and with
                           --study "model": {"parameters"}
  --help                   this text

Progress and what was guessed of a file go to standard error. Problems are listed by rule and column with a count.
No patient's value is printed. Exit status: 0 no problems, 1 failed, 2 wrong usage or problems.
`;

interface StudyChecks {
  readonly study: string | undefined;
  readonly graphOut: string | undefined;
  readonly dictionary: Dictionary;
}

interface Checked {
  /** What is to be known of the weights of a study's graph. */
  readonly notes: readonly string[];
  readonly model?: { readonly parameters: number };
}

async function checkStudy({ study: path, graphOut, dictionary }: StudyChecks): Promise<Checked> {
  if (path === undefined) {
    if (graphOut !== undefined) throw new InputError('--graph-out needs --study: there is no graph to write');
    return { notes: [] };
  }
  // What trains is loaded for a study alone: most checks are of a file, and short.
  const [{ codeInputs }, { studyGraph }, { readStudy }, { modelKindOf }] = await Promise.all([
    import('../../study/code-features.ts'),
    import('../simulation/study-graph.ts'),
    import('./study-file.ts'),
    import('./study-settings.ts'),
  ]);
  const study = await readStudy(path);
  const { model, notes } = await studyGraph(await modelKindOf(study), {
    dictionary,
    localPatterns: study.localParameters ?? [],
    frozenPatterns: study.frozenParameters ?? [],
    tiedPatterns: study.tiedParameters ?? [],
  });
  if (study.model.kind === 'onnx') await model.checkRuns(codeInputs(dictionary));
  if (graphOut !== undefined) await writeNewFile(graphOut, { content: model.graph, option: 'graph-out' });
  const parameters = model.initial.shared.length + model.initial.local.length;
  return { notes, model: { parameters } };
}

export async function checkCommand(argv: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = readArguments(argv, {
    file: { type: 'string' },
    dictionary: { type: 'string' },
    ...FORMAT_OPTIONS,
    study: { type: 'string' },
    'graph-out': { type: 'string' },
    ...COMMON_OPTIONS,
  });
  if (values.help) {
    terminal.out(HELP);
    return EXIT.done;
  }
  refuseMore(positionals);
  const path = resolve(required(values.file, 'file'));
  const dictionary = await readDictionary(required(values.dictionary, 'dictionary'));
  const { notes, ...ofStudy } = await checkStudy({
    study: values.study,
    graphOut: values['graph-out'],
    dictionary,
  });
  if (!values.json) for (const note of notes) terminal.error(`note: ${note}\n`);
  try {
    const { format, onRows, stated } = watchReading(path, { texts: values, terminal });
    const { recordCountBand: band, format: guessed } = await readDataset({
      path,
      dictionary,
      format,
      onRows,
    });
    stated(guessed);
    const answer = { ok: true, recordCountBand: band, problems: [], problemCount: 0, notes, ...ofStudy };
    const said = `no problems; ${band.low} to ${band.high} patients`;
    terminal.out(`${values.json ? JSON.stringify(answer) : said}\n`);
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    if (!values.json) throw new InputError(fileProblems(path, error), { cause: error });
    const { problems, total: problemCount } = error;
    const answer = { ok: false, recordCountBand: null, problems, problemCount, notes, ...ofStudy };
    terminal.out(`${JSON.stringify(answer)}\n`);
    return EXIT.unusable;
  }
}
