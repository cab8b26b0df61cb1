// Reads a YAML document by its schema, and says every problem at once: where, what, and what to write.
import { readFileSync } from 'node:fs';
import { ConfigError, type Problem } from '@consilium/command-line';
import { type Static, type TSchema, Type } from 'typebox';
import { Errors } from 'typebox/value';
import { LineCounter, parseDocument } from 'yaml';

/** An object without other fields than these. */
export const Strict = <T extends Record<string, TSchema>>(properties: T) =>
  Type.Object(properties, { additionalProperties: false });

/** A problem before its place in the file is known. */
export interface Found {
  readonly path: Path;
  readonly text: string;
  readonly remedy: string;
}

/** From the document's root: names of fields and places in lists. */
export type Path = readonly (string | number)[];

/** What a document must be. */
export interface DocumentForm<T extends TSchema> {
  readonly schema: T;
  /** Problems that the schema does not know, of a document that keeps to it. */
  readonly further: (value: Static<T>) => Iterable<Found>;
  /** What to do where the file cannot be read. */
  readonly remedy: string;
}

/** What problems of no one field are named after. */
const DOCUMENT = 'the document';

/** As people write it: `organisations[0].port`. */
export const pathText = (path: Path): string =>
  path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text ? `${text}.${part}` : part),
    '',
  );

const pointerPath = (pointer: string): Path =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^[0-9]+$/.test(part) ? Number(part) : part));

interface SchemaNode {
  readonly description?: string;
  readonly items?: SchemaNode;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
}

function schemaAt(schema: TSchema, path: Path): SchemaNode | undefined {
  let node: SchemaNode | undefined = schema as SchemaNode;
  for (const part of path) node = typeof part === 'number' ? node?.items : node?.properties?.[part];
  return node;
}

function* schemaProblems(schema: TSchema, value: unknown): Generator<Found> {
  for (const error of Errors(schema, value)) {
    const path = pointerPath(error.instancePath);
    const parameters = error.params as { requiredProperties?: string[]; additionalProperties?: string[] };
    if (error.keyword === 'required') {
      for (const name of parameters.requiredProperties ?? []) {
        const at = [...path, name];
        yield { path: at, text: 'is missing', remedy: `write ${schemaAt(schema, at)?.description ?? 'it'}` };
      }
    } else if (error.keyword === 'additionalProperties') {
      const known = Object.keys(schemaAt(schema, path)?.properties ?? {}).join(', ');
      for (const name of parameters.additionalProperties ?? []) {
        yield { path: [...path, name], text: 'is unknown', remedy: `remove it; known here: ${known}` };
      }
    } else if (error.keyword !== 'boolean') {
      const description = schemaAt(schema, path)?.description;
      const remedy = description ? `write ${description}` : 'leave it out, or write its fields below it';
      yield { path, text: unfit(valueAt(value, path)), remedy };
    }
  }
}

const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (node, part) => (node as Readonly<Record<string, unknown>> | undefined)?.[part],
    value,
  );

/** What was written, in words, where it is not what the field takes. */
function unfit(value: unknown): string {
  if (value === 'compose') return 'is compose, which is not built yet';
  if (value === null || value === undefined) return 'is empty';
  if (Array.isArray(value)) return `is a list of ${value.length}`;
  if (typeof value === 'object') return 'has fields of its own';
  const text = String(value);
  if (text === '') return 'is empty';
  return `is ${text.length > 60 ? `${text.slice(0, 60)}…` : text}, which does not fit`;
}

/** @throws ConfigError with every problem. */
export function parseYaml<T extends TSchema>(
  text: string,
  file: string,
  form: DocumentForm<T>,
): NoInfer<Static<T>> {
  const { schema, further } = form;
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  if (document.errors.length > 0) {
    throw new ConfigError(
      file,
      document.errors.map((error) => ({
        field: DOCUMENT,
        text: `: ${error.message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '')}`,
        remedy: 'write valid YAML',
        ...(error.linePos ? { line: error.linePos[0].line } : {}),
      })),
    );
  }
  const value: unknown = document.toJS() ?? {};
  const raw = [...schemaProblems(schema, value)];
  const problems = raw.length > 0 ? raw : [...further(value as Static<T>)];
  if (problems.length === 0) return value as Static<T>;
  throw new ConfigError(
    file,
    problems.map(({ path, text, remedy }): Problem => {
      const node = document.getIn(path, true) as { range?: [number, number, number] } | undefined;
      const line = node?.range ? { line: lines.linePos(node.range[0]).line } : {};
      return { field: pathText(path) || DOCUMENT, text, ...(remedy && { remedy }), ...line };
    }),
  );
}

/** Of a field that is written in the text; undefined of others. */
export function lineOf(text: string, path: Path): number | undefined {
  const lines = new LineCounter();
  const node = parseDocument(text, { lineCounter: lines }).getIn(path, true);
  const { range } = (node ?? {}) as { range?: [number, number, number] };
  return range && lines.linePos(range[0]).line;
}

/** The file's text. @throws ConfigError where it cannot be read. */
export function readText(file: string, remedy: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const text = `cannot be read (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`;
    throw new ConfigError(file, { field: DOCUMENT, text, remedy });
  }
}

/** @throws ConfigError, also where the file cannot be read. */
export const readYaml = <T extends TSchema>(file: string, form: DocumentForm<T>): NoInfer<Static<T>> =>
  parseYaml(readText(file, form.remedy), file, form);
