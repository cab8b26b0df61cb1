// Refusals of callers who showed no valid key, or no request that is one, counted by address.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { addressGroup } from './connections.ts';
import { GatewayError } from './gateway-errors.ts';

/** Throws the error, or above the limit RATE_LIMITED in its place. */
export type Refuse = (error: Error, request: FastifyRequest, reply: FastifyReply) => Promise<never>;

type Limit = ReturnType<FastifyInstance['createRateLimit']>;

const refuseBy =
  (count: Limit): Refuse =>
  async (error, request, reply) => {
    const counted = await count(request);
    if (counted.isAllowed || !counted.isExceeded) throw error;
    reply.header('retry-after', String(counted.ttlInSeconds));
    throw new GatewayError('RATE_LIMITED');
  };

/** Refuses whoever is not known, as often as `failuresPerMinute` for each address. */
export const limitFailures = (app: FastifyInstance, failuresPerMinute: number): Refuse =>
  refuseBy(
    app.createRateLimit({
      max: failuresPerMinute,
      timeWindow: 60_000,
      keyGenerator: ({ ip }) => `failures of ${addressGroup(ip)}`,
    }),
  );

/** Refuses as often as any request is served: by key, or by address without one. */
export const limitRefusals = (app: FastifyInstance): Refuse => refuseBy(app.createRateLimit());
