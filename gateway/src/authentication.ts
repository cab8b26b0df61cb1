// Who calls: one API key, one role. A route names the roles that may call it; a route that names none is public.
import { DomainError, type Role } from '@consilium/chaincode/domain';
import type { FastifyInstance } from 'fastify';
import type { ApiKey, ApiKeys } from './api-keys.ts';
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
export function authenticate(app: FastifyInstance, keys: ApiKeys): void {
  app.decorateRequest('apiKey', null);
  app.addHook('onRequest', async (request) => {
    const { roles } = request.routeOptions.config;
    if (roles === undefined) return;
    const presented = BEARER.exec(request.headers.authorization ?? '')?.[1];
    const key = presented === undefined ? undefined : keys.find(presented);
    if (key === undefined) throw new GatewayError('UNAUTHENTICATED');
    request.apiKey = key;
    if (roles.includes(key.role)) return;
    const needed = roles.join(' or ');
    throw new DomainError(
      'ROLE_REQUIRED',
      `this route needs the role ${needed}; this API key has ${key.role}`,
    );
  });
}
