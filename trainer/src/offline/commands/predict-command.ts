// `consilium-trainer predict`: what a trained model says of the rows of another file.
import { resolve } from 'node:path';
import {
  COMMON_OPTIONS,
  EXIT,
  exitStatusLine,
  InputError,
  readArguments,
  refuseMore,
  required,
  type Terminal,
} from '@consilium/command-line';
import { type EncodedTarget, encodingOf } from '@consilium/domain';
import { predictedClasses, type RawOutputs, rawOutputs } from '@consilium/onnx-grad';
import { DataError } from '../../data/index.ts';
import { predictionsOf } from '../../study/predictions.ts';
import { type FileRows, readRows } from '../scoring/read-rows.ts';
import { FORMAT_OPTIONS, FORMAT_OPTIONS_HELP, watchReading } from './file-format.ts';
import { fileProblems } from './file-problems.ts';
import { writeNewFile } from './new-file.ts';
import { readTrainedModel, TRAINED_MODEL_HELP, TRAINED_MODEL_OPTIONS } from './read-trained-model.ts';

const HELP = `consilium-trainer predict: what a trained model says of the rows of another file

  consilium-trainer predict --model DIR --data FILE [--out FILE] [options]

${TRAINED_MODEL_HELP}\
  --data FILE              the patients, CSV or Parquet, or a folder of such files, with the columns of the dictionary;
                           a label is not looked at
${FORMAT_OPTIONS_HELP}\
  --out FILE               write there instead of standard output; an existing file is left alone
  --json                   one JSON document instead of CSV
  --help                   this text

One line for each row of the file, in its order: row (from 1), patient (where the file has ids), and the prediction
in the label's own terms: probability; class and the probability of each; value, in the label's unit; or count, the
expected number. A file with any problem (a missing column, a value of another kind, an unknown category) is refused
whole, and every problem is listed: no row is left out or guessed.
${exitStatusLine()}
`;

type Cell = number | string | null;

/** Nine digits hold every float32, and each ends in what was computed and nothing more. */
const shown = (value: number): number | null =>
  Number.isFinite(value) ? Number(value.toPrecision(9)) : null;

interface Predicted {
  /** Of a column in the answer. */
  readonly names: readonly string[];
  /** [rows][names] */
  readonly rows: readonly (readonly Cell[])[];
}

function predicted(outputs: RawOutputs, target: EncodedTarget): Predicted {
  const said = predictionsOf(outputs, target);
  if ('categories' in said) {
    const classes = predictedClasses(outputs);
    const names = ['class', ...said.categories.map((category) => `probability=${category}`)];
    const rows = said.probabilities.map((shares, row) => [
      said.categories[classes[row]!] ?? null,
      ...shares.map(shown),
    ]);
    return { names, rows };
  }
  if ('probabilities' in said) {
    return { names: ['probability'], rows: said.probabilities.map((value) => [shown(value)]) };
  }
  const name = target.kind === 'count' ? 'count' : 'value';
  return { names: [name], rows: said.values.map((value) => [shown(value)]) };
}

/** Rows that are written at once. */
const PIECE_ROWS = 2 ** 14;

/** Rows of the answer from one of the file on. */
function piece(about: {
  readonly rows: FileRows;
  readonly outputs: RawOutputs;
  readonly target: EncodedTarget;
  readonly first: number;
}): { readonly head: readonly string[]; readonly lines: readonly (readonly Cell[])[] } {
  const { rows, outputs, target, first } = about;
  const { width } = outputs;
  const own = outputs.values.subarray(first * width, (first + PIECE_ROWS) * width);
  const { names, rows: answers } = predicted({ values: own, width }, target);
  const { patients } = rows;
  return {
    head: ['row', ...(patients === undefined ? [] : ['patient']), ...names],
    lines: answers.map((answer, place) => [
      first + place + 1,
      ...(patients === undefined ? [] : [patients[first + place]!]),
      ...answer,
    ]),
  };
}

/** A field of RFC 4180. */
const csvCell = (cell: Cell): string => {
  const text = String(cell ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** Whether a spreadsheet takes a text for a formula. A number may begin with a sign. */
const isFormula = (cell: Cell): boolean =>
  typeof cell === 'string' && /^[=+\-@\t\r]/.test(cell) && Number.isNaN(Number(cell));

export async function predictCommand(argv: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = readArguments(argv, {
    ...TRAINED_MODEL_OPTIONS,
    ...FORMAT_OPTIONS,
    data: { type: 'string' },
    out: { type: 'string' },
    ...COMMON_OPTIONS,
  });
  if (values.help) {
    terminal.out(HELP);
    return EXIT.done;
  }
  refuseMore(positionals);
  const { card, dictionary, onnx } = await readTrainedModel(required(values.model, 'model'), values);
  const path = resolve(required(values.data, 'data'));
  const { stated, ...watch } = watchReading(path, { texts: values, terminal });
  const rows = await readRows({ path, dictionary, labelled: false, ...watch }).catch((error: unknown) => {
    if (!(error instanceof DataError)) throw error;
    throw new InputError([...fileProblems(path, error), ...columnRemedy(error, dictionary.header)], {
      cause: error,
    });
  });
  stated(rows.format);
  const { label, target } = encodingOf(dictionary);
  const outputs = await rawOutputs(onnx, rows.features);
  let [unknown, formulas] = [0, 0];
  function* pieces(): Generator<string> {
    if (values.json) yield `{"label":${JSON.stringify(label)},"target":${JSON.stringify(target)},"rows":[`;
    for (let first = 0; first < rows.count; first += PIECE_ROWS) {
      const { head, lines } = piece({ rows, outputs, target, first });
      unknown += lines.filter((line) => line.includes(null)).length;
      if (values.json) {
        const objects = lines.map((line) => Object.fromEntries(head.map((name, at) => [name, line[at]])));
        yield `${first === 0 ? '' : ','}${JSON.stringify(objects).slice(1, -1)}`;
        continue;
      }
      formulas += lines.filter((line) => line.some(isFormula)).length;
      yield [...(first === 0 ? [head] : []), ...lines]
        .map((line) => `${line.map(csvCell).join(',')}\n`)
        .join('');
    }
    if (values.json) yield ']}\n';
  }
  await hand(pieces(), values.out, terminal);
  if (unknown > 0) {
    terminal.error(
      `note: ${unknown} predictions are beyond all numbers and left empty: the model cannot be used.\n`,
    );
  }
  if (formulas > 0) {
    terminal.error(
      `note: in ${formulas} rows a patient or a class begins with =, +, - or @: a spreadsheet takes that for a ` +
        'formula. Open the answer as text, or take --json.\n',
    );
  }
  if (!card.privacy) terminal.error('note: NOT PRIVATE: this model was trained without noise.\n');
  terminal.error(`${rows.count} rows predicted: ${label}\n`);
  return EXIT.done;
}

/** @throws InputError where the file exists, or cannot be written */
async function hand(texts: Iterable<string>, out: string | undefined, terminal: Terminal): Promise<void> {
  if (out === undefined) {
    for (const text of texts) terminal.out(text);
    return;
  }
  await writeNewFile(out, { content: texts, option: 'out' });
}

/** A file without a header cannot say which column it lacks. */
const columnRemedy = (error: DataError, header: boolean): string[] =>
  !header && error.problems.every(({ code }) => code === 'ROW_LENGTH')
    ? [
        'a file without column names must have all of the dictionary’s columns: leave the label’s fields empty',
      ]
    : [];
