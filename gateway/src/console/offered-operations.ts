// Which operations of the API a caller may call: what a page shows no button for is then nothing that it would be
// refused.
import type { Role } from '@consilium/domain';
import type { FastifyInstance } from 'fastify';
import { type Scope, scopeOf } from '../http/scopes.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether this gateway is set up to refuse it to everybody. */
    readonly isOff?: boolean;
    /** What callers need beside a role and a scope: an API key, or one that is not limited to scopes. */
    readonly needs?: 'a key' | 'no scopes';
  }
}

interface Operation {
  readonly id: string;
  /** Anybody where absent. */
  readonly roles: readonly Role[] | undefined;
  readonly scope: Scope;
  readonly needs: 'a key' | 'no scopes' | undefined;
}

/** What somebody may: one of these roles, limited to these scopes where there are any. */
export interface Leave {
  readonly roles: readonly Role[];
  readonly scopes: readonly Scope[] | undefined;
  /** Whether by an API key, and not at the hospital's provider. */
  readonly byKey: boolean;
}

/** Notes the operations of routes that are added from now on. @returns the ids of those that a caller may call */
export function noteOperations(app: FastifyInstance): (leave: Leave) => string[] {
  const operations: Operation[] = [];
  app.addHook('onRoute', ({ method, url, schema, config }) => {
    const { operationId } = (schema ?? {}) as { operationId?: string };
    const [first = 'GET'] = [method].flat();
    if (operationId === undefined || first === 'HEAD' || config?.isOff === true) return;
    const { roles, needs } = config ?? {};
    operations.push({ id: operationId, roles, scope: scopeOf(first, url), needs });
  });
  return ({ roles, scopes, byKey }) =>
    operations
      .filter(({ needs }) => needs === undefined || (needs === 'a key' ? byKey : scopes === undefined))
      .filter((one) => one.roles === undefined || one.roles.some((role) => roles.includes(role)))
      .filter((one) => one.roles === undefined || scopes === undefined || scopes.includes(one.scope))
      .map(({ id }) => id)
      .toSorted();
}
