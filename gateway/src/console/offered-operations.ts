// Which operations of the API a caller may call: what a page shows no button for is then nothing that it would be
// refused.
import type { Role } from '@consilium/domain';
import type { FastifyInstance } from 'fastify';
import { type Scope, scopeOf } from '../http/scopes.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether this gateway is set up to refuse it to everybody. */
    readonly isOff?: boolean;
  }
}

interface Operation {
  readonly id: string;
  /** Anybody where absent. */
  readonly roles: readonly Role[] | undefined;
  readonly scope: Scope;
}

/** What somebody may: one of these roles, limited to these scopes where there are any. */
export interface Leave {
  readonly roles: readonly Role[];
  readonly scopes: readonly Scope[] | undefined;
}

/** Notes the operations of routes that are added from now on. @returns the ids of those that a caller may call */
export function noteOperations(app: FastifyInstance): (leave: Leave) => string[] {
  const operations: Operation[] = [];
  app.addHook('onRoute', ({ method, url, schema, config }) => {
    const { operationId } = (schema ?? {}) as { operationId?: string };
    const [first = 'GET'] = [method].flat();
    if (operationId === undefined || first === 'HEAD' || config?.isOff === true) return;
    operations.push({ id: operationId, roles: config?.roles, scope: scopeOf(first, url) });
  });
  return ({ roles, scopes }) =>
    operations
      .filter((one) => one.roles === undefined || one.roles.some((role) => roles.includes(role)))
      .filter((one) => one.roles === undefined || scopes === undefined || scopes.includes(one.scope))
      .map(({ id }) => id)
      .toSorted();
}
