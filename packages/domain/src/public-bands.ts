// The public bands of numbers of patients, and which of them holds a count.
/** The least and the greatest count of a band. */
export type Bounds = readonly [low: number, high: number];

export const BELOW_1000: readonly Bounds[] = [
  [10, 49],
  [50, 99],
  [100, 149],
  [150, 199],
  [200, 249],
  [250, 349],
  [350, 499],
  [500, 749],
  [750, 999],
];

/** Where bands begin in each decade from 1,000 to 10^9: a band's bounds are at most a quarter apart. */
const LOWS_OF_DECADE = [1000, 1250, 1500, 1750, 2000, 2500, 3000, 3500, 4000, 5000, 6000, 7000, 8000];
const LOWS_FROM_1000 = Array.from({ length: 6 }, (_, decade) =>
  LOWS_OF_DECADE.map((low) => low * 10 ** decade),
).flat();

/** Public bands for the number of patients: the ledger never learns a count, and weights come from bands. */
export const RECORD_COUNT_BANDS: readonly Bounds[] = [
  ...BELOW_1000,
  ...LOWS_FROM_1000.map((low, i): Bounds => [low, (LOWS_FROM_1000[i + 1] ?? 10 ** 9) - 1]),
];

/** Bands of datasets that were registered before there were finer ones: rows keep them, and no new row gets one. */
export const FORMER_RECORD_COUNT_BANDS: readonly Bounds[] = [
  [1000, 1999],
  [2000, 4999],
  [5000, 9999],
  [10000, 49999],
  [50000, 199999],
  [200000, 999999],
];

/** The present band that holds a count; undefined below 10 (too few patients to hide among) and from 10^9 on. */
export function bandOf(count: number): { low: number; high: number } | undefined {
  const band = RECORD_COUNT_BANDS.find(([low, high]) => low <= count && count <= high);
  return band && { low: band[0], high: band[1] };
}
