// How many patients a dataset or a block of them has, as the ledger may know it: in public bands, never as a count.
import { type Static, Type } from 'typebox';
import { Strict } from './primitives.ts';
import { BELOW_1000, type Bounds, FORMER_RECORD_COUNT_BANDS, RECORD_COUNT_BANDS } from './public-bands.ts';

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
