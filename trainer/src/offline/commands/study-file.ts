// The study file of people without a ledger: YAML (or JSON, which is YAML) by a documented schema. Everything that is
// wrong with it is said at once.
import { dirname, resolve } from 'node:path';
import { InputError } from '@consilium/command-line';
import {
  AGGREGATION_RULES,
  Described,
  type Problem,
  Strict,
  UNITS,
  validate,
  Words,
} from '@consilium/domain';
import { MAXIMUM_NOISE_MULTIPLIER } from '@consilium/dp-sgd';
import { SERVER_OPTIMIZERS } from '@consilium/federation';
import { type Static, type TSchema, Type } from 'typebox';
import { parseDocument } from 'yaml';
import { HELD_OUT_SHARE } from '../../data/index.ts';
import { checked } from './argument-problems.ts';
import { readText } from './input-file.ts';
import { OptimisationFields } from './optimisation-schema.ts';
import { LossFields } from './study-loss.ts';

const NumberThat = (description: string, holds: (value: number) => boolean) =>
  Type.Refine(Type.Number({ description }), holds, () => `must be ${description}`);
const Positive = NumberThat('a number above 0', (value) => value > 0);
const Share = NumberThat('above 0 and at most 1', (value) => value > 0 && value <= 1);
const Decay = NumberThat('at least 0 and below 1', (value) => value >= 0 && value < 1);
/** As studies on the ledger have them: coarser than the factors of 2^-20 that are computed with. */
const ServerRate = NumberThat('at least 0.0001 and below 1024', (value) => value >= 0.0001 && value < 1024);
const ServerDecay = NumberThat('from 0 to 0.9999', (value) => value >= 0 && value <= 0.9999);
const Adaptivity = NumberThat('at least 1e-9 and below 1024', (value) => value >= 1e-9 && value < 1024);
const Optional = <T extends TSchema>(schema: T, description: string) =>
  Type.Optional(Described(schema, description));
const Width = Type.Integer({ minimum: 1, maximum: 10_000 });
const LocalIntercept = Optional(Type.Boolean(), 'Whether each hospital gets an intercept of its own.');

const Model = Type.Union([
  Strict({ kind: Type.Literal('linear'), localIntercept: LocalIntercept }),
  Strict({ kind: Type.Literal('logistic-regression'), localIntercept: LocalIntercept }),
  Strict({
    kind: Type.Literal('multilayer-perceptron'),
    hidden: Type.Array(Width, { minItems: 1, maxItems: 8 }),
    activation: Type.Optional(Words(['relu', 'tanh'])),
    localIntercept: LocalIntercept,
  }),
  Strict({
    kind: Type.Literal('onnx'),
    path: Type.String({ minLength: 1, description: "From the study file's folder." }),
  }),
]);

export const StudyFile = Strict({
  title: Optional(Type.String({ minLength: 1, maxLength: 200 }), 'What the model is for.'),
  model: Described(Model, 'A kind, or a forward graph of your own.'),
  unit: Optional(Words(UNITS), 'Whose presence is hidden: a patient with all rows (default), or one record.'),
  rounds: Type.Integer({ minimum: 1, maximum: 10_000, description: 'Times the hospitals meet.' }),
  stepsPerRound: Type.Integer({ minimum: 1, maximum: 100_000, description: 'Private steps in each round.' }),
  samplingRate: Described(Share, 'Probability of each unit to be in a batch (Poisson); 1 for all of them.'),
  clipNormL2: Described(Positive, "Bound on one unit's gradient."),
  learningRate: Positive,
  momentum: Optional(Decay, 'Short for optimizer {kind: sgd, momentum, restarts: true}.'),
  ...OptimisationFields,
  ...LossFields,
  epsilon: Optional(Positive, 'What the whole study may cost each unit; or noiseMultiplier in its place.'),
  noiseMultiplier: Optional(
    NumberThat(
      `above 0 and at most ${MAXIMUM_NOISE_MULTIPLIER}`,
      (value) => value > 0 && value <= MAXIMUM_NOISE_MULTIPLIER,
    ),
    'Noise of each step, in multiples of clipNormL2.',
  ),
  delta: Optional(
    NumberThat('above 0 and below 1', (value) => value > 0 && value < 1),
    'Below one over the number of patients.',
  ),
  aggregation: Type.Optional(
    Strict({
      rule: Words(AGGREGATION_RULES),
      faulty: Type.Optional(
        Type.Integer({ minimum: 1, maximum: 100, description: 'False updates to bear; 1 by default.' }),
      ),
    }),
  ),
  serverOptimizer: Type.Optional(
    Strict({
      kind: Words(SERVER_OPTIMIZERS),
      learningRate: ServerRate,
      momentum: Optional(ServerDecay, '0.9 by default.'),
      secondMomentum: Optional(ServerDecay, '0.99 by default; fedadam and fedyogi only.'),
      adaptivity: Optional(Adaptivity, '0.001 by default; not for fedavgm.'),
    }),
  ),
  localParameters: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 100 }), {
      maxItems: 20,
      description: 'Names, or prefixes ending in *, of parameters that each hospital keeps to itself.',
    }),
  ),
  frozenParameters: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 100 }), {
      maxItems: 100,
      description: 'Names, or prefixes ending in *, of weights that are not trained and stay as they are.',
    }),
  ),
  tiedParameters: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 100 }), {
      maxItems: 100,
      description:
        'Names, or prefixes ending in *, of weights of a graph that several nodes share on purpose.',
    }),
  ),
  heldOutShare: Optional(
    NumberThat(`${HELD_OUT_SHARE}, as everywhere in Consilium`, (value) => value === HELD_OUT_SHARE),
    `Always ${HELD_OUT_SHARE}.`,
  ),
});
export type StudyFile = Static<typeof StudyFile>;

