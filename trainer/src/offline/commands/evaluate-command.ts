// `consilium-trainer evaluate`: how good a trained model is on another file with labels.
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
import { encodingOf, inputNames } from '@consilium/domain';
import { type RawOutputs, rawOutputs } from '@consilium/onnx-grad';
import { DataError } from '../../data/index.ts';
import { assessmentLines } from '../report/assessment-text.ts';
import { metricTexts, scoreLine } from '../report/score-text.ts';
import { type Assessed, type AssessedSite, assessRows, FEWEST_ROWS } from '../scoring/assess-rows.ts';
import { type FileRows, type RowsWish, readRows, SiteColumnError } from '../scoring/read-rows.ts';
import { splitSaltOf } from '../simulation/load-sites.ts';
import { ASSESSMENT_OPTIONS, ASSESSMENT_OPTIONS_HELP, questionsOf } from './assessment-options.ts';
import { FORMAT_OPTIONS, FORMAT_OPTIONS_HELP, watchReading } from './file-format.ts';
import { fileProblems } from './file-problems.ts';
import {
  readTrainedModel,
  TRAINED_MODEL_HELP,
  TRAINED_MODEL_OPTIONS,
  type TrainedModel,
} from './read-trained-model.ts';

const HELP = `consilium-trainer evaluate: how good a trained model is on another file with labels

  consilium-trainer evaluate --model DIR --data FILE [--site-column COLUMN] [--held-out] [options]

${TRAINED_MODEL_HELP}\
  --data FILE              the patients with their labels, CSV or Parquet, or a folder of such files, with the columns
                           of the dictionary
${FORMAT_OPTIONS_HELP}\
  --site-column COLUMN     scores by site too: the column says which site a row is of. Of a site with fewer than ten
                           rows, the number of rows alone
  --held-out               only the patients whom the card's split seed holds out: of a file that was trained on, none
                           that the model has seen
${ASSESSMENT_OPTIONS_HELP}\
  --json                   nothing but the JSON document, which is the last line otherwise
  --help                   this text

The metrics, baselines and 95 % intervals are those of train. They are exact, and so not private: they are for those
who may see the records. Without --held-out, rows that the model was trained on make it look better than it is.
${exitStatusLine()}
`;

export async function evaluateCommand(argv: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = readArguments(argv, {
    ...TRAINED_MODEL_OPTIONS,
    ...ASSESSMENT_OPTIONS,
    ...FORMAT_OPTIONS,
    data: { type: 'string' },
    'site-column': { type: 'string' },
    'held-out': { type: 'boolean', default: false },
    ...COMMON_OPTIONS,
  });
  if (values.help) {
    terminal.out(HELP);
    return EXIT.done;
  }
  refuseMore(positionals);
  const model = await readTrainedModel(required(values.model, 'model'), values);
  const path = resolve(required(values.data, 'data'));
  const { features: encoding, target } = encodingOf(model.dictionary);
  const questions = questionsOf(values, { encoding, target });
  const { stated, ...watch } = watchReading(path, { texts: values, terminal });
  const rows = await readLabelled(model, {
    ...watch,
    path,
    siteColumn: values['site-column'],
    heldOutBy: values['held-out'] ? splitOf(model) : undefined,
  });
  stated(rows.format);
  const outputs = await rawOutputs(model.onnx, rows.features);
  const assessment = assessRows(bySite(rows, outputs, inputNames(encoding).length), {
    encoding,
    target,
    questions,
  });
  if (!values.json) {
    const line = (name: string, { score, count }: Assessed) => {
      if (score === null) {
        return `  ${name.padEnd(16)} too few rows: ${count}; scores are given from ${FEWEST_ROWS} rows on`;
      }
      const baseline = metricTexts(target)[0]!.show(score.baseline);
      const metrics = scoreLine(score, target, { intervals: true });
      return `  ${name.padEnd(16)} ${metrics}, baseline ${baseline}, ${count} rows`;
    };
    const sites = Object.entries(assessment.sites);
    const lines = [
      `${values['held-out'] ? 'held-out patients' : 'all rows'} of ${values.data}, exact scores (not private):`,
      line('pooled', assessment.pooled),
      ...(values['site-column'] === undefined ? [] : sites.map(([name, own]) => line(name, own))),
      ...assessmentLines(assessment, target),
    ];
    terminal.out(`${lines.join('\n')}\n`);
  }
  const { thresholds, pooled, sites, by } = assessment;
  const answer = {
    label: target.kind,
    scores: 'exact',
    heldOut: values['held-out'],
    thresholds,
    pooled,
    ...(values['site-column'] !== undefined && { sites }),
    by,
  };
  terminal.out(`${JSON.stringify(answer)}\n`);
  return EXIT.done;
}

/** The salt of the split that the model was trained with. @throws InputError where it is not known */
function splitOf({ card: { data }, isCardsDictionary }: TrainedModel): Uint8Array {
  if (data.splitRule !== 'seed-and-patient') {
    throw new InputError(
      '--held-out: the card is of an earlier version, by whose rule others were held out: train again, or leave it out',
    );
  }
  if (!isCardsDictionary) {
    throw new InputError(
      '--held-out: who is held out follows from the dictionary that the model was trained with: leave --dictionary out',
    );
  }
  if (typeof data.splitSeed !== 'string') {
    throw new InputError('--held-out: the card has no split seed: take the folder as it was written');
  }
  return splitSaltOf(data.splitSeed);
}

/** @throws InputError with every problem of the file */
async function readLabelled(
  { dictionary }: TrainedModel,
  about: {
    readonly path: string;
    readonly siteColumn: string | undefined;
    readonly heldOutBy: Uint8Array | undefined;
  } & Pick<RowsWish, 'format' | 'onRows'>,
): Promise<FileRows> {
  const rows = await readRows({ ...about, dictionary, labelled: true }).catch((error: unknown) => {
    if (error instanceof SiteColumnError) {
      throw new InputError(
        `--site-column ${about.siteColumn}: the file has no such column: check its spelling, or leave it out`,
        { cause: error },
      );
    }
    if (!(error instanceof DataError)) throw error;
    throw new InputError(fileProblems(about.path, error), { cause: error });
  });
  if (rows.count === 0) {
    throw new InputError(
      '--held-out: no patient of this file is held out by the card’s split seed: leave it out',
    );
  }
  return rows;
}

/** A column of more values says something else than sites, and its values are not shown. */
const MOST_SITES = 100;

/**
 * The rows of each site; all are of one where no column says of which.
 *
 * @throws InputError where the column has too many values
 */
function bySite(rows: FileRows, { values, width }: RawOutputs, inputs: number): AssessedSite[] {
  const { features, labels = [], sites } = rows;
  const placesOf = new Map<string, number[]>();
  for (const row of labels.keys()) {
    const name = sites === undefined ? 'all rows' : sites[row] || 'no site';
    const places = placesOf.get(name) ?? [];
    if (places.push(row) === 1) placesOf.set(name, places);
  }
  if (placesOf.size > MOST_SITES) {
    throw new InputError(
      `--site-column has more than ${MOST_SITES} values: name the column that says which site a row is of`,
    );
  }
  return [...placesOf]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, places]) => {
      const own = { values: new Float64Array(places.length * width), width };
      const ownFeatures = new Float32Array(places.length * inputs);
      for (const [to, from] of places.entries()) {
        own.values.set(values.subarray(from * width, (from + 1) * width), to * width);
        ownFeatures.set(features.subarray(from * inputs, (from + 1) * inputs), to * inputs);
      }
      return { name, outputs: own, features: ownFeatures, labels: places.map((place) => labels[place]!) };
    });
}
