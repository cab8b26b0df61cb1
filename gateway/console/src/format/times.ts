// Times of the ledger in the reader's language and time zone.

const locale = (): string | undefined => (typeof navigator === 'undefined' ? 'en' : navigator.language);

const STEPS = [
  { unit: 'year', seconds: 31_557_600 },
  { unit: 'month', seconds: 2_629_800 },
  { unit: 'week', seconds: 604_800 },
  { unit: 'day', seconds: 86_400 },
  { unit: 'hour', seconds: 3_600 },
  { unit: 'minute', seconds: 60 },
] as const;

/** `3 hours ago`, `in 2 days`; `now` within a minute. */
export function formatRelative(at: string | number | Date, now: number, language = locale()): string {
  const seconds = (new Date(at).getTime() - now) / 1000;
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  const step = STEPS.find((one) => Math.abs(seconds) >= one.seconds);
  return step === undefined
    ? format.format(0, 'second')
    : format.format(Math.trunc(seconds / step.seconds), step.unit);
}

/** Which parts of a time are said. */
export interface TimeForm {
  readonly language?: string | undefined;
  readonly timeZone?: string;
  /** With seconds and the time zone, as a proof needs them. */
  readonly exact?: boolean;
}

/** `30 Nov 2026, 01:20`. */
export const formatTime = (
  at: string | number | Date,
  { language = locale(), timeZone, exact = false }: TimeForm = {},
): string =>
  new Intl.DateTimeFormat(language, {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    ...(exact && { second: '2-digit', timeZoneName: 'short' }),
    ...(timeZone !== undefined && { timeZone }),
  }).format(new Date(at));

/** `30 Nov 2026`. */
export const formatDay = (at: string | number | Date, language = locale()): string =>
  new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short', year: 'numeric' }).format(new Date(at));

/** `2 h 5 min`, of seconds. */
export function formatDuration(exact: number, language = locale()): string {
  // Whole first: 59.6 seconds are a minute.
  const seconds = Math.round(exact);
  const parts = [
    { unit: 'day', count: Math.floor(seconds / 86_400) },
    { unit: 'hour', count: Math.floor((seconds % 86_400) / 3_600) },
    { unit: 'minute', count: Math.floor((seconds % 3_600) / 60) },
    { unit: 'second', count: seconds % 60 },
  ] as const;
  const first = parts.findIndex(({ count }) => count > 0);
  const said = parts.slice(first < 0 ? 3 : first, first < 0 ? 4 : first + 2);
  return said
    .filter(({ count }, index) => count > 0 || index === 0)
    .map(({ unit, count }) =>
      new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'short' }).format(count),
    )
    .join(' ');
}
