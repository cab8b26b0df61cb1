// Checks a value against a schema and says every problem at once, by field.
import type { Static, TSchema } from 'typebox';
import { Errors } from 'typebox/value';
import { DomainError } from './errors.ts';

/**
 * The value, typed, if it fits the schema.
 *
 * @throws DomainError INVALID_ARGUMENT naming each field that does not fit (at most 8) and what it must be.
 */
export function validate<S extends TSchema>(schema: S, value: unknown): Static<S> {
  const problems = [...Errors(schema, value)];
  if (problems.length === 0) return value as Static<S>;
  const sentences = problems.map(
    ({ instancePath, message }) => `${instancePath.slice(1).replaceAll('/', '.') || 'argument'} ${message}`,
  );
  throw new DomainError('INVALID_ARGUMENT', [...new Set(sentences)].slice(0, 8).join('; '));
}
