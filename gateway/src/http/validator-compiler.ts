// One schema types, validates and documents a route. TypeBox validates here instead of Fastify's own compiler,
// since only TypeBox runs the refinements, and so that a caller reads the same sentences as from the ledger.
import { DomainError, type Problem, problem, validate } from '@consilium/domain';
import type { FastifySchemaCompiler, FastifyServerOptions } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Clean, Convert } from 'typebox/value';

/** A request that does not fit its schema; the message names every field. */
export class InvalidRequest extends Error {
  override readonly name = 'InvalidRequest';
  /** Each by its field in the part of the request that the message names. */
  readonly problems: readonly Problem[];

  constructor(part: string, { detail, problems }: DomainError) {
    super(`${part}: ${detail}`);
    this.problems = problems;
  }
}

const PARTS: Record<string, string> = {
  params: 'path',
  querystring: 'query',
  headers: 'header',
  body: 'body',
};

/** Text as the numbers it writes out; text that a number only begins, such as 1.5 for an integer, stays as it is. */
function withNumbers(schema: TSchema, input: unknown): unknown {
  if (typeof input !== 'object' || input === null) return Convert(schema, input);
  const before = { ...input } as Record<string, unknown>;
  const converted = { ...(Convert(schema, input) as Record<string, unknown>) };
  for (const [name, text] of Object.entries(before)) {
    if (typeof converted[name] === 'number' && String(converted[name]) !== text) converted[name] = text;
  }
  return converted;
}

const TIME = /^[0-9]{4}-[0-9]{2}(-[0-9]{2}|$)/;

/** Who gives a time where a number counts, as that of a block, reads what the number is. */
function aboutTimes(error: DomainError, schema: TSchema, input: unknown): DomainError {
  const { properties = {} } = schema as {
    properties?: Record<string, { type?: string; description?: string }>;
  };
  const given = input as Readonly<Record<string, unknown>>;
  const problems = error.problems.map((one) => {
    const { type, description } = properties[one.field] ?? {};
    const isTime = type === 'integer' && TIME.test(String(given[one.field]));
    return isTime ? problem(one.field, `${one.text}, and ${given[one.field]} is a time`, description) : one;
  });
  return new DomainError('INVALID_ARGUMENT', problems);
}

/**
 * Compiled check first, the domain's sentences on failure. Text becomes numbers in paths and queries only. A schema is
 * compiled for its first request: of a hundred routes a gateway's callers use a few.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart = 'body' }) => {
  let compiled: ReturnType<typeof Compile> | undefined;
  return (input: unknown) => {
    compiled ??= Compile(schema);
    const value = httpPart === 'body' ? input : withNumbers(schema, input);
    if (compiled.Check(value)) return { value };
    try {
      // A request has many headers that no route names; everywhere else an unknown field is a mistake.
      validate(schema, httpPart === 'headers' ? Clean(schema, structuredClone(value)) : value);
    } catch (error) {
      if (error instanceof DomainError) {
        const said = httpPart === 'body' ? error : aboutTimes(error, schema, value);
        return { error: new InvalidRequest(PARTS[httpPart] ?? httpPart, said) };
      }
      throw error;
    }
    throw new Error('the compiled schema and the interpreted one disagree');
  };
};

/**
 * For Fastify's options: given so, it does not load compilers of its own, whose types are the only ones that it names.
 * Answers are the ledger's canonical JSON: written as they are, never filtered by a schema.
 */
export const OWN_COMPILERS = {
  compilersFactory: {
    buildValidator: () => validatorCompiler,
    buildSerializer: () => () => (value: unknown) => JSON.stringify(value),
  },
} as unknown as NonNullable<FastifyServerOptions['schemaController']>;
