// A time of the ledger: how long ago, and exactly when.
import { useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { formatRelative, formatTime } from '../format/times.ts';
import { Meaning } from './meaning.tsx';

const TICK_MS = 30_000;
let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function listen(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const one of listeners) one();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The time, to within half a minute: one clock for the page. */
export const useNow = (): number => useSyncExternalStore(listen, () => now);

export interface TimeProps {
  /** RFC 3339, or milliseconds. */
  readonly at: string | number;
  /** `both`: the day and how long ago; `relative`: how long ago, and the exact time on focus. */
  readonly form?: 'relative' | 'absolute' | 'exact' | 'both';
}

export function Time({ at, form = 'relative' }: TimeProps) {
  const { t } = useTranslation();
  const since = Math.max(useNow(), new Date(at).getTime() > Date.now() ? 0 : new Date(at).getTime());
  const machine = new Date(at).toISOString();
  const said = {
    relative: formatRelative(at, since),
    absolute: formatTime(at),
    exact: formatTime(at, { exact: true }),
    both: `${formatTime(at)} · ${formatRelative(at, since)}`,
  }[form];
  if (form === 'exact') return <time dateTime={machine}>{said}</time>;
  const time = (
    <time dateTime={machine} data-figure="" className={form === 'both' ? undefined : 'whole'}>
      {said}
    </time>
  );
  return <Meaning meaning={t('time.exact', { time: formatTime(at, { exact: true }) })}>{time}</Meaning>;
}
