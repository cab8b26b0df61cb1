// Gives every object and every list of words in the OpenAPI document a name, once: generators of clients make a type of
// each, and call one without a name after the path by which they came to it. Names are those of the domain where it has
// one, and else of the operation or field.

/** Any part of a JSON document. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Node = Readonly<Record<string, Json>>;

const isNode = (json: Json | undefined): json is Node =>
  typeof json === 'object' && json !== null && !Array.isArray(json);

const capital = (word: string): string => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;
/** `score-commitments` as `ScoreCommitments`. */
export const nameOf = (...words: readonly string[]): string =>
  words
    .flatMap((word) => word.split(/[^A-Za-z0-9]+/))
    .map(capital)
    .join('');
/** One of a list's: `Verdicts` as `Verdict`. */
const singular = (name: string): string =>
  name
    .replace(/ies$/, 'y')
    .replace(/(sses|xes)$/, (end) => end.slice(0, -2))
    .replace(/([^s])s$/, '$1');

/** What two schemas have in common that are one type: not how their use is described. */
function shapeOf(schema: Json): string {
  if (Array.isArray(schema)) return `[${schema.map(shapeOf).join()}]`;
  if (!isNode(schema)) return JSON.stringify(schema);
  const fields = Object.entries(schema)
    .filter(([key, value]) => !TELLING.has(key) || isNode(value))
    .flatMap(([key, value]) => {
      // As the document writes what the domain wrote in another way.
      if (key === 'const') return [['enum', [value]] as const];
      if (key === 'patternProperties' && isNode(value)) {
        return [['additionalProperties', Object.values(value)[0]!] as const];
      }
      return key === 'type' && isWords(schema) ? [] : [[key, value] as const];
    });
  return `{${fields
    .map(([key, value]) => `${key}:${shapeOf(value)}`)
    .sort()
    .join()}}`;
}
const isWords = ({ enum: words, const: word }: Node): boolean => words !== undefined || word !== undefined;
const TELLING = new Set(['description', 'examples', 'title', 'default']);

const isNamed = (schema: Node): boolean =>
  (isNode(schema.properties) && Object.keys(schema.properties).length > 0) ||
  (Array.isArray(schema.enum) && schema.enum.length > 1) ||
  // Of several kinds, and not only of one that may be absent.
  (Array.isArray(schema.anyOf) &&
    schema.anyOf.filter((one) => isNode(one) && isNode(one.properties)).length > 1);

/** Schemas by name, as they are met. */
export class NamedSchemas {
  readonly #byName = new Map<string, Json>();
  readonly #names = new Map<string, string>();
  readonly #preferred: ReadonlyMap<string, string>;

  /** @param known schemas that have a name already, which counts more than that of a place */
  constructor(known: Readonly<Record<string, Json>>) {
    const preferred = new Map<string, string>();
    for (const [name, schema] of Object.entries(known)) {
      const shape = shapeOf(schema);
      if (isNode(schema) && isNamed(schema) && !preferred.has(shape)) preferred.set(shape, name);
    }
    this.#preferred = preferred;
  }

  /** Those that a document refers to, by way of others too, in the order of their names. */
  referredToBy(document: object): Readonly<Record<string, Json>> {
    const found = new Set<string>();
    const look = (text: string) => {
      for (const [, name] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
        if (found.has(name!)) continue;
        found.add(name!);
        look(JSON.stringify(this.#byName.get(name!)));
      }
    };
    look(JSON.stringify(document));
    return Object.fromEntries([...found].sort().map((name) => [name, this.#byName.get(name)!]));
  }

  /** The schema with a reference for each part that has a name. */
  name(schema: Json, place: string): Json {
    if (!isNode(schema) || schema.$ref !== undefined) return schema;
    const shape = shapeOf(schema);
    const own = this.#preferred.get(shape) ?? place;
    const inside = this.#inside(schema, isNamed(schema) ? own : place);
    if (!isNamed(schema)) return inside;
    const name = this.#names.get(shape) ?? this.#take(own, shape, inside);
    const { description } = schema;
    const said = (this.#byName.get(name) as Node | undefined)?.description;
    const ref = { $ref: `#/components/schemas/${name}` };
    return description === undefined || description === said ? ref : { ...ref, description };
  }

  #take(wanted: string, shape: string, schema: Node): string {
    let name = wanted;
    for (let number = 2; this.#byName.has(name); number += 1) name = `${wanted}${number}`;
    this.#names.set(shape, name);
    this.#byName.set(name, schema.enum === undefined ? schema : { type: 'string', ...schema });
    return name;
  }

  #inside(schema: Node, place: string): Node {
    const changed: Record<string, Json> = { ...schema };
    const { properties, items, additionalProperties, patternProperties } = schema;
    if (isNode(properties)) changed.properties = this.#each(properties, (key) => nameOf(place, key));
    if (items !== undefined) changed.items = this.name(items, singular(place));
    for (const key of ['anyOf', 'oneOf', 'allOf'] as const) {
      const parts = schema[key];
      if (Array.isArray(parts))
        changed[key] = parts.map((part) => this.name(part, alternativeOf(part, place)));
    }
    if (isNode(additionalProperties)) {
      changed.additionalProperties = this.name(additionalProperties, nameOf(place, 'value'));
    }
    if (isNode(patternProperties)) {
      changed.patternProperties = this.#each(patternProperties, () => nameOf(place, 'value'));
    }
    return changed;
  }

  #each(schemas: Node, placeOf: (key: string) => string): Node {
    return Object.fromEntries(
      Object.entries(schemas).map(([key, schema]) => [key, this.name(schema, placeOf(key))]),
    );
  }
}

/** One of several is called by the word that tells it from the others. */
function alternativeOf(schema: Json, place: string): string {
  const properties = isNode(schema) && isNode(schema.properties) ? schema.properties : {};
  const words = Object.values(properties).flatMap((one) => {
    if (!isNode(one)) return [];
    return Array.isArray(one.enum) && one.enum.length === 1 ? one.enum : (one.const ?? []);
  });
  return typeof words[0] === 'string' ? nameOf(place, words[0]) : place;
}
