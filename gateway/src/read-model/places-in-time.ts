// Between which places of the ledger the transactions of a period are, without a look at each of them. Times are their
// senders': nearly in the order of the ledger of what took effect, and anything of the rest. So the first and the last
// place is kept of each day, and of each stretch of many days, and however long a period is, few of these cover it.
import type { DatabaseSync, StatementSync } from 'node:sqlite';

const DAY_MS = 24 * 3_600_000;
/** Days of a long stretch. */
const LONG = 256;
/** Until the year 2328. What claims to be later counts as of the last day, and what is before 1970 as of the first. */
const DAYS = 2 ** 17;

/** Stretches of one length: numbers from one up to before another. */
export interface Stretches {
  readonly days: number;
  readonly from: number;
  readonly to: number;
}

/** A time of a transaction, and where it is. */
export interface TimedPlace {
  readonly atMs: number;
  readonly position: number;
}

const dayOf = (milliseconds: number): number =>
  Math.min(Math.max(Math.floor(milliseconds / DAY_MS), 0), DAYS - 1);

/** Stretches that cover a period: at most two long ones' worth of days, and all long ones that there are. */
export function stretchesOf(since: number, until: number): Stretches[] {
  const [from, to] = [dayOf(since), dayOf(until - 1) + 1];
  const [first, last] = [Math.ceil(from / LONG), Math.floor(to / LONG)];
  if (first >= last) return [{ days: 1, from, to }];
  return [
    { days: 1, from, to: first * LONG },
    { days: LONG, from: first, to: last },
    { days: 1, from: last * LONG, to },
  ].filter((one) => one.from < one.to);
}

/** The places of a period and some around them: the first, and the one after the last. Undefined: there are none. */
export function placesBetween(
  database: DatabaseSync,
  [since, until]: readonly [since: number, until: number],
): { readonly low: number; readonly high: number } | undefined {
  const find = database.prepare(
    'SELECT min(first) AS first, max(last) AS last FROM places_in_time WHERE days = ? AND number >= ? AND number < ?',
  );
  const found = stretchesOf(since, until)
    .map(({ days, from, to }) => find.get(days, from, to)!)
    .filter(({ first }) => first !== null);
  if (found.length === 0) return undefined;
  return {
    low: Math.min(...found.map(({ first }) => Number(first))),
    high: Math.max(...found.map(({ last }) => Number(last))) + 1,
  };
}

/** Notes where the transactions of a block are. */
export class PlacesInTime {
  readonly #note: StatementSync;

  constructor(database: DatabaseSync) {
    this.#note = database.prepare(
      'INSERT INTO places_in_time VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET ' +
        'first = min(first, excluded.first), last = max(last, excluded.last)',
    );
  }

  /** Once for all of a block: nearly always they are of one day. */
  add(places: readonly TimedPlace[]): void {
    for (const days of [1, LONG]) {
      for (const [number, of] of Map.groupBy(places, ({ atMs }) => Math.floor(dayOf(atMs) / days))) {
        const positions = of.map(({ position }) => position).sort((a, b) => a - b);
        this.#note.run(days, number, positions[0]!, positions.at(-1)!);
      }
    }
  }
}
