// One form for every list: `limit` and `bookmark` in, `bookmark` and `next` out. `pageSize`, the name of `limit`
// before, is still taken and answered with Deprecation (docs/reference/api-versions.md).
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { isDeprecated } from './deprecation.ts';

/** How many rows of the ledger a page has at most. */
export const PAGE_MOST = 200;

/** What a list of the ledger takes. */
export const PageQuery = {
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: PAGE_MOST,
      description:
        'How many items the page has at most. It may have fewer: only `bookmark` says whether there are more.',
    }),
  ),
  bookmark: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 500,
      description: 'Where the page begins: as the page before says it, for the same list and filters.',
    }),
  ),
  pageSize: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: PAGE_MOST,
      deprecated: true,
      description: 'The name of `limit` before.',
    }),
  ),
};

/** What the answer has beside its bookmark. */
export const NextPage = Type.Optional(
  Type.String({ description: 'Path and query of the next page; absent on the last page.' }),
);

/** How many, by either name; undefined where it is not said. */
export function limitOf(
  { limit, pageSize }: { readonly limit?: number; readonly pageSize?: number },
  reply: FastifyReply,
): number | undefined {
  if (pageSize !== undefined) isDeprecated(reply, 'pageSize');
  return limit ?? pageSize;
}

/** The request's own target with the bookmark of its next page. */
export function nextTarget({ url }: Pick<FastifyRequest, 'url'>, bookmark: string): string {
  const { pathname, searchParams } = new URL(url, 'http://gateway');
  searchParams.set('bookmark', bookmark);
  return `${pathname}?${searchParams}`;
}

/** Says where the next page is (RFC 8288). */
export const linkNext = (reply: FastifyReply, target: string): FastifyReply =>
  reply.header('link', addLink(reply, `<${target}>; rel="next"`));

const addLink = (reply: FastifyReply, link: string): string =>
  [reply.getHeader('link'), link].filter((one) => one !== undefined).join(', ');
