// Every answer names its request as the log does, also where nothing was understood of it. The id is this gateway's
// own: one that a caller sends is not looked at, so that nobody writes into the log or passes for another request.
import type { FastifyInstance } from 'fastify';

/** The header of every answer. */
export const REQUEST_ID = 'x-request-id';

/** Call it before anything may refuse. */
export function nameRequests(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header(REQUEST_ID, request.id);
  });
}
