// The one stream of events of this tab: it renews what they change, and screens listen to it.
import type { LedgerEvent } from '@consilium/client/browser';
import { ProblemError } from '@consilium/client/browser';
import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import {
  createContext,
  type ReactNode,
  useContext,
  useEffect,
  useEffectEvent,
  useMemo,
  useRef,
  useState,
} from 'react';
import { isChangedBy } from './changes.ts';
import { gateway } from './client.ts';
import type { QueryKey } from './queries.ts';

export type StreamState = 'connecting' | 'live' | 'offline';
type Listener = (event: LedgerEvent) => void;

interface Events {
  readonly state: StreamState;
  readonly listen: (listener: Listener) => () => void;
}

const EventsContext = createContext<Events>({ state: 'offline', listen: () => () => undefined });

const PAUSE_MS = { first: 1_000, most: 30_000 } as const;
/** Events of a round come in bursts; what they change is asked for once. */
const GATHERING_MS = 250;
/** The gateway sends a sign of life more often than this. */
const SILENCE_MS = 75_000;

/** Opens the stream for those below it. @param isOpen whether this session may read it */
export function EventsProvider({
  isOpen,
  children,
}: {
  readonly isOpen: boolean;
  readonly children: ReactNode;
}) {
  const queries = useQueryClient();
  const [state, setState] = useState<StreamState>('connecting');
  const listeners = useRef(new Set<Listener>());

  useEffect(() => {
    if (!isOpen) {
      setState('offline');
      return;
    }
    const stop = new AbortController();
    let gathered: LedgerEvent[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const renew = () => {
      const events = gathered;
      gathered = [];
      timer = undefined;
      askAgain(queries, (key) => events.some((event) => isChangedBy(key, event)));
    };
    const take = (event: LedgerEvent) => {
      gathered.push(event);
      timer ??= setTimeout(renew, GATHERING_MS);
      for (const listener of listeners.current) listener(event);
    };
    void follow({ signal: stop.signal, take, setState, missed: () => void queries.invalidateQueries() });
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [isOpen, queries]);

  const events = useMemo<Events>(
    () => ({
      state,
      listen: (listener) => {
        listeners.current.add(listener);
        return () => listeners.current.delete(listener);
      },
    }),
    [state],
  );
  return <EventsContext value={events}>{children}</EventsContext>;
}

/**
 * Asks again what is shown, and lets the rest count as old. A question that is on its way for the first time may have
 * been answered before the event: it is asked again after its answer.
 */
function askAgain(queries: QueryClient, isChanged: (key: QueryKey) => boolean): void {
  const predicate = ({ queryKey }: { queryKey: readonly unknown[] }) => isChanged(queryKey as QueryKey);
  const first = queries
    .getQueryCache()
    .findAll({ predicate, fetchStatus: 'fetching' })
    .filter(({ state }) => state.data === undefined);
  void queries.invalidateQueries({ predicate });
  for (const { promise, queryKey } of first) {
    const again = () => void queries.invalidateQueries({ queryKey, exact: true });
    promise?.then(again, () => undefined);
  }
}

interface Following {
  readonly signal: AbortSignal;
  readonly take: Listener;
  readonly setState: (state: StreamState) => void;
  /** Called when the stream goes on after a break, of which not every event may have been kept. */
  readonly missed: () => void;
}

/** Reads the stream until the signal aborts, from where it broke off. */
async function follow({ signal, take, setState, missed }: Following): Promise<void> {
  let after: string | undefined;
  let pauseMs: number = PAUSE_MS.first;
  let isFirst = true;
  while (!signal.aborted) {
    const silence = new AbortController();
    let watch = setTimeout(() => silence.abort(), SILENCE_MS);
    try {
      const onBytes = () => {
        clearTimeout(watch);
        watch = setTimeout(() => silence.abort(), SILENCE_MS);
      };
      const onConnected = () => {
        setState('live');
        pauseMs = PAUSE_MS.first;
        if (!isFirst) missed();
        isFirst = false;
      };
      const signals = AbortSignal.any([signal, silence.signal]);
      for await (const event of gateway.events({ after, signal: signals, onBytes, onConnected })) {
        after = event.id ?? after;
        take(event);
      }
    } catch (error) {
      if (signal.aborted) return;
      // It may not be read, or nobody is signed in any more: asking again changes nothing.
      if (error instanceof ProblemError && [401, 403, 404].includes(error.status)) {
        setState('offline');
        missed();
        return;
      }
    } finally {
      clearTimeout(watch);
    }
    if (signal.aborted) return;
    setState('offline');
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    pauseMs = Math.min(pauseMs * 2, PAUSE_MS.most);
  }
}

/** Whether events arrive. */
export const useStreamState = (): StreamState => useContext(EventsContext).state;

/** Calls a function with each event of the ledger while the component is shown. */
export function useLedgerEvents(take: Listener): void {
  const { listen } = useContext(EventsContext);
  const latest = useEffectEvent(take);
  useEffect(() => listen((event) => latest(event)), [listen]);
}
