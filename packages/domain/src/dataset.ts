// A dataset is described on the ledger and stays at its owner: the ledger holds the dictionary, the terms, a
// commitment to the rows and the privacy budget of the dataset's whole life.
import { type Static, Type } from 'typebox';
import { Accounting } from './budget.ts';
import { Dictionary } from './dictionary.ts';
import {
  Cid,
  Described,
  type Filled,
  Id,
  Instant,
  MspId,
  RowSchema,
  Strict,
  summaryOf,
  Title,
  Words,
} from './primitives.ts';
import { PrivacyBudget } from './privacy-event.ts';

/** Data Use Ontology terms this ledger knows (GA4GH DUO). A study's purpose is one; terms allow several. */
export const PURPOSES = [
  'DUO:0000042', // general research use
  'DUO:0000006', // health, medical or biomedical research
  'DUO:0000007', // disease-specific research
  'DUO:0000011', // population origins or ancestry research
  'DUO:0000022', // geographical restriction applies
  'DUO:0000026', // user-specific restriction applies
] as const;

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

/** The band of a dataset that is registered now. */
const PresentBand = Type.Refine(
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

export const Terms = Strict({
  purposes: Type.Array(Words(PURPOSES), { minItems: 1, maxItems: PURPOSES.length }),
  allowedMembers: Type.Optional(
    Type.Array(MspId, { maxItems: 100, description: 'Who may propose studies; every member where absent.' }),
  ),
  expiresAt: Type.Optional(Instant),
});
export type Terms = Static<typeof Terms>;

/** What an owner says of a dataset when it registers it. */
export const RegisterDataset = Strict({
  datasetId: Id,
  title: Title,
  dictionary: Dictionary,
  recordCountBand: PresentBand,
  terms: Terms,
  commitment: Described(Cid, 'CID of the canonical rows under a secret salt; nothing is uploaded.'),
  privacyBudget: PrivacyBudget,
  accounting: Type.Optional(
    Described(Accounting, 'How the account of its training patients adds up; renyi where absent.'),
  ),
  consentPolicy: Type.Optional(
    Strict({
      stewards: Type.Integer({
        minimum: 1,
        maximum: 10,
        description: 'How many of its stewards must consent; 1 where absent.',
      }),
    }),
  ),
});
export type RegisterDataset = Static<typeof RegisterDataset>;

/** A registered dataset, as a row. */
export const Dataset = Strict({
  schema: RowSchema,
  ...RegisterDataset.properties,
  recordCountBand: RecordCountBand,
  owner: MspId,
  registeredAt: Instant,
});
export type Dataset = Static<typeof Dataset>;
/** What a list of datasets shows of each; dataset:get gives the whole row, with its dictionary and its terms. */
export const DatasetSummary = Strict({
  ...Type.Pick(Dataset, ['datasetId', 'title', 'owner', 'recordCountBand', 'privacyBudget', 'registeredAt'])
    .properties,
  purposes: Terms.properties.purposes,
  expiresAt: Terms.properties.expiresAt,
});
export type DatasetSummary = Static<typeof DatasetSummary>;

/** The summary of a dataset. */
export const summaryOfDataset = ({
  terms: { purposes, expiresAt },
  ...dataset
}: Dataset): DatasetSummary => ({
  ...summaryOf(DatasetSummary, dataset),
  purposes,
  ...(expiresAt !== undefined && { expiresAt }),
});

/** A dataset as the ledger reads it. */
export type DatasetRow = Filled<Dataset, 'consentPolicy'>;
