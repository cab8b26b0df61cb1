// Pages of other origins (the Fetch standard's CORS): none by default, and else those that the operator lists, each
// compared as a whole. An origin is answered only if it is on the list, never repeated because it was sent.
import type { EnvironmentReader } from '@consilium/command-line';
import type { FastifyInstance } from 'fastify';
import { varyWith } from './entity-tag.ts';
import { REQUEST_ID } from './request-id.ts';

export interface CrossOrigin {
  /** As browsers write them: scheme, host and port. */
  readonly origins: readonly string[];
  /** Whether a browser may add what it has of the gateway: a client's certificate, or the cookie of a proxy. */
  readonly credentials: boolean;
}

export const CROSS_ORIGIN_VARIABLES: readonly (readonly [name: string, meaning: string])[] = [
  [
    'CONSILIUM_CORS_ORIGINS',
    'Origins whose pages may use this gateway in a browser, such as https://portal.hospital.example; none if it is not set',
  ],
  [
    'CONSILIUM_CORS_CREDENTIALS',
    'Whether browsers may add client certificates and cookies to such requests: yes or no (default no)',
  ],
];

/** An origin as browsers send it. */
const isOrigin = (text: string): boolean => {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === text;
};

/** undefined where no page of another origin may use the gateway. */
export function readCrossOrigin(variables: EnvironmentReader): CrossOrigin | undefined {
  const name = 'CONSILIUM_CORS_ORIGINS';
  const listed = (variables.text(name) ?? '').split(',').flatMap((one) => one.trim() || []);
  const credentials = variables.oneOf('CONSILIUM_CORS_CREDENTIALS', ['yes', 'no'], 'no') === 'yes';
  for (const one of listed.filter((origin) => !isOrigin(origin))) {
    variables.refuse(name, `has "${one}"`, 'write whole origins, such as https://portal.hospital.example');
  }
  if (listed.length > 0) return { origins: listed, credentials };
  if (credentials) variables.refuse('CONSILIUM_CORS_CREDENTIALS', `is yes, but ${name} is not set`);
  return undefined;
}

const METHODS = 'GET, HEAD, POST, DELETE';
const TAKEN = [
  ...['accept', 'authorization', 'content-type', 'consilium-peer', 'idempotency-key', 'if-none-match'],
  ...['last-event-id', 'prefer', 'traceparent'],
].join(', ');
const SHOWN = [
  ...[REQUEST_ID, 'allow', 'consilium-answered-block', 'consilium-block', 'consilium-peer', 'deprecation'],
  ...['etag', 'idempotency-replayed', 'link', 'location', 'preference-applied', 'retry-after', 'sunset'],
  ...['www-authenticate', 'x-onnx-sha256'],
].join(', ');
const PREFLIGHT_KEPT_SECONDS = 600;

/** Call it before callers are asked who they are: browsers send no key with a preflight. */
export function shareWithOrigins(app: FastifyInstance, { origins, credentials }: CrossOrigin): void {
  const allowed = new Map(origins.map((origin) => [origin, origin]));
  app.addHook('onRequest', async (request, reply) => {
    reply.header('vary', varyWith(reply.getHeader('vary'), 'origin'));
    // The text of the operator, not that of the caller.
    const origin = allowed.get(request.headers.origin ?? '');
    if (origin === undefined) return;
    reply.header('access-control-allow-origin', origin);
    if (credentials) reply.header('access-control-allow-credentials', 'true');
    reply.header('access-control-expose-headers', SHOWN);
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined)
      return;
    reply.header('access-control-allow-methods', METHODS);
    reply.header('access-control-allow-headers', TAKEN);
    reply.header('access-control-max-age', String(PREFLIGHT_KEPT_SECONDS));
    return reply.code(204).send();
  });
}
