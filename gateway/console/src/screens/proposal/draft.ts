// A study while it is written: what each field holds as it was typed, and the text of a study that it makes.
import type { Dataset, ProposeStudy } from '@consilium/domain';

/** Fields that are typed or chosen, by their paths in a study's text. */
export const FIELDS = [
  'studyId',
  'title',
  'question',
  'purpose',
  'rounds',
  'training.stepsPerRound',
  'training.samplingRate',
  'training.clipNormL2',
  'training.noiseMultiplier',
  'training.learningRate',
  'validation.noiseMultiplier',
  'validation.minimum',
  'aggregation.rule',
  'aggregation.faulty',
  'aggregation.maxUpdateNormL2',
  'quorum.updates',
  'quorum.validators',
  'roundDeadlineSeconds',
  'afterWithdrawal',
] as const;
export type FieldName = (typeof FIELDS)[number];
export type FieldTexts = Readonly<Record<FieldName, string>>;

const WHOLE_NUMBERS: ReadonlySet<FieldName> = new Set([
  'rounds',
  'training.stepsPerRound',
  'aggregation.faulty',
  'quorum.updates',
  'quorum.validators',
  'roundDeadlineSeconds',
]);

export const MODEL_KINDS = ['logistic-regression', 'multilayer-perceptron'] as const;
export type ModelKind = (typeof MODEL_KINDS)[number];
export type StudyModel = ProposeStudy['model'];

/** A graph of one's own: its file stays in the page until the trainer is given it. */
export interface OwnGraph {
  /** Of the file: a stranger's text. */
  readonly name: string;
  readonly base64: string;
  /** Tells it from every other file that was chosen in this page. */
  readonly key: string;
}

/** The model that a trainer is asked to build or to take, or one that was built before. */
export interface DraftModel {
  readonly way: 'build' | 'upload' | 'given';
  readonly kind: ModelKind;
  /** Widths of hidden layers, as typed. */
  readonly hidden: string;
  readonly activation: 'relu' | 'tanh';
  readonly localIntercept: boolean;
  readonly own?: OwnGraph;
  /** Of one's own graph: names of parameters that never leave a hospital, as typed. */
  readonly localParameters: string;
  /** Of another study, or of a file. */
  readonly given?: StudyModel;
}

export interface Draft {
  readonly texts: FieldTexts;
  readonly datasets: readonly string[];
  readonly model: DraftModel;
  /** What of the plan has no field here, by its path: it is kept as it came. */
  readonly rest: Readonly<Record<string, unknown>>;
}

/** A plan that costs little, for somebody to change. Texts that are empty are filled in from others. */
export const EMPTY_DRAFT: Draft = {
  texts: {
    studyId: '',
    title: '',
    question: '',
    purpose: '',
    rounds: '5',
    'training.stepsPerRound': '5',
    'training.samplingRate': '1',
    'training.clipNormL2': '1',
    'training.noiseMultiplier': '10',
    'training.learningRate': '0.5',
    'validation.noiseMultiplier': '10',
    'validation.minimum': '0.5',
    'aggregation.rule': 'fedavg',
    'aggregation.faulty': '',
    'aggregation.maxUpdateNormL2': '100',
    'quorum.updates': '',
    'quorum.validators': '',
    roundDeadlineSeconds: '3600',
    afterWithdrawal: 'kept',
  },
  datasets: [],
  model: {
    way: 'build',
    kind: 'logistic-regression',
    hidden: '16',
    activation: 'relu',
    localIntercept: true,
    localParameters: '',
  },
  rest: {},
};

const ID_MOST = 63;

/** An id made of a title: `Früher Infarkt, 2026` is `fruher-infarkt-2026`. Empty where no letter or digit is left. */
export const idOfTitle = (title: string): string =>
  title
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, ID_MOST)
    .replace(/-$/, '');

/** Rules that bear a number of false updates which the study says. */
export const bearsFaulty = (rule: string): boolean =>
  rule === 'trimmed-mean' || rule === 'multi-krum' || rule === 'nearest-neighbour-mixing';

/** The fewest updates and judges that make a majority. */
export function majorityQuorum(
  wanted: readonly Pick<Dataset, 'owner'>[],
  fewest: number,
): { readonly updates: number; readonly validators: number } {
  const owners = new Set(wanted.map(({ owner }) => owner)).size;
  const majority = (count: number) => Math.floor(count / 2) + 1;
  return {
    updates: Math.min(Math.max(majority(wanted.length), fewest), Math.max(wanted.length, 1)),
    validators: majority(owners),
  };
}

/** A whole number where the text is one; else the text, which no schema takes for a number. */
const numberIn = (text: string): number | string =>
  /^-?\d{1,15}$/.test(text.trim()) ? Number(text) : text.trim();

export type Unit = ProposeStudy['unit'];

/** The text of a study as a draft makes it, for the rules to judge: it need not be a sound one. */
export function studyOf(
  { texts, datasets, rest }: Draft,
  given: { readonly model: StudyModel | undefined; readonly unit: Unit },
): Readonly<Record<string, unknown>> {
  const study: Record<string, unknown> = { datasets: [...datasets], unit: given.unit };
  if (given.model !== undefined) study.model = given.model;
  const put = (path: string, value: unknown): void => {
    const [name = '', part] = path.split('.');
    if (part === undefined) study[name] = value;
    else study[name] = { ...(study[name] as object | undefined), [part]: value };
  };
  put('validation.metric', 'accuracy');
  for (const name of FIELDS) {
    const text = texts[name];
    if (isLeftOut(name, texts)) continue;
    put(name, WHOLE_NUMBERS.has(name) ? numberIn(text) : name === 'question' ? text : text.trim());
  }
  for (const [path, value] of Object.entries(rest)) put(path, value);
  return study;
}

function isLeftOut(name: FieldName, texts: FieldTexts): boolean {
  if (name === 'afterWithdrawal') return texts.afterWithdrawal !== 'retired';
  if (name === 'aggregation.faulty') {
    return !bearsFaulty(texts['aggregation.rule']) || texts['aggregation.faulty'].trim() === '';
  }
  return false;
}

/** Names with a comma between them. */
export const namesIn = (text: string): readonly string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

/** Widths of hidden layers: `16, 8`; undefined where the text is none. */
export function hiddenOf(text: string): readonly number[] | undefined {
  const parts = text.split(/[\s,;]+/).filter((part) => part !== '');
  const widths = parts.map(Number);
  const isSound = widths.every((width) => Number.isInteger(width) && width >= 1 && width <= 4096);
  return isSound && widths.length >= 1 && widths.length <= 8 ? widths : undefined;
}
