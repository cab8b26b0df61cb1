// Questions to the gateway, as TanStack Query keeps them. A question's key is the operation's name and what it is
// given, so that events of the ledger find those that they change (events.tsx).
import type { Api, Item, ListName, OperationName, Request } from '@consilium/client/browser';
import { NoAnswerError, ProblemError } from '@consilium/client/browser';
import {
  infiniteQueryOptions,
  QueryClient,
  queryOptions,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { useRef } from 'react';
import { gateway, newIdempotencyKey } from './client.ts';

/** What was asked: the operation and what it was given. */
export type QueryKey = readonly [name: OperationName, path: object, query: object];

type Given<N extends OperationName> =
  Record<string, never> extends Request<N> ? [request?: Request<N>] : [request: Request<N>];

const parts = (request: unknown): { path: object; query: object } => {
  const { path = {}, query = {} } = (request ?? {}) as { path?: object; query?: object };
  return { path, query };
};

/** Of an operation that reads: for `useQuery`, `useQueries` and `prefetchQuery`. */
export function apiQuery<N extends OperationName>(name: N, ...[request]: Given<N>) {
  const { path, query } = parts(request);
  return queryOptions({
    queryKey: [name, path, query] as QueryKey,
    queryFn: ({ signal }): Promise<Api[N]['answer']> =>
      gateway.call(name, ...([{ ...(request as object), signal }] as never)),
  });
}

/** Asks, and is renewed by events of the ledger. */
export function useApi<N extends OperationName>(name: N, ...given: Given<N>) {
  return useQuery(apiQuery(name, ...given));
}

/** A list of the gateway, page by page; `useApiPages` joins the pages. */
export function apiPages<N extends ListName>(name: N, request: Omit<Request<N>, 'body'>) {
  const { path, query } = parts(request);
  return infiniteQueryOptions({
    queryKey: [name, path, { ...query, pages: true }] as QueryKey,
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) => {
      const asked = { ...query, ...(pageParam !== '' && { bookmark: pageParam }) };
      return gateway.call(name, ...([{ ...request, query: asked, signal }] as never)) as Promise<{
        items: readonly Item<N>[];
        bookmark?: string;
      }>;
    },
    getNextPageParam: ({ bookmark }) => (bookmark === '' ? undefined : bookmark),
  });
}

/** The first page of a list where it is a question of its own, undefined until it is answered, and when that was. */
interface FirstPage {
  readonly page: object | undefined;
  /** Epoch milliseconds. */
  readonly at: number;
}

/**
 * The items of a list as far as they were asked for, and how to ask for more (`more` of Table takes it). With a first
 * page nothing is asked before that is there.
 */
export function useApiPages<N extends ListName>(
  name: N,
  request: Omit<Request<N>, 'body'>,
  first?: FirstPage,
) {
  type Page = { items: readonly Item<N>[]; bookmark?: string };
  const pages = useInfiniteQuery({
    ...apiPages(name, request),
    enabled: first === undefined || first.page !== undefined,
    ...(first?.page && {
      initialData: { pages: [first.page as Page], pageParams: [''] },
      initialDataUpdatedAt: first.at,
    }),
  });
  const items = pages.data?.pages.flatMap((page) => page.items);
  return {
    ...pages,
    data: items,
    more: {
      has: pages.hasNextPage,
      isLoading: pages.isFetchingNextPage,
      load: () => void pages.fetchNextPage(),
    },
  };
}

/**
 * Carries out an operation that changes something. The same request that is sent again after no answer came has the
 * same idempotency key, so that it is carried out once; after an answer, the next has a key of its own.
 */
export function useApiAction<N extends OperationName>(name: N) {
  const client = useQueryClient();
  const sent = useRef<{ text: string; key: string } | null>(null);
  return useMutation<Api[N]['answer'], Error, Request<N>>({
    mutationFn: async (request) => {
      const text = JSON.stringify(request);
      if (sent.current?.text !== text) sent.current = { text, key: newIdempotencyKey() };
      const { key } = sent.current;
      try {
        const answer = await gateway.call(name, ...([{ idempotencyKey: key, ...request }] as never));
        sent.current = null;
        return answer;
      } catch (error) {
        if (error instanceof ProblemError && error.status < 500) sent.current = null;
        throw error;
      }
    },
    onSettled: () => client.invalidateQueries(),
  });
}

/** How often a question that nobody answered is asked again by itself. */
const RETRIES = 2;

export const createQueryClient = (): QueryClient =>
  new QueryClient({
    defaultOptions: {
      queries: {
        // Events say what changed; without them what is this old is asked for again when it is looked at.
        staleTime: 15_000,
        gcTime: 300_000,
        // The client itself repeats what may pass; only a network that was gone is tried again here.
        retry: (failures, error) => error instanceof NoAnswerError && failures < RETRIES,
        networkMode: 'always',
        refetchOnWindowFocus: true,
      },
      mutations: { networkMode: 'always', retry: false },
    },
  });
