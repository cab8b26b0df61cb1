// Checks a value against a schema and says every problem at once, by field, in words for people. What fits is found by
// a compiled check; only what does not is walked, and of that only the parts that do not fit.
import type { Static, TSchema } from 'typebox';
import { Compile, Errors } from 'typebox/schema';
import { DomainError } from './errors.ts';
import { type Problem, problem, sentenceOf } from './problem.ts';

const PROBLEMS_MAX = 8;
/** How many problems are looked at, the same one in many places among them. */
const SEEN_MAX = 64;
/** How much of an unknown field's name is repeated: names are the caller's and may be anything. */
const NAME_CHARACTERS_MAX = 60;

/**
 * The value, typed, if it fits the schema.
 *
 * The schema alone says the type. To infer it from what is expected takes a compiler longer than the rest of a package.
 *
 * @throws DomainError INVALID_ARGUMENT naming each field that does not fit (at most 8) and what it must be.
 */
export function validate<S extends TSchema>(schema: S, value: unknown): NoInfer<Static<S>> {
  if (fits(schema, value)) return value as Static<S>;
  const problems = new Map<string, Problem>();
  let seen = 0;
  for (const one of problemsOf(schema as Node, value, '')) {
    problems.set(sentenceOf(one), one);
    if (problems.size === PROBLEMS_MAX || ++seen === SEEN_MAX) break;
  }
  throw new DomainError('INVALID_ARGUMENT', [...problems.values()]);
}

const compiled = new WeakMap<TSchema, { Check(value: unknown): boolean }>();

/** Whether a value fits a schema, which is compiled once in a process's life. */
function fits(schema: TSchema, value: unknown): boolean {
  const known = compiled.get(schema);
  if (known !== undefined) return known.Check(value);
  const validator = Compile(schema);
  compiled.set(schema, validator);
  return validator.Check(value);
}

/** The parts of a schema that this file explains. */
interface Node extends TSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Node[];
  readonly items?: Node;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly description?: string;
  readonly '~refine'?: readonly Refinement[];
}
interface Refinement {
  readonly check: (value: unknown) => boolean;
  readonly error: (value: unknown) => string;
}

function* problemsOf(schema: Node, value: unknown, at: string): Generator<Problem> {
  if (fits(schema, value)) return;
  let nested = false;
  const parts = schema.anyOf
    ? unionProblems(schema.anyOf, value, at)
    : schema.properties
      ? objectProblems(schema.properties, schema.required ?? [], { value, at })
      : schema.items
        ? arrayProblems(schema, schema.items, { value, at })
        : [];
  for (const part of parts) {
    nested = true;
    yield part;
  }
  // What the parts do not explain is a refinement of the whole, or a scalar's.
  if (nested) return;
  if (schema.anyOf || schema.properties || schema.items) {
    const refused = schema['~refine']?.find(({ check }) => !check(value));
    yield problem(name(at), refused?.error(value) ?? 'is not as its schema says');
    return;
  }
  for (const { instancePath, message, keyword } of Errors(schema, value)[1]) {
    const where = at + instancePath.replaceAll('/', '.');
    yield problem(name(where), keyword === '~refine' ? message : mustBe(schema, value, message));
    return;
  }
}

const name = (at: string): string => at.replace(/^[.]/, '') || 'argument';

function* objectProblems(
  properties: Readonly<Record<string, Node>>,
  required: readonly string[],
  { value, at }: { readonly value: unknown; readonly at: string },
): Generator<Problem> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    yield problem(name(at), 'must be an object');
    return;
  }
  for (const key of Object.keys(value)) {
    if (Object.hasOwn(properties, key)) continue;
    yield problem(name(`${at}.${key.slice(0, NAME_CHARACTERS_MAX)}`), 'is not a known field');
  }
  for (const [key, schema] of Object.entries(properties)) {
    const member = (value as Record<string, unknown>)[key];
    if (Object.hasOwn(value, key)) yield* problemsOf(schema, member, `${at}.${key}`);
    else if (required.includes(key)) yield problem(name(`${at}.${key}`), 'is missing');
  }
}

function* arrayProblems(
  { minItems = 0, maxItems = Number.POSITIVE_INFINITY }: Node,
  items: Node,
  { value, at }: { readonly value: unknown; readonly at: string },
): Generator<Problem> {
  if (!Array.isArray(value)) {
    yield problem(name(at), 'must be a list');
    return;
  }
  if (value.length < minItems)
    yield problem(name(at), `must have at least ${count(minItems, 'entry', 'entries')}`);
  if (value.length > maxItems)
    yield problem(name(at), `must have at most ${count(maxItems, 'entry', 'entries')}`);
  for (const [i, item] of value.slice(0, maxItems).entries()) yield* problemsOf(items, item, `${at}.${i}`);
}

/** A union's problems are those of the one alternative that was meant, recognised by its fixed words. */
function* unionProblems(alternatives: readonly Node[], value: unknown, at: string): Generator<Problem> {
  if (alternatives.some((alternative) => fits(alternative, value))) return;
  const nullable = alternatives.some(({ type }) => type === 'null');
  const others = alternatives.filter(({ type }) => type !== 'null');
  const [first] = others;
  if (first === undefined || others.length === 1) {
    const problems = first === undefined ? [problem(name(at), 'must be null')] : problemsOf(first, value, at);
    for (const one of problems) yield nullable ? { ...one, text: `${one.text}, or null` } : one;
    return;
  }
  const word = fixedWord(first);
  if (word === undefined || typeof value !== 'object' || value === null || Array.isArray(value)) {
    yield word === undefined
      ? problem(name(at), 'fits none of the possible forms')
      : problem(name(at), 'must be an object');
    return;
  }
  const said = (value as Record<string, unknown>)[word];
  const meant = others.find(({ properties }) => properties?.[word]?.const === said);
  if (meant !== undefined) {
    yield* problemsOf(meant, value, at);
    return;
  }
  const words = others.map(({ properties }) => String(properties?.[word]?.const));
  yield said === undefined
    ? problem(name(`${at}.${word}`), 'is missing')
    : problem(name(`${at}.${word}`), `must be one of ${words.join(', ')}`);
}

/** The property that tells alternatives apart. */
const fixedWord = ({ properties = {} }: Node): string | undefined =>
  Object.keys(properties).find((key) => properties[key]?.const !== undefined);

const count = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`;

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  null: 'null',
};

function mustBe(schema: Node, value: unknown, message: string): string {
  const { type, minimum, maximum, minLength, maxLength, pattern, description } = schema;
  if (schema.const !== undefined) return `must be ${JSON.stringify(schema.const)}`;
  if (schema.enum !== undefined) return `must be one of ${schema.enum.join(', ')}`;
  if (type === 'string' && typeof value === 'string') {
    if (maxLength !== undefined && value.length > maxLength)
      return `must have at most ${maxLength} characters`;
    if (minLength !== undefined && value.length < minLength) {
      return `must have at least ${count(minLength, 'character', 'characters')}`;
    }
    if (pattern !== undefined) return description ? `must be: ${description}` : `must match ${pattern}`;
  }
  const ofType = type === undefined ? undefined : TYPES[type];
  if (ofType === undefined) return message;
  if (minimum !== undefined && maximum !== undefined)
    return `must be ${ofType} from ${minimum} to ${maximum}`;
  return `must be ${ofType}`;
}
