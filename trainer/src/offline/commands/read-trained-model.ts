// What `train` or `simulate` wrote, read back: a model, and what its card says of the rows that it takes.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { InputError, type Problem } from '@consilium/command-line';
import { canonicalJson, type Dictionary, encodingOf, inputNames } from '@consilium/domain';
import { OnnxFormatError, readForwardModel, UnsupportedModelError } from '@consilium/onnx-grad';
import type { InputFeature } from '../report/input-table.ts';
import type { ModelCard } from '../report/model-card.ts';
import { readModelBytes, readText } from './input-file.ts';
import { parseDictionary, readDictionary } from './read-dictionary.ts';

export interface TrainedModel {
  readonly card: ModelCard;
  /** How the columns of a file are read, by the card's encoding. */
  readonly dictionary: Dictionary;
  /** Whether it is the one that the model was trained with. */
  readonly isCardsDictionary: boolean;
  readonly onnx: Uint8Array;
}

export const TRAINED_MODEL_OPTIONS = {
  model: { type: 'string' },
  site: { type: 'string' },
  dictionary: { type: 'string' },
} as const;

export const TRAINED_MODEL_HELP = `\
  --model DIR              the folder that train or simulate wrote: model-card.json and the model
  --site NAME              whose model, where each hospital has its own
  --dictionary FILE        in place of the card's: for a file with other columns, or missing codes, of one encoding
`;

/** Files that a card may name: no path leads out of its folder. */
const MODEL_FILE = /^(?:sites\/([A-Za-z0-9][A-Za-z0-9_-]{0,39})\/)?model\.onnx$/;
const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** What no card has that a command wrote: deeper values, or characters by which a text could steer a terminal. */
const DEEPEST = 32;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;

const isPlain = (value: unknown, depth = DEEPEST): boolean => {
  if (typeof value === 'string') return !CONTROL.test(value);
  if (!isObject(value)) return true;
  return (
    depth > 0 && Object.entries(value).every(([key, own]) => !CONTROL.test(key) && isPlain(own, depth - 1))
  );
};

/** Features that a dictionary may have. */
const MOST_FEATURES = 500;

/** Whether a card has what is read of it: the card of a model from elsewhere may be anyone's work. */
function isCard(card: Partial<ModelCard> | null): card is ModelCard {
  const { model, data } = card ?? {};
  return (
    card?.card === 1 &&
    isObject(model) &&
    isObject(data) &&
    isObject(data.patients) &&
    isObject(data.target) &&
    Array.isArray(data.encoding) &&
    data.encoding.length <= MOST_FEATURES &&
    data.encoding.every((own) => isObject(own) && typeof own.name === 'string') &&
    Array.isArray(model.files) &&
    model.files.every((own) => isObject(own) && typeof own.file === 'string')
  );
}

async function readCard(folder: string): Promise<ModelCard> {
  const text = await readText(join(folder, 'model-card.json'), '--model: the card');
  let card: Partial<ModelCard> | null;
  try {
    card = JSON.parse(text) as ModelCard | null;
  } catch (cause) {
    throw new InputError(`--model ${folder}: model-card.json is no JSON: take it as train wrote it`, {
      cause,
    });
  }
  if (!isPlain(card) || !isCard(card)) {
    throw new InputError(
      `--model ${folder}: model-card.json is no card of this version: take the folder as train or simulate wrote it`,
    );
  }
  return card;
}

