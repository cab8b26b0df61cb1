// A plan out of a file or an earlier study, for the form. A file is a stranger's: only what the schema of a study takes
// comes into the form, and what does not is named.
import { ProposeStudy, StudyAnswer, validate } from '@consilium/domain';
import {
  type Draft,
  type DraftModel,
  FIELDS,
  type FieldName,
  MODEL_KINDS,
  type StudyModel,
} from './draft.ts';

/** More bytes than this is no study's text, whose most are 32 KiB. */
export const FILE_BYTES_MAX = 256 * 1024;

/** Names that a reader shows of what it does not take. */
const NAMED_MOST = 12;
const NAME_CHARACTERS_MAX = 60;

export interface ReadPlan {
  readonly texts: Partial<Record<FieldName, string>>;
  readonly datasets?: readonly string[];
  readonly model?: Partial<DraftModel>;
  readonly rest: Readonly<Record<string, unknown>>;
  /** Names of what was there and is not taken. */
  readonly notTaken: readonly string[];
}

type Schema = Parameters<typeof validate>[0];
type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isFieldName = (path: string): path is FieldName => (FIELDS as readonly string[]).includes(path);

function isOf(schema: Schema, value: unknown): boolean {
  try {
    validate(schema, value);
    return true;
  } catch {
    return false;
  }
}

/** What a row or an answer of the ledger has beside the text: how the study fared, which is no plan. */
const NO_PLAN: ReadonlySet<string> = new Set([
  ...Object.keys(StudyAnswer.properties).filter((name) => !Object.hasOwn(ProposeStudy.properties, name)),
  'transactionId',
  'blockNumber',
  'duoLabels',
]);
/** Parts whose fields are fields of the form. */
const GROUPS: ReadonlySet<string> = new Set(['training', 'validation', 'aggregation', 'quorum']);
const GROUP_FIELDS = ProposeStudy.properties as unknown as Readonly<
  Record<string, { readonly properties?: Readonly<Record<string, Schema>> }>
>;

/** Every field of the text by its path, `training.clipNormL2` and `rounds`. */
function* pathsOf(study: Fields): Generator<readonly [path: string, schema: Schema | undefined, unknown]> {
  for (const [name, value] of Object.entries(study)) {
    if (NO_PLAN.has(name)) continue;
    if (GROUPS.has(name) && isObject(value)) {
      const { properties = {} } = GROUP_FIELDS[name] ?? {};
      for (const [part, one] of Object.entries(value)) {
        yield [`${name}.${part}`, Object.hasOwn(properties, part) ? properties[part] : undefined, one];
      }
    } else {
      const known = Object.hasOwn(ProposeStudy.properties, name) && !GROUPS.has(name);
      yield [name, known ? (GROUP_FIELDS[name] as Schema) : undefined, value];
    }
  }
}

/** The model that a plan names: one that is there, or the kind of one to build. */
function modelIn(value: unknown): Partial<DraftModel> | undefined {
  if (isOf(ProposeStudy.properties.model, value)) return { way: 'given', given: value as StudyModel };
  if (!isObject(value)) return undefined;
  const kind = MODEL_KINDS.find((one) => one === value.kind);
  if (kind === undefined) return undefined;
  const hidden = Array.isArray(value.hidden) ? value.hidden.slice(0, 8).map(Number).join(', ') : undefined;
  return {
    way: 'build',
    kind,
    ...(hidden !== undefined && { hidden }),
    ...(value.activation === 'tanh' && { activation: 'tanh' }),
    localIntercept: value.localIntercept === true,
  };
}

/**
 * What of a value the form takes: the text of a study as the API has it, a row of the ledger, or a file with `study`
 * beside the kind of its model, as `make demo` takes it.
 *
 * @returns undefined where it is no object
 */
export function planIn(value: unknown): ReadPlan | undefined {
  if (!isObject(value)) return undefined;
  const isWrapped = isObject(value.study);
  const study = isWrapped ? (value.study as Fields) : value;
  const notTaken = isWrapped ? Object.keys(value).filter((name) => !['study', 'model'].includes(name)) : [];
  const texts: Partial<Record<FieldName, string>> = {};
  const rest: Record<string, unknown> = {};
  let datasets: readonly string[] | undefined;
  let model = isWrapped && value.model !== undefined ? modelIn(value.model) : undefined;
  if (isWrapped && value.model !== undefined && model === undefined) notTaken.push('model');
  for (const [path, schema, one] of pathsOf(study)) {
    if (path === 'unit' || path === 'validation.metric') continue;
    if (path === 'datasets' && isOf(ProposeStudy.properties.datasets, one)) datasets = one as string[];
    else if (path === 'model' && modelIn(one) !== undefined) model = modelIn(one);
    else if (isFieldName(path) && (typeof one === 'string' || typeof one === 'number')) {
      texts[path] = String(one);
    } else if (schema !== undefined && path !== 'model' && path !== 'datasets' && isOf(schema, one)) {
      rest[path] = one;
    } else notTaken.push(path);
  }
  return {
    texts,
    ...(datasets !== undefined && { datasets }),
    ...(model !== undefined && { model }),
    rest,
    notTaken: notTaken.slice(0, NAMED_MOST).map((name) => name.slice(0, NAME_CHARACTERS_MAX)),
  };
}

/** The same of a text. @returns undefined where it is no JSON object */
export function planOfText(text: string): ReadPlan | undefined {
  try {
    return planIn(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** A draft with a plan in it; what the plan does not say stays as it is. */
export const withPlan = (draft: Draft, { texts, datasets, model, rest }: ReadPlan): Draft => ({
  texts: { ...draft.texts, ...texts },
  datasets: datasets ?? draft.datasets,
  model: { ...draft.model, ...model },
  rest,
});
