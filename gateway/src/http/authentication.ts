// Who calls: one API key with one role and what it is limited to, or somebody who signed in at the hospital's OpenID
// provider, or to the console with one of both. A route names the roles that may call it; a route that names none is
// public.
//
// Attempts without a valid key are counted by address. Above the limit they are refused as too many, whatever they
// show. A valid key is served all the same: a guesser may share its address with callers behind the same proxy, or with
// the trainer on this machine, and keys of 256 random bits cannot be guessed.
import { isDeepStrictEqual } from 'node:util';
import { DomainError, type Role } from '@consilium/domain';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GatewayRefusal } from '../gateway-errors.ts';
import { type AccessTokens, isToken } from './access-tokens.ts';
import type { ApiKey, ApiKeys } from './api-keys.ts';
import type { Refuse } from './failure-limit.ts';
import { scopeOf } from './scopes.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on every route that names roles. */
    apiKey: ApiKey | null;
    /** Whether that key is still in the file, with all that it might. */
    keyHolds: (() => boolean) | null;
    /** Of a caller who is signed in to the console: aborted when that ends. */
    sessionEnds: AbortSignal | null;
  }
  interface FastifyContextConfig {
    /** The roles that may call this route; public where absent. */
    readonly roles?: readonly Role[];
  }
}

const BEARER = /^Bearer +([\x21-\x7e]{1,8192})$/i;
const KEY_CHARACTERS_MAX = 512;
/** Of those whose first request is noted in the log. */
const NOTED_MAX = 10_000;

/**
 * Of answers that a session is given: nothing of them stays in the browser of a machine that several people use, and
 * one that somebody opens as a page of its own runs nothing, whatever is in it.
 */
const FOR_BROWSERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy':
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
} as const;

const NO_TOKEN = 'no bearer token of a length that keys have';

/** One answer, whatever is wrong; the log says what. */
export const unauthenticated = (why: string): GatewayRefusal =>
  new GatewayRefusal('UNAUTHENTICATED', undefined, new Error(why));

export interface Refusals {
  /** Of a caller who shows no valid key. */
  readonly unknown: Refuse;
  /** Of a key whose role may not. */
  readonly forbidden: Refuse;
  readonly onKnown: (request: FastifyRequest) => void;
}

/** Callers who show a cookie in place of a key. */
export interface CookieCallers {
  /** Whose cookie it is on a route of these roles; undefined where the request has none of this gateway. */
  meet(request: FastifyRequest, roles: readonly Role[]): Met | undefined;
}

export interface Callers {
  readonly keys: ApiKeys;
  /** None are taken if absent. */
  readonly tokens: AccessTokens | undefined;
  /** None are taken if absent. */
  readonly cookies?: CookieCallers | undefined;
}

/** Who a caller is on a route, or why nobody knows. */
export type Met =
  | {
      readonly key: ApiKey;
      readonly holds: () => boolean;
      readonly subject?: string;
      readonly sessionEnds?: AbortSignal;
    }
  | { readonly refused: GatewayRefusal };

function meetKey(keys: ApiKeys, presented: string): Met {
  if (presented.length > KEY_CHARACTERS_MAX) return { refused: unauthenticated(NO_TOKEN) };
  const known = keys.look(presented);
  if ('why' in known) return { refused: unauthenticated(known.why) };
  return { key: known.key, holds: () => isDeepStrictEqual(keys.find(presented), known.key) };
}

async function meetToken(tokens: AccessTokens, presented: string, roles: readonly Role[]): Promise<Met> {
  const answer = await tokens.look(presented);
  if ('why' in answer) return { refused: unauthenticated(answer.why) };
  if ('unavailable' in answer) {
    return { refused: new GatewayRefusal('SIGN_IN_UNAVAILABLE', undefined, new Error(answer.unavailable)) };
  }
  const { caller, subject, endsAtMs } = answer.signedIn;
  // Of several roles the one that may; of none, nobody is known here.
  const role = roles.find((own) => answer.signedIn.roles.includes(own)) ?? answer.signedIn.roles[0];
  if (role === undefined) return { refused: unauthenticated('a token without a role of this gateway') };
  return { key: { ...caller, role }, holds: () => Date.now() < endsAtMs, subject };
}

/** Checks who calls before a body is read. */
export function authenticate(
  app: FastifyInstance,
  { keys, tokens, cookies }: Callers,
  refusals: Refusals,
): void {
  const noted = new Set<string>();
  const meetShown = async (presented: string, roles: readonly Role[]): Promise<Met> =>
    tokens !== undefined && isToken(presented)
      ? meetToken(tokens, presented, roles)
      : meetKey(keys, presented);
  app.decorateRequest('apiKey', null);
  app.decorateRequest('keyHolds', null);
  app.decorateRequest('sessionEnds', null);
  app.addHook('onRequest', async (request, reply) => {
    const { roles } = request.routeOptions.config;
    if (roles === undefined) return;
    const { authorization } = request.headers;
    const presented = BEARER.exec(authorization ?? '')?.[1];
    // Whoever shows a key is not also somebody else.
    const byCookie = authorization === undefined ? cookies?.meet(request, roles) : undefined;
    if (presented === undefined && byCookie === undefined) {
      await refusals.unknown(
        unauthenticated(authorization === undefined ? 'no key' : NO_TOKEN),
        request,
        reply,
      );
      return;
    }
    const met = byCookie ?? (await meetShown(presented!, roles));
    if ('refused' in met) {
      await refusals.unknown(met.refused, request, reply);
      return;
    }
    const { key, holds, subject, sessionEnds = null } = met;
    request.apiKey = key;
    request.keyHolds = holds;
    request.sessionEnds = sessionEnds;
    if (sessionEnds !== null) reply.headers(FOR_BROWSERS);
    refusals.onKnown(request);
    if (subject !== undefined && !noted.has(key.id)) {
      if (noted.size >= NOTED_MAX) noted.clear();
      noted.add(key.id);
      request.log.info({ key: key.id, subject, person: key.person }, 'signed in');
    }
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
