// What reads of the ledger have in common beside their transaction: pages, filters, whose peer answers, and up to which
// block at least.
import { Strict, type TransactionName, transactionNamed, Words } from '@consilium/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type TObject, type TSchema, Type } from 'typebox';
import type { Dependencies } from '../dependencies.ts';
import { limitOf, linkNext, NextPage, nextTarget, PageQuery } from '../http/pages.ts';
import { periodOf, Within } from '../questions/question.ts';
import { type Filtered, filterQuery, type ListFilters } from './list-filters.ts';

/** What of a route counts here. */
interface Read {
  readonly transaction: TransactionName;
  readonly filters?: ListFilters;
  readonly answer: TSchema;
}

/** Which headers a read takes. */
export const ReadHeaders = Type.Object({
  'consilium-peer': Type.Optional(
    Words(
      ['own'],
      "`own`: a peer of this hospital answers, or nobody. Without it a peer of another one may where this hospital's " +
        'do not answer.',
    ),
  ),
  'if-none-match': Type.Optional(
    Type.String({ description: 'The ETag of an answer that the caller has: 304 if it is still the same.' }),
  ),
});

/** Which headers its answer has. */
export const READ_ANSWER_HEADERS = {
  etag: { schema: { type: 'string' }, description: 'Digest of the answer.' },
  'consilium-peer': {
    schema: { type: 'string' },
    description: 'The organisation whose peer answered; absent where it is not known.',
  },
  'consilium-block': {
    schema: { type: 'string' },
    description: 'The answer is of this block or a later one; absent where it is not known.',
  },
};

const named = (route: Read): TObject => transactionNamed(route.transaction).argument as TObject;

/** Whether it answers in pages. */
export const isPaged = (route: Read): boolean => Object.hasOwn(named(route).properties, 'pageSize');

/** Whether the ledger itself is asked for a period. */
const hasPeriod = (route: Read): boolean => Object.hasOwn(named(route).properties, 'from');

/** The query of a read, made of what is left of its argument. */
export function queryOf(route: Read, rest: TObject): TObject {
  const { pageSize: _, bookmark: __, ...own } = rest.properties;
  return Strict({
    ...own,
    ...(hasPeriod(route) && Within),
    ...filterQuery(route.filters ?? {}),
    ...(isPaged(route) && PageQuery),
  });
}

/** The answer of a list, with where its next page is. */
export const pagedAnswer = (route: Read): TObject => {
  const { properties } = route.answer as TObject;
  return isPaged(route) ? Type.Object({ ...properties, next: NextPage }) : (route.answer as TObject);
};

export interface AskedRead {
  /** For the ledger. */
  readonly argument: Readonly<Record<string, unknown>>;
  readonly limit: number | undefined;
  readonly bookmark: string | undefined;
  /** undefined where no filter is asked for. */
  readonly filtered: Filtered | undefined;
}

interface ListQuery extends Filtered {
  readonly limit?: number;
  readonly pageSize?: number;
  readonly bookmark?: string;
}

const FILTERS: Record<keyof ListFilters, readonly (keyof Filtered)[]> = {
  states: ['state'],
  owner: ['owner'],
  purpose: ['purpose'],
  at: ['from', 'to'],
};

/** What a query asks. @throws DomainError INVALID_ARGUMENT for times that are none */
export function askedRead(route: Read, query: unknown, reply: FastifyReply): AskedRead {
  const { limit, pageSize, bookmark, ...others } = query as ListQuery;
  const names = Object.keys(route.filters ?? {}).flatMap((name) => FILTERS[name as keyof ListFilters]);
  const isFilter = ([name, value]: [string, unknown]) =>
    names.includes(name as keyof Filtered) && value !== undefined;
  const filtered = Object.entries(others).filter(isFilter);
  const argument = Object.entries(others).filter((one) => !isFilter(one));
  return {
    argument: { ...Object.fromEntries(argument), ...(hasPeriod(route) && periodOf(others)) },
    limit: limitOf(
      { ...(limit !== undefined && { limit }), ...(pageSize !== undefined && { pageSize }) },
      reply,
    ),
    bookmark,
    filtered: filtered.length > 0 ? Object.fromEntries(filtered) : undefined,
  };
}

/** Whether only a peer of the own organisation may answer. */
export const asksOwnPeer = ({ headers }: FastifyRequest): boolean => headers['consilium-peer'] === 'own';

/** Who answered one question, and the last block that this gateway had checked before it asked. */
export interface Answered {
  readonly mspId: string | undefined;
  readonly blocks: number;
}

/**
 * The organisation whose peer answered every page that was read, and the block of the first, which says least: what
 * this gateway checked came from the own peer, so that an answer of the own peer is of no earlier block.
 */
export function sayWho(reply: FastifyReply, pages: readonly Answered[]): void {
  const [first] = pages;
  if (first?.mspId === undefined || pages.some(({ mspId }) => mspId !== first.mspId)) return;
  reply.header('consilium-peer', first.mspId);
  if (first.blocks > 0) reply.header('consilium-block', String(first.blocks - 1));
}

export const blocksOf = ({ history }: Pick<Dependencies, 'history'>): number => history.status?.blocks ?? 0;

/** An answer in pages, with where the next one is. */
export function withNext(
  {
    request,
    reply,
    isList,
  }: {
    readonly request: FastifyRequest;
    readonly reply: FastifyReply;
    readonly isList: boolean;
  },
  answer: object,
): object {
  const { bookmark } = answer as { readonly bookmark?: string };
  if (!isList || bookmark === undefined) return answer;
  const next = nextTarget(request, bookmark);
  linkNext(reply, next);
  return { ...answer, next };
}
