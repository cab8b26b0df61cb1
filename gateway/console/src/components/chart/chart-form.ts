// What a chart shows, apart from how it is drawn: the same numbers are drawn, said and put into a table.

/** A value of a row: a number, a range that an error bar spans (below and above the value), or nothing. */
export type ChartValue = number | readonly [number, number] | null | undefined;

/** One place along the horizontal axis, with the values of all series there. */
export type ChartRow = Readonly<Record<string, ChartValue>>;

/** An axis: what it measures, and how its numbers are said. */
export interface ChartAxis {
  readonly label: string;
  readonly say: (value: number) => string;
  /** Least and most; from the values where absent. */
  readonly domain?: readonly [number, number];
  /** Where ticks are, of an axis that has few values. */
  readonly ticks?: readonly number[];
}

/** The horizontal axis: which field of a row it is, and whether it is of instants in milliseconds. */
export interface ChartPlace extends ChartAxis {
  readonly field: string;
  readonly isTime?: boolean;
}

/** Numbers that belong together. */
export interface ChartSeries {
  readonly field: string;
  readonly name: string;
  /** `step`: holds until the next value. `line`: between values too. `points`: only where there is a value. */
  readonly shape: 'step' | 'line' | 'points';
  /** The field of a row with how far below and above the value the truth may well be. */
  readonly errorField?: string;
}

/** A line across the chart with a name, at a value of one axis. */
export interface ChartMark {
  readonly axis: 'x' | 'y';
  readonly at: number;
  readonly label: string;
  /** Of what one must not miss. */
  readonly isAlarm?: boolean;
}

/** How many series are told apart by colour, dash and sign. */
export const SERIES_MOST = 6;

/** The single number of a value; undefined where it has none. */
export const numberOf = (value: ChartValue): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;

/** The bounds of an error bar as values; undefined where there is none. */
export function boundsOf(
  row: ChartRow,
  { field, errorField }: Pick<ChartSeries, 'field' | 'errorField'>,
): readonly [number, number] | undefined {
  const value = numberOf(row[field]);
  const error = errorField === undefined ? undefined : row[errorField];
  if (value === undefined || !Array.isArray(error)) return undefined;
  const [below, above] = error as readonly [number, number];
  return [value - below, value + above];
}

/** What a series is at a place, in words: '0.81 (0.74 to 0.88)'; undefined where it has no value there. */
export function sayValue(
  row: ChartRow,
  series: ChartSeries,
  options: {
    readonly say: ChartAxis['say'];
    readonly sayRange: (low: string, high: string) => string;
  },
): string | undefined {
  const value = numberOf(row[series.field]);
  if (value === undefined) return undefined;
  const bounds = boundsOf(row, series);
  if (bounds === undefined) return options.say(value);
  return `${options.say(value)} (${options.sayRange(options.say(bounds[0]), options.say(bounds[1]))})`;
}

/** Least and most of an axis over values, error bars and marks; [0, 1] where there is none of them. */
export function extentOf(
  rows: readonly ChartRow[],
  series: readonly ChartSeries[],
  marks: readonly ChartMark[] = [],
): readonly [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const take = (value: number | undefined) => {
    if (value === undefined) return;
    low = Math.min(low, value);
    high = Math.max(high, value);
  };
  for (const row of rows) {
    for (const one of series) {
      take(numberOf(row[one.field]));
      for (const bound of boundsOf(row, one) ?? []) take(bound);
    }
  }
  for (const { axis, at } of marks) if (axis === 'y') take(at);
  return low <= high ? [low, high] : [0, 1];
}
