// Who calls: one API key, one role. A route names the roles that may call it; a route that names none is public.
//
// Attempts without a valid key are counted by address. Above the limit they are refused as too many, whatever they
// show; a valid key is served all the same, since callers behind one proxy, and the trainer on this machine, share an
// address with whoever guesses, and keys of 256 random bits cannot be guessed.
import { DomainError, type Role } from '@consilium/chaincode/domain';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ApiKey, ApiKeys } from './api-keys.ts';
import { addressGroup } from './connections.ts';
import { GatewayError } from './gateway-errors.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on every route that names roles. */
    apiKey: ApiKey | null;
  }
  interface FastifyContextConfig {
    /** The roles that may call this route; public where absent. */
    readonly roles?: readonly Role[];
  }
}

const BEARER = /^Bearer +([\x21-\x7e]{1,512})$/i;

/** Checks the key before a body is read. */
export function authenticate(
  app: FastifyInstance,
  keys: ApiKeys,
  { failuresPerMinute, onKnown }: { failuresPerMinute: number; onKnown: (request: FastifyRequest) => void },
): void {
  app.decorateRequest('apiKey', null);
  const countFailure = app.createRateLimit({
    max: failuresPerMinute,
    timeWindow: 60_000,
    keyGenerator: ({ ip }) => `failures of ${addressGroup(ip)}`,
  });
  app.addHook('onRequest', async (request, reply) => {
    const { roles } = request.routeOptions.config;
    if (roles === undefined) return;
    const presented = BEARER.exec(request.headers.authorization ?? '')?.[1];
    const key = presented === undefined ? undefined : keys.find(presented);
    if (key === undefined) {
      const counted = await countFailure(request);
      if (counted.isAllowed || !counted.isExceeded) throw new GatewayError('UNAUTHENTICATED');
      reply.header('retry-after', String(counted.ttlInSeconds));
      throw new GatewayError('RATE_LIMITED');
    }
    request.apiKey = key;
    onKnown(request);
    if (roles.includes(key.role)) return;
    const needed = roles.join(' or ');
    throw new DomainError(
      'ROLE_REQUIRED',
      `this route needs the role ${needed}; this API key has ${key.role}`,
    );
  });
}
