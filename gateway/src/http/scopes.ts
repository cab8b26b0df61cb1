// What a key may be limited to, within what its role may.
import { API_PREFIX, GATEWAY_PATHS } from '@consilium/domain';
import { routeUrl } from './route-url.ts';

/** In words of what a request does. */
export const SCOPES = ['read', 'submit', 'local', 'events', 'webhooks', 'keys'] as const;
export type Scope = (typeof SCOPES)[number];

/** For the help text. */
export const SCOPE_MEANINGS: Readonly<Record<Scope, string>> = {
  read: 'answers of the ledger and of its history',
  submit: 'transactions',
  local: "the hospital's own trainer, under /v1/local",
  events: 'the stream of events',
  webhooks: 'webhooks, and what they carry',
  keys: 'API keys, under /v1/api-keys: to list and to revoke them',
};

/** The one scope that a request needs. @param route its path as the service declares it */
export function scopeOf(method: string, route: string): Scope {
  if (route.startsWith(`${API_PREFIX}/local/`)) return 'local';
  if (route === `${API_PREFIX}${GATEWAY_PATHS.events}`) return 'events';
  // What a submission answers later is for whoever may submit.
  if (route === routeUrl(GATEWAY_PATHS.operation)) return 'submit';
  if (route.startsWith(`${API_PREFIX}${GATEWAY_PATHS.webhooks}`)) return 'webhooks';
  if (route.startsWith(`${API_PREFIX}${GATEWAY_PATHS.apiKeys}`)) return 'keys';
  return method === 'GET' || method === 'HEAD' ? 'read' : 'submit';
}
