// `consilium-trainer dictionary init`: a first draft of a data dictionary, for a person to fill in.
import {
  COMMON_OPTIONS,
  EXIT,
  InputError,
  readArguments,
  refuseMore,
  type Terminal,
} from '@consilium/command-line';
import {
  ColumnUnknownError,
  draftDictionary,
  HeaderDoubtfulError,
  LABEL_KINDS,
  PLACEHOLDER,
} from '../../data/draft-dictionary.ts';
import { DataError } from '../../data/index.ts';
import { FORMAT_OPTIONS, FORMAT_OPTIONS_HELP, formatOptions } from './file-format.ts';
import { fileProblems } from './file-problems.ts';
import { writeNewFile } from './new-file.ts';

const HELP = `consilium-trainer dictionary: describe a file's columns

  consilium-trainer dictionary init FILE [--label COLUMN] [--label-kind KIND] [--id COLUMN] [--no-header]
                                   [--out FILE] [--json] [options]

Drafts a data dictionary for a CSV or Parquet file on standard output (or --out), and says on standard error what
is left to fill in: every ${PLACEHOLDER}. No command accepts a dictionary that still has one. Kinds are guesses.
No patient's value is printed or written, except codes from 0 to 20 that at least ten patients share
(--id tells them apart).

  --label COLUMN           the column to predict
  --label-kind KIND        ${LABEL_KINDS.join(', ')}; guessed if it is not given
  --id COLUMN              the column that identifies patients; without it every row is another patient
  --no-header              the first line of the CSV file is a patient, not column names
${FORMAT_OPTIONS_HELP}  --out FILE               write the draft there; an existing file is left alone
  --json                   draft and notes as one JSON document on standard output
  --help                   this text

Exit status: 0 done, 1 failed, 2 wrong usage or a file that cannot be read.
`;

export async function dictionaryCommand(argv: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = readArguments(argv, {
    label: { type: 'string' },
    'label-kind': { type: 'string' },
    id: { type: 'string' },
    'no-header': { type: 'boolean', default: false },
    ...FORMAT_OPTIONS,
    out: { type: 'string' },
    ...COMMON_OPTIONS,
  });
  if (values.help) {
    terminal.out(HELP);
    return EXIT.done;
  }
  const [verb, path, ...rest] = positionals;
  if (verb !== 'init')
    throw new InputError({ field: 'dictionary', text: ': the only form is: dictionary init FILE' });
  refuseMore(rest);
  if (path === undefined)
    throw new InputError({ field: 'FILE', text: 'is missing', remedy: 'dictionary init FILE' });
  const { label, id, out, json } = values;
  if (id !== undefined && id === label) {
    throw new InputError({
      field: '--label',
      text: 'and --id name one column: a label tells no patients apart',
    });
  }
  const labelKind = LABEL_KINDS.find((kind) => kind === values['label-kind']);
  if (labelKind === undefined && values['label-kind'] !== undefined) {
    throw new InputError({ field: '--label-kind', text: `must be one of ${LABEL_KINDS.join(', ')}` });
  }
  const header = !values['no-header'];
  const format = formatOptions(values);
  const draft = await draftDictionary(path, { label, labelKind, id, header, format }).catch(
    (error: unknown) => explain(path, error),
  );
  const text = `${JSON.stringify(draft.dictionary, null, 2)}\n`;
  if (out !== undefined) await writeNewFile(out, { content: text, option: 'out' });
  if (json) terminal.out(`${JSON.stringify(draft)}\n`);
  else if (out === undefined) terminal.out(text);
  terminal.error(`${['Fill in:', ...draft.notes.map((note) => `  - ${note}`)].join('\n')}\n`);
  return EXIT.done;
}

function explain(path: string, error: unknown): never {
  if (error instanceof DataError) throw new InputError(fileProblems(path, error), { cause: error });
  if (error instanceof ColumnUnknownError)
    throw new InputError({ field: path, text: `: ${error.message}` }, { cause: error });
  if (error instanceof HeaderDoubtfulError) {
    throw new InputError(
      {
        field: path,
        text: ': the first line does not look like column names (distinct words, no numbers)',
        remedy: 'add such a line, or say --no-header',
      },
      { cause: error },
    );
  }
  throw error;
}
