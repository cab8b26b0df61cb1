// The console's pages and files. Which page it is, the page itself reads from its address: each path that names no file
// is answered with the same index.html.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GATEWAY_ERRORS, GatewayRefusal } from '../gateway-errors.ts';
import { takesCoding } from '../http/compression.ts';
import { isNamed, varyWith } from '../http/entity-tag.ts';
import { type ConsoleFiles, namesFile } from './console-files.ts';
import { guardPage } from './security-headers.ts';

/** Where the console is. */
export const CONSOLE_PREFIX = '/console';

const FOR_EVER = 'public, max-age=31536000, immutable';

export function addConsolePages(app: FastifyInstance, files: ConsoleFiles): void {
  const schema = { hide: true } as const;

  app.get(CONSOLE_PREFIX, { schema }, async (_request, reply) =>
    guardPage(reply).redirect(`${CONSOLE_PREFIX}/`, 308),
  );

  app.get(`${CONSOLE_PREFIX}/*`, {
    schema,
    handler: async (request, reply) => {
      guardPage(reply);
      if (!files.isBuilt) {
        const { meaning, remedy } = GATEWAY_ERRORS.CONSOLE_NOT_BUILT;
        throw new GatewayRefusal('CONSOLE_NOT_BUILT', `${meaning} ${remedy}`);
      }
      const { '*': path } = request.params as { '*': string };
      return send(request, reply, { files, path });
    },
  });
}

function send(
  request: FastifyRequest,
  reply: FastifyReply,
  { files, path }: { readonly files: ConsoleFiles; readonly path: string },
): FastifyReply {
  const file = files.find(path) ?? (namesFile(path) ? undefined : files.find('index.html'));
  if (file === undefined) throw new GatewayRefusal('ROUTE_NOT_FOUND');
  const { content, tag, coding } = files.read(file, (one) =>
    takesCoding(request.headers['accept-encoding'], one),
  );
  reply.header('vary', varyWith(reply.getHeader('vary'), 'accept-encoding'));
  reply.header('cache-control', file.isImmutable ? FOR_EVER : 'no-cache').header('etag', tag);
  const asked = request.headers['if-none-match'];
  if (asked !== undefined && isNamed(tag, asked)) return reply.code(304).send();
  if (coding !== undefined) reply.header('content-encoding', coding);
  return reply.type(file.mediaType).send(content);
}
