// Long answers travel compressed where the caller takes gzip. Not those under /v1/local: they may hold what is secret
// (ids of patients) beside what the caller wrote, and lengths of such answers would tell of it (BREACH). Nothing that a
// caller sends is ever unpacked.
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { API_PREFIX } from '@consilium/domain';
import type { FastifyInstance } from 'fastify';
import { varyWith } from './entity-tag.ts';

const compress = promisify(gzip);
/** Shorter ones gain nothing. */
const LEAST_CHARACTERS = 1_400;
const TEXT = /^(application\/(json|problem\+json|x-ndjson)|text\/(csv|html|plain))\b/;
const LOCAL = `${API_PREFIX}/local/`;

/** Whether a header Accept-Encoding takes a coding (RFC 9110, 12.5.3). */
export function takesCoding(acceptEncoding: string | undefined, wanted: string): boolean {
  let any = false;
  for (const part of (acceptEncoding ?? '').toLowerCase().split(',')) {
    const [coding = '', ...options] = part.split(';').map((text) => text.trim());
    const weight = Number(options.find((option) => option.startsWith('q='))?.slice(2) ?? 1);
    if (coding === wanted || coding === `x-${wanted}`) return weight > 0;
    if (coding === '*') any = weight > 0;
  }
  return any;
}

/** Whether it takes gzip. */
export const takesGzip = (acceptEncoding: string | undefined): boolean => takesCoding(acceptEncoding, 'gzip');

/** Call it after whatever else changes an answer. */
export function compressAnswers(app: FastifyInstance): void {
  app.addHook('onSend', async (request, reply, payload) => {
    const type = String(reply.getHeader('content-type') ?? '');
    if (typeof payload !== 'string' || payload.length < LEAST_CHARACTERS || !TEXT.test(type)) return payload;
    // By the route, since /v1/%6cocal/ is the same path.
    if (request.routeOptions.url?.startsWith(LOCAL) || reply.hasHeader('content-encoding')) return payload;
    reply.header('vary', varyWith(reply.getHeader('vary'), 'accept-encoding'));
    if (!takesGzip(request.headers['accept-encoding'])) return payload;
    const packed = await compress(payload, { level: constants.Z_BEST_SPEED });
    reply.header('content-encoding', 'gzip').removeHeader('content-length');
    return packed;
  });
}
