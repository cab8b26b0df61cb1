// How many patients a dataset or a block of them has, as the ledger may know it: in public bands, never as a count.
import { type Static, Type } from 'typebox';
import { Strict } from './primitives.ts';

type Bounds = readonly [low: number, high: number];

const BELOW_1000: readonly Bounds[] = [
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

const nameOf = ([low, high]: Bounds): string => `${low}-${high}`;
const isAmong = (bands: readonly Bounds[], band: { readonly low: number; readonly high: number }): boolean =>
  bands.some(([low, high]) => low === band.low && high === band.high);

const Band = Strict({ low: Type.Integer(), high: Type.Integer() });
const BANDS_IN_WORDS =
  `one of the public bands ${BELOW_1000.map(nameOf).join(', ')}, and from 1000 on those that begin at 1, 1.25, 1.5, ` +
  '1.75, 2, 2.5, 3, 3.5, 4, 5, 6, 7 and 8 times a power of ten, up to 999999999';

/** The band of a dataset on the ledger: a present one, or one of its time. */
export const RecordCountBand = Type.Refine(
  Band,
  (band) => isAmong(RECORD_COUNT_BANDS, band) || isAmong(FORMER_RECORD_COUNT_BANDS, band),
  () => `must be ${BANDS_IN_WORDS}`,
);
export type RecordCountBand = Static<typeof RecordCountBand>;

/** The band of what is registered now. */
export const PresentBand = Type.Refine(
  Band,
  (band) => isAmong(RECORD_COUNT_BANDS, band),
  (band) =>
    isAmong(FORMER_RECORD_COUNT_BANDS, band)
      ? `must not be ${nameOf([band.low, band.high])}, a band of earlier versions: upgrade the trainer and prepare ` +
        'the dataset again, which answers its present band'
      : `must be ${BANDS_IN_WORDS}`,
);

/** The public weight of a dataset in an average: the middle of its band, rounded down. */
export const bandWeight = (band: RecordCountBand): number => Math.floor((band.low + band.high) / 2);

/** The present band that holds a count; undefined below 10 (too few patients to hide among) and from 10^9 on. */
export function bandOf(count: number): RecordCountBand | undefined {
  const band = RECORD_COUNT_BANDS.find(([low, high]) => low <= count && count <= high);
  return band && { low: band[0], high: band[1] };
}
