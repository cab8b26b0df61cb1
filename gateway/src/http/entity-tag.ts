// Reads that did not change are answered 304 (RFC 9110, 8.8.3 and 13.1.2). The tag is a digest of the answer that this
// caller would get: it is compared after the caller was let in and the answer was made, so that it tells nobody what
// the answer itself would not.
import { createHash } from 'node:crypto';
import { API_PREFIX } from '@consilium/domain';
import type { FastifyInstance } from 'fastify';

/** Weak, since the same answer may travel compressed. */
export const entityTagOf = (payload: string | Uint8Array): string =>
  `W/"${createHash('sha256').update(payload).digest('base64url').slice(0, 27)}"`;

/** Whether a header If-None-Match names the tag, by RFC 9110's weak comparison. */
export function isNamed(tag: string, ifNoneMatch: string): boolean {
  if (ifNoneMatch.trim() === '*') return true;
  const opaque = tag.replace(/^W\//, '');
  return [...ifNoneMatch.matchAll(/(?:W\/)?("[^"]*")/g)].some(([, named]) => named === opaque);
}

/** What others may keep of an answer under /v1: nothing. */
const OWN_CACHE_ONLY = 'private, no-cache';

/** Tags answers of reads under /v1 that are text and whole; streams and answers of the trainer are left alone. */
export function tagAnswers(app: FastifyInstance): void {
  app.addHook('onSend', async (request, reply, payload) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!isRead || reply.statusCode !== 200 || typeof payload !== 'string') return payload;
    const route = request.routeOptions.url ?? '';
    if (!route.startsWith(`${API_PREFIX}/`)) return payload;
    const tag = entityTagOf(payload);
    reply.header('etag', tag);
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', OWN_CACHE_ONLY);
    reply.header('vary', varyWith(reply.getHeader('vary'), 'authorization'));
    const asked = request.headers['if-none-match'];
    if (asked === undefined || !isNamed(tag, asked)) return payload;
    reply.code(304).removeHeader('content-type').removeHeader('content-length');
    return '';
  });
}

/** The header Vary with one name more. */
export function varyWith(before: unknown, name: string): string {
  const names = String(before ?? '')
    .split(',')
    .flatMap((one) => one.trim().toLowerCase() || []);
  return [...new Set([...names, name])].join(', ');
}