/** `model: linear`, `model: {onnx: PATH}` and `loss: squared-error` are short for the full forms. */
function spelledOut(study: unknown): unknown {
  if (typeof study !== 'object' || study === null) return study;
  const isShort = 'loss' in study && typeof study.loss === 'string';
  const value = isShort ? { ...study, loss: { kind: study.loss } } : study;
  if (!('model' in value)) return value;
  const { model } = value;
  if (typeof model === 'string') return { ...value, model: { kind: model } };
  if (typeof model === 'object' && model !== null && !('kind' in model) && 'onnx' in model) {
    const { onnx, ...rest } = model;
    return { ...value, model: { kind: 'onnx', path: onnx, ...rest } };
  }
  return value;
}

const FIELDS = Object.keys(StudyFile.properties);

/** What to do about a problem that does not say so itself. */
function remedied(problem: Problem): Problem {
  const { field, text } = problem;
  if (text === 'is not a known field' && !field.includes('.')) {
    const start = field.toLowerCase();
    const meant = FIELDS.find((known) => known.toLowerCase().startsWith(start));
    return { ...problem, remedy: meant ? `did you mean ${meant}?` : 'check its spelling, or leave it out' };
  }
  if ((field === 'rounds' || field === 'stepsPerRound') && text.startsWith('must be a whole number')) {
    return { ...problem, remedy: 'the score of an untrained model is shown before the first step' };
  }
  if (field === 'model' && text === 'must be an object') {
    const forms = 'linear, logistic-regression, {kind: multilayer-perceptron, hidden: [16]} or {onnx: FILE}';
    return { field, text: `must be ${forms}` };
  }
  return problem;
}

/** What YAML holds, without the parser's advice to programmers. @throws InputError */
function readYaml(text: string): unknown {
  const document = parseDocument(text, { prettyErrors: true });
  if (document.errors.length > 0) {
    throw new InputError(
      document.errors.map(({ code, message }) => {
        const why =
          code === 'MULTIPLE_DOCS'
            ? 'it holds several documents: keep the first, up to ---'
            : `not YAML: ${message.split('\n')[0]!.replace(/:$/, '')}`;
        return { field: 'study', text: `: ${why}` };
      }),
    );
  }
  try {
    return document.toJS();
  } catch (cause) {
    throw new InputError(
      {
        field: 'study',
        text: ': its aliases (*) stand for too much, or for nothing: write out what they mean',
      },
      {
        cause,
      },
    );
  }
}

/** A study from its text. @throws InputError naming every problem (at most 8) */
export function parseStudy(text: string, folder: string): StudyFile {
  const study = checked(() => validate(StudyFile, spelledOut(readYaml(text))), {
    file: 'study',
    emptied: 'it must be fields with values, at least model, rounds and stepsPerRound',
    remedied,
  });
  if (study.model.kind !== 'onnx') return study;
  return { ...study, model: { ...study.model, path: resolve(folder, study.model.path) } };
}

/** @throws InputError */
export async function readStudy(path: string): Promise<StudyFile> {
  return parseStudy(await readText(path, 'study'), dirname(resolve(path)));
}
