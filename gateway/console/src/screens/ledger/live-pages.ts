// A list that grows at its beginning: newest first, page by page to the older ones. An event asks for its first page
// alone, however many pages were read before. Older pages go on from the first answer, so that it is asked for once.
import type { ListName, Request } from '@consilium/client/browser';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { apiPages, useApi, useApiPages } from '../../api/queries.ts';

type LedgerList = Extract<ListName, 'listLedgerBlocks' | 'listTransactions'>;
const PAGE = 100;

/** What is newest, before what was read already, each once. */
export function joinNewest<T>(
  fresh: readonly T[],
  read: readonly T[],
  keyOf: (item: T) => string,
): readonly T[] {
  const known = new Set(read.map(keyOf));
  const added = fresh.filter((item) => !known.has(keyOf(item)));
  return added.length === 0 ? read : [...added, ...read];
}

/** Whether there may be items between the newest page and what was read: then reading begins again. */
export function hasGap<T>(fresh: readonly T[], read: readonly T[], keyOf: (item: T) => string): boolean {
  if (fresh.length === 0 || read.length === 0) return false;
  const known = new Set(read.slice(0, PAGE).map(keyOf));
  return !fresh.some((item) => known.has(keyOf(item)));
}

interface Page<T> {
  readonly items: readonly T[];
  readonly bookmark?: string;
}

/** A list as `QueryState` and `Table` take it. */
export interface NewestFirst<T> {
  readonly data: readonly T[] | undefined;
  readonly error: Error | null;
  readonly isFetching: boolean;
  readonly refetch: () => unknown;
  readonly more: { readonly has: boolean; readonly isLoading: boolean; readonly load: () => void };
}

/** @param keyOf the same function each time */
export function useNewestFirst<T>(
  name: LedgerList,
  query: object,
  keyOf: (item: T) => string,
): NewestFirst<T> {
  const client = useQueryClient();
  const request = { query: { ...query, limit: PAGE } } as Omit<Request<LedgerList>, 'body'>;
  const newest = useApi(name, ...([request] as unknown as [never]));
  const first = newest.data as Page<T> | undefined;
  const pages = useApiPages(name, request, { page: first, at: newest.dataUpdatedAt });
  const read = pages.data as readonly T[] | undefined;
  const fresh = first?.items;
  const isApart = fresh !== undefined && read !== undefined && hasGap(fresh, read, keyOf);
  const { queryKey } = apiPages(name, request);
  const key = JSON.stringify(queryKey);
  useEffect(() => {
    if (isApart) client.setQueryData(JSON.parse(key), { pages: [first], pageParams: [''] });
  }, [client, isApart, key, first]);
  const data = useMemo(
    () => (read === undefined || fresh === undefined ? read : joinNewest(fresh, read, keyOf)),
    [read, fresh, keyOf],
  );
  const { error, isFetching, refetch } = first === undefined ? newest : pages;
  return { data, error, isFetching, refetch, more: pages.more };
}