/** The file that is meant. */
function fileOf({ model, data }: ModelCard, site: string | undefined): ModelCard['model']['files'][number] {
  const named = model.files.map((own) => ({ own, site: MODEL_FILE.exec(own.file)?.[1] }));
  const unknown = model.files.find(({ file }) => !MODEL_FILE.test(file));
  if (unknown !== undefined || named.length === 0) {
    throw new InputError('--model: the card names no model of its folder: take the folder as it was written');
  }
  const [first] = named;
  if (first!.site === undefined) {
    // One model for all of its hospitals.
    if (site === undefined || Object.hasOwn(data.patients, site)) return first!.own;
    throw new InputError(
      `--site ${site}: the card has no such hospital: there are ${Object.keys(data.patients).join(', ')}`,
    );
  }
  const names = named.map((own) => own.site).join(', ');
  if (site === undefined) {
    throw new InputError(`--site is missing: each hospital has a model of its own: name one of ${names}`);
  }
  const found = named.find((own) => own.site === site);
  if (found === undefined)
    throw new InputError(`--site ${site}: the card has no such hospital: there are ${names}`);
  return found.own;
}

const withoutUnit = ({ unit: _, ...feature }: InputFeature & { readonly unit?: string }) => feature;

/** @throws InputError naming each feature in which a dictionary differs from the card's encoding */
function checkEncoding(dictionary: Dictionary, { data }: ModelCard): void {
  const own = encodingOf(dictionary);
  const problems: string[] = [];
  for (const [place, feature] of data.encoding.entries()) {
    const other = own.features[place];
    if (other !== undefined && canonicalJson(other) === canonicalJson(withoutUnit(feature))) continue;
    problems.push(
      `dictionary: feature ${place + 1} must be ${canonicalJson(withoutUnit(feature))}, as the model was trained: ` +
        `correct it there`,
    );
  }
  if (own.features.length > data.encoding.length) {
    const names = own.features.slice(data.encoding.length).map(({ name }) => name);
    problems.push(`dictionary: the model has no feature ${names.join(', ')}: leave it out`);
  }
  if (canonicalJson(own.target) !== canonicalJson(data.target)) {
    problems.push(
      `dictionary: label.rule must come to ${canonicalJson(data.target)}, as the model was trained: correct it there`,
    );
  }
  if (problems.length > 0) throw new InputError(problems);
}

async function dictionaryOf(card: ModelCard, path: string | undefined): Promise<Dictionary> {
  if (path === undefined && card.data.dictionary === undefined) {
    throw new InputError(
      '--dictionary is missing: the card has none, so give the one that the model was trained with',
    );
  }
  const dictionary =
    path === undefined ? parseDictionary(JSON.stringify(card.data.dictionary)) : await readDictionary(path);
  checkEncoding(dictionary, card);
  return dictionary;
}

/** @throws InputError naming the option and the remedy: no card, another file than the card says, another encoding */
export async function readTrainedModel(
  folder: string,
  options: { readonly site?: string | undefined; readonly dictionary?: string | undefined },
): Promise<TrainedModel> {
  const card = await readCard(folder);
  const { file, sha256: expected } = fileOf(card, options.site);
  const dictionary = await dictionaryOf(card, options.dictionary);
  const onnx = await readModelBytes(join(folder, file), '--model');
  if (sha256(onnx) !== expected) {
    throw new InputError(
      `--model ${join(folder, file)} is not the file that the card names: take card and model from one run`,
    );
  }
  checkInputs(onnx, card);
  const isCardsDictionary = sha256(canonicalJson(dictionary)) === card.data.dictionarySha256;
  return { card, dictionary, isCardsDictionary, onnx };
}

const ofOption = ({ problems }: UnsupportedModelError): readonly Problem[] =>
  problems.map((problem) => ({ ...problem, field: `--model: ${problem.field}` }));

function checkInputs(onnx: Uint8Array, { data }: ModelCard): void {
  const wanted = inputNames(data.encoding).length;
  try {
    const { features } = readForwardModel(onnx);
    if (features === wanted) return;
    throw new InputError(
      `--model: the graph takes ${features} values a row, the card's encoding gives ${wanted}`,
    );
  } catch (cause) {
    if (cause instanceof UnsupportedModelError) throw new InputError(ofOption(cause), { cause });
    if (!(cause instanceof OnnxFormatError)) throw cause;
    throw new InputError({ field: '--model', text: `: ${cause.message}` }, { cause });
  }
}
