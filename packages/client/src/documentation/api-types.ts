// Types and routes of the client, made from the OpenAPI document: src/api.generated.ts is this and nothing else.

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
interface Schema {
  readonly [key: string]: Json | undefined;
  readonly $ref?: string;
  readonly description?: string;
  readonly type?: string;
}
interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: Schema;
}
type Content = Readonly<Record<string, { readonly schema: Schema }>>;
interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}
/** What is read of the document. */
export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const WIDTH = 100;

/** A comment of lines that are not too long. */
function comment(text: string, indent = ''): string {
  const words = text.replaceAll('*/', '* /').split(/\s+/);
  const lines: string[] = [''];
  for (const word of words) {
    const last = lines.at(-1)!;
    if (last !== '' && last.length + word.length + 1 > WIDTH) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}\n`).join('')}${indent} */\n`;
}

const field = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : `'${name}'`);

function object(schema: Schema): string {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Schema>);
  const required = (schema.required ?? []) as readonly string[];
  const lines = properties.map(([name, one]) => {
    const said = one.description === undefined ? '' : comment(one.description, '  ');
    return `${said}  readonly ${field(name)}${required.includes(name) ? '' : '?'}: ${typeOf(one)};\n`;
  });
  const { additionalProperties: more } = schema;
  if (properties.length === 0) {
    return typeof more === 'object'
      ? `Readonly<Record<string, ${typeOf(more as Schema)}>>`
      : 'Readonly<Record<string, unknown>>';
  }
  if (more === true) lines.push('  readonly [field: string]: unknown;\n');
  return `{\n${lines.join('')}}`;
}

function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return schema.$ref.split('/').at(-1)!;
  if (Array.isArray(schema.enum)) return schema.enum.map((word) => JSON.stringify(word)).join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(alternatives)) return alternatives.map((one) => typeOf(one as Schema)).join(' | ');
  if (Array.isArray(schema.allOf)) return schema.allOf.map((one) => typeOf(one as Schema)).join(' & ');
  switch (schema.type) {
    case 'string':
      return schema.format === 'binary' ? 'Uint8Array' : 'string';
    case 'integer':
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'null':
      return 'null';
    case 'array':
      return `readonly (${typeOf((schema.items ?? {}) as Schema)})[]`;
    case 'object':
      return object(schema);
    default:
      return schema.properties === undefined ? 'unknown' : object(schema);
  }
}

const PREFERRED = ['application/json', 'application/octet-stream', 'text/plain', 'application/x-ndjson'];

function answerOf({ responses }: Operation): string | undefined {
  if (responses[204] !== undefined) return 'undefined';
  const content = (responses[200] ?? responses[201])?.content ?? {};
  const type = PREFERRED.find((one) => content[one] !== undefined);
  return type === undefined ? undefined : typeOf(content[type]!.schema);
}

function parametersOf({ parameters = [] }: Operation, place: string): string {
  const own = parameters.filter((one) => one.in === place);
  if (own.length === 0) return 'Nothing';
  const lines = own.map(
    ({ name, required, schema }) => `readonly ${field(name)}${required ? '' : '?'}: ${typeOf(schema)}`,
  );
  return `{ ${lines.join('; ')} }`;
}

/** The text of the file, before it is formatted. */
export function apiTypes({ paths, components }: ApiDocument): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const typed = operations.filter(({ operation }) => answerOf(operation) !== undefined);
  const schemas = Object.entries(components.schemas).map(([name, schema]) => {
    const said = comment(schema.description ?? `\`${name}\` of the OpenAPI document.`);
    const type = typeOf(schema);
    return type.startsWith('{')
      ? `${said}export interface ${name} ${type}\n`
      : `${said}export type ${name} = ${type};\n`;
  });
  const api = typed.map(({ operation }) => {
    const { operationId, summary, requestBody } = operation;
    const content = Object.values(requestBody?.content ?? {})[0];
    const body = content === undefined ? 'undefined' : typeOf(content.schema);
    return (
      `${comment(summary, '  ')}  readonly ${operationId}: {\n` +
      `    readonly path: ${parametersOf(operation, 'path')};\n` +
      `    readonly query: ${parametersOf(operation, 'query')};\n` +
      `    readonly body: ${body}${content !== undefined && requestBody?.required !== true ? ' | undefined' : ''};\n` +
      `    readonly answer: ${answerOf(operation)};\n  };\n`
    );
  });
  const routes = operations.map(
    ({ path, method, operation }) =>
      `  ${operation.operationId}: { method: '${method}', path: '${path}' },\n`,
  );
  return [
    '// Written by scripts/write-documentation.sh from docs/reference/openapi.json. Do not edit.\n',
    '/** Where nothing is given. */\nexport type Nothing = Readonly<Record<string, never>>;\n',
    ...schemas,
    `/** Each operation: what it takes and what it answers. */\nexport interface Api {\n${api.join('')}}\n`,
    `/** Method and path of each operation. */\nexport const ROUTES = {\n${routes.join('')}} as const;\n`,
  ].join('\n');
}
