// What became of a request that was not waited for.
import { API_PREFIX, fillPath, GATEWAY_PATHS, ROLES, type Role, Strict } from '@consilium/domain';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Dependencies } from '../dependencies.ts';
import { GatewayRefusal } from '../gateway-errors.ts';
import { problemResponses } from '../http/documentation.ts';
import { problemOf } from '../http/problem.ts';
import { routeUrl } from '../http/route-url.ts';
import { EXAMPLE_OPERATION, Operation } from '../operations/operation-form.ts';
import type { Ending, Operation as Kept } from '../operations/operations.ts';

const roles: readonly Role[] = ROLES;
/** How soon to ask again. */
const AGAIN_SECONDS = 1;

const iso = (ms: number) => new Date(ms).toISOString();

/** What a caller reads of it. */
export function operationAnswer({ operationId, transaction, idempotencyKey, ...times }: Kept): object {
  const { startedAtMs, endedAtMs, ending } = times;
  return {
    operationId,
    state: ending?.state ?? 'running',
    transaction,
    idempotencyKey,
    startedAt: iso(startedAtMs),
    ...(endedAtMs !== undefined && { endedAt: iso(endedAtMs) }),
    ...(ending?.state === 'succeeded' && { result: ending.result }),
    ...(ending?.state === 'failed' && { problem: ending.problem }),
  };
}

/** Answers 202 with where the operation is. */
export function answerLater(reply: FastifyReply, operation: Kept): object {
  const { operationId } = operation;
  reply.code(202);
  reply.header('location', `${API_PREFIX}${fillPath(GATEWAY_PATHS.operation, { operationId })}`);
  reply.header('preference-applied', 'respond-async');
  reply.header('retry-after', String(AGAIN_SECONDS));
  return operationAnswer(operation);
}

export function addOperationRoutes(app: FastifyInstance, { operations }: Dependencies): void {
  app.get(routeUrl(GATEWAY_PATHS.operation), {
    config: { roles },
    schema: {
      operationId: 'getOperation',
      tags: ['ledger'],
      summary: 'What became of a request that was sent with Prefer: respond-async.',
      description:
        'For the API key that sent it alone, for an hour after it ended, and until the gateway is started again. Then ' +
        'the same request with the same Idempotency-Key says what became of it.\n\nNeeds any role.',
      security: [{ apiKey: [] }],
      params: Strict({ operationId: Type.String({ pattern: '^[0-9a-f-]{36}$' }) }),
      response: {
        200: { ...Operation, description: 'Found.', examples: [EXAMPLE_OPERATION] },
        ...problemResponses([
          'INVALID_ARGUMENT',
          'REQUEST_MALFORMED',
          'UNAUTHENTICATED',
          'SCOPE_REQUIRED',
          'RATE_LIMITED',
          'GATEWAY_INTERNAL',
          'OPERATION_NOT_FOUND',
        ]),
      },
    },
    handler: async (request, reply) => {
      const { operationId } = request.params as { operationId: string };
      const found = operations.find(operationId, request.apiKey?.id ?? '');
      if (found === undefined) throw new GatewayRefusal('OPERATION_NOT_FOUND');
      if (found.ending === undefined) reply.header('retry-after', String(AGAIN_SECONDS));
      return operationAnswer(found);
    },
  });
}

/** How a submission ended. @param submit answers the body */
export async function endingOf(
  submit: () => Promise<{ readonly body: object }>,
  request: FastifyRequest,
): Promise<Ending> {
  try {
    return { state: 'succeeded', result: (await submit()).body };
  } catch (error) {
    const problem = problemOf(error, request.id);
    if (problem.status >= 500) request.log.error({ err: error, code: problem.code }, 'operation failed');
    else request.log.info({ code: problem.code, reason: (error as Error).message }, 'operation refused');
    return { state: 'failed', problem };
  }
}
