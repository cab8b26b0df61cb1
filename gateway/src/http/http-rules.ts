// What of HTTP this service takes, decided before anything else: one reading of every request, and a problem (RFC 9457)
// also where Node refuses it before there is a request.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify';
import { type GatewayErrorCode, GatewayRefusal } from '../gateway-errors.ts';
import type { InFlight } from './connection-limits.ts';
import type { Refuse } from './failure-limit.ts';
import type { FloodLines } from './flood-lines.ts';
import { PROBLEM_TYPE, problemOf } from './problem.ts';
import { REQUEST_ID } from './request-id.ts';

/** Origin-form of an absolute-form target (RFC 9112, 3.2.2); everything else as it is. */
export function originForm(target: string): string {
  const [scheme] = /^https?:\/\/[^/?#]*/i.exec(target) ?? [];
  if (scheme === undefined) return target;
  const rest = target.slice(scheme.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** Node keeps the first of several and drops the others, where a proxy in front may have read another one. */
const GIVEN_ONCE = new Set(['authorization', 'content-type', 'host']);
const WITHOUT_BODY = new Set(['GET', 'HEAD', 'DELETE']);

/** What is wrong with a request's head, if anything. */
function malformation({ raw, is404 }: FastifyRequest): string | undefined {
  const { method = '', url = '', rawHeaders, headers, httpVersion } = raw;
  const seen = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!.toLowerCase();
    if (seen.has(name) && GIVEN_ONCE.has(name)) return `The header ${name} is given more than once.`;
    seen.add(name);
  }
  if (httpVersion !== '1.0' && !seen.has('host')) return 'The header host is missing.';
  if (!url.startsWith('/')) return 'The path does not begin with "/".';
  const hasBody = Number(headers['content-length'] ?? 0) > 0 || headers['transfer-encoding'] !== undefined;
  return hasBody && !is404 && WITHOUT_BODY.has(method) ? `${method} takes no body here.` : undefined;
}

/** What is packed small may be large, so that nothing is unpacked. */
const isPacked = ({ method, headers }: FastifyRequest): boolean =>
  !WITHOUT_BODY.has(method) && !['identity', undefined].includes(headers['content-encoding']?.toLowerCase());
const PACKED = 'This gateway unpacks no bodies. Send the body as it is, without the header content-encoding.';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whether the client waits for leave to send its body. */
    awaitsContinue: boolean;
  }
}

/** To be called before callers are asked who they are. */
export function keepHttpRules(app: FastifyInstance, refuse: Refuse): void {
  app.decorateRequest('awaitsContinue', false);
  const { server } = app;
  const serve = (request: IncomingMessage, response: ServerResponse) =>
    server.emit('request', request, response);
  const waiting = new WeakSet<IncomingMessage>();
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    waiting.add(request);
    serve(request, response);
  });
  // RFC 9110, 10.1.1: an expectation that is not known may be left alone.
  server.on('checkExpectation', serve);
  app.addHook('onRequest', async (request, reply) => {
    request.awaitsContinue = waiting.has(request.raw);
    const wrong = malformation(request);
    if (wrong === undefined && !isPacked(request)) return;
    reply.header('connection', 'close');
    if (wrong === undefined) {
      // RFC 9110, 12.5.3: which codings are taken.
      reply.header('accept-encoding', 'identity');
      await refuse(new GatewayRefusal('UNSUPPORTED_MEDIA_TYPE', PACKED), request, reply);
    }
    await refuse(new GatewayRefusal('REQUEST_MALFORMED', wrong), request, reply);
  });
  app.addHook('preParsing', async (request, reply) => {
    if (!request.awaitsContinue) return;
    request.awaitsContinue = false;
    reply.raw.writeContinue();
  });
  app.addHook('onSend', async (request, reply, payload) => {
    // Whether the body comes is not known, nor where the next request would begin.
    if (request.awaitsContinue) reply.header('connection', 'close');
    return payload;
  });
}

const CODES: Record<string, GatewayErrorCode> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
};
const REASONS: Partial<Record<GatewayErrorCode, string>> = {
  REQUEST_MALFORMED: 'Bad Request',
  REQUEST_TIMEOUT: 'Request Timeout',
  HEADERS_TOO_LARGE: 'Request Header Fields Too Large',
};

export interface BrokenRequest {
  readonly inFlight: InFlight | undefined;
  readonly log: Pick<FastifyBaseLogger, 'info'>;
  readonly lines: FloodLines;
}

/** For how many lines of the log all of them together are one caller. */
const CONNECTIONS = 'connections without a request';

/**
 * The last words on a connection whose bytes are no request.
 *
 * Where an earlier request is still being answered nothing is said: it would be taken for that one's answer.
 */
export function answerBrokenRequest(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  { inFlight, log, lines }: BrokenRequest,
): void {
  const free = inFlight === undefined || (!inFlight.request.complete && !inFlight.response.headersSent);
  if (error.code === 'ECONNRESET' || !socket.writable || !free) {
    socket.destroy();
    return;
  }
  const code = CODES[error.code ?? ''] ?? 'REQUEST_MALFORMED';
  const problem = problemOf(new GatewayRefusal(code), crypto.randomUUID());
  const line = { reqId: problem.requestId, code, reason: error.code };
  if (lines.next(CONNECTIONS) !== undefined) log.info(line, 'request refused');
  const body = JSON.stringify(problem);
  socket.end(
    [
      `HTTP/1.1 ${problem.status} ${REASONS[code]}`,
      `content-type: ${PROBLEM_TYPE}; charset=utf-8`,
      `content-length: ${Buffer.byteLength(body)}`,
      `${REQUEST_ID}: ${problem.requestId}`,
      'connection: close',
      '',
      body,
    ].join('\r\n'),
    () => socket.destroy(),
  );
}

/**
 * Answers what no route takes, before a body is read: 405 where the path has routes of other methods, else 404.
 *
 * Call it before routes are added and after whatever limits or refuses callers.
 */
export function refuseUnknownRoutes(app: FastifyInstance, refuse: Refuse): void {
  const routes = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();
  app.addHook('onRoute', ({ url, method }) => {
    const pattern = new RegExp(`^${url.replaceAll(/:\w+/g, '[^/]+').replaceAll('*', '.*')}$`);
    const route = routes.get(url) ?? { pattern, methods: new Set() };
    for (const one of [method].flat()) route.methods.add(one);
    routes.set(url, route);
  });
  app.addHook('onRequest', async (request, reply) => {
    if (!request.is404) return;
    const path = request.url.split('?')[0] ?? '';
    // A path of its own is not one of those that a parameter describes.
    const own = routes.get(path);
    const found =
      own === undefined ? [...routes.values()].filter(({ pattern }) => pattern.test(path)) : [own];
    if (found.length === 0) {
      await refuse(new GatewayRefusal('ROUTE_NOT_FOUND'), request, reply);
      return;
    }
    const allow = [...new Set(found.flatMap(({ methods }) => [...methods]))].sort().join(', ');
    reply.header('allow', allow);
    await refuse(new GatewayRefusal('METHOD_NOT_ALLOWED', `This route takes ${allow}.`), request, reply);
  });
}
