// Who calls: one API key, one role, and what the key is limited to. A route names the roles that may call it; a route
// that names none is public.
//
// Attempts without a valid key are counted by address. Above the limit they are refused as too many, whatever they
// show. A valid key is served all the same: a guesser may share its address with callers behind the same proxy, or with
// the trainer on this machine, and keys of 256 random bits cannot be guessed.
import { DomainError, type Role } from '@consilium/domain';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GatewayRefusal } from '../gateway-errors.ts';
import type { ApiKey, ApiKeys } from './api-keys.ts';
import type { Refuse } from './failure-limit.ts';
import { scopeOf } from './scopes.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on every route that names roles. */
    apiKey: ApiKey | null;
    /** Whether that key is still in the file. */
    keyHolds: (() => boolean) | null;
  }
  interface FastifyContextConfig {
    /** The roles that may call this route; public where absent. */
    readonly roles?: readonly Role[];
  }
}

const BEARER = /^Bearer +([\x21-\x7e]{1,512})$/i;

/** One answer, whatever is wrong; the log says what. */
const unauthenticated = (why: string): GatewayRefusal =>
  new GatewayRefusal('UNAUTHENTICATED', undefined, new Error(why));

export interface Refusals {
  /** Of a caller who shows no valid key. */
  readonly unknown: Refuse;
  /** Of a key whose role may not. */
  readonly forbidden: Refuse;
  readonly onKnown: (request: FastifyRequest) => void;
}

/** Checks the key before a body is read. */
export function authenticate(app: FastifyInstance, keys: ApiKeys, refusals: Refusals): void {
  app.decorateRequest('apiKey', null);
  app.decorateRequest('keyHolds', null);
  app.addHook('onRequest', async (request, reply) => {
    const { roles } = request.routeOptions.config;
    if (roles === undefined) return;
    const { authorization } = request.headers;
    const presented = BEARER.exec(authorization ?? '')?.[1];
    if (presented === undefined) {
      const why = authorization === undefined ? 'no key' : 'no bearer token of a length that keys have';
      await refusals.unknown(unauthenticated(why), request, reply);
      return;
    }
    const known = keys.look(presented);
    if ('why' in known) {
      await refusals.unknown(unauthenticated(known.why), request, reply);
      return;
    }
    const { key } = known;
    request.apiKey = key;
    request.keyHolds = () => keys.find(presented)?.id === key.id;
    refusals.onKnown(request);
    if (!roles.includes(key.role)) {
      const detail = `this route needs the role ${roles.join(' or ')}; this API key has ${key.role}`;
      await refusals.forbidden(new DomainError('ROLE_REQUIRED', detail), request, reply);
      return;
    }
    const scope = scopeOf(request.method, request.routeOptions.url ?? '');
    if (key.scopes === undefined || key.scopes.includes(scope)) return;
    const detail = `this request needs the scope ${scope}; this API key has ${key.scopes.join(', ')}`;
    await refusals.forbidden(new GatewayRefusal('SCOPE_REQUIRED', detail), request, reply);
  });
}
