// Refusals of callers who showed no valid key, or no request that is one, counted by address.
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Limits } from '../config.ts';
import { GatewayRefusal } from '../gateway-errors.ts';
import { addressGroup } from './connection-limits.ts';

/** Throws the error, or above the limit RATE_LIMITED in its place. */
export type Refuse = (error: Error, request: FastifyRequest, reply: FastifyReply) => Promise<never>;

type Limit = ReturnType<FastifyInstance['createRateLimit']>;

/** Who asks again and again waits for each answer, so that its number of connections bounds what it can ask. */
const refuseBy =
  (count: Limit, pauseMs: number): Refuse =>
  async (error, request, reply) => {
    const counted = await count(request);
    if (counted.isAllowed || !counted.isExceeded) throw error;
    reply.header('retry-after', String(counted.ttlInSeconds));
    await sleep(pauseMs, undefined, { ref: false });
    throw new GatewayRefusal('RATE_LIMITED');
  };

/** Refuses callers who are not known, as often as `failuresPerMinute` for each address. */
export const limitFailures = (
  app: FastifyInstance,
  { failuresPerMinute, refusalPauseMs }: Pick<Limits, 'failuresPerMinute' | 'refusalPauseMs'>,
): Refuse =>
  refuseBy(
    app.createRateLimit({
      max: failuresPerMinute,
      timeWindow: 60_000,
      keyGenerator: ({ ip }) => `failures of ${addressGroup(ip)}`,
    }),
    refusalPauseMs,
  );

/** Refuses as often as any request is served: by key, or by address without one. */
export const limitRefusals = (
  app: FastifyInstance,
  { refusalPauseMs }: Pick<Limits, 'refusalPauseMs'>,
): Refuse => refuseBy(app.createRateLimit(), refusalPauseMs);
