// An operation as callers read it.
import { Type } from 'typebox';
import { Problem } from '../http/problem.ts';

export const EXAMPLE_OPERATION = {
  operationId: '5f0c9a52-6d0b-4c3f-9d0e-7d4e2b1f8a11',
  state: 'running',
  transaction: 'study:start',
  idempotencyKey: 'start-heart-2026',
  startedAt: '2026-03-02T09:00:00.000Z',
};

/** An operation as it is answered. */
export const Operation = Type.Object({
  operationId: Type.String({ format: 'uuid' }),
  state: Type.Enum(['running', 'succeeded', 'failed']),
  transaction: Type.String({ description: 'What was asked, for example study:start.' }),
  idempotencyKey: Type.String({
    description:
      'That of the request, or one that the gateway chose: with it the same request is not carried out twice.',
  }),
  startedAt: Type.String({ format: 'date-time' }),
  endedAt: Type.Optional(Type.String({ format: 'date-time' })),
  result: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), { description: 'The answer, where it succeeded.' }),
  ),
  problem: Type.Optional(Type.Object(Problem.properties, { description: 'Why it failed, where it did.' })),
});
