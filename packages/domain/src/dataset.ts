// A dataset is described on the ledger and stays at its owner: the ledger holds the dictionary, the terms, a
// commitment to the rows and the privacy budget of the dataset's whole life.
import { type Static, Type } from 'typebox';
import { BlockShare, NewBlock, SHARES_MAX } from './block.ts';
import { Accounting } from './budget.ts';
import { ConsentPolicy } from './consent-policy.ts';
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
import { PresentBand, RecordCountBand } from './record-count-band.ts';

/** Data Use Ontology terms this ledger knows (GA4GH DUO). A study's purpose is one; terms allow several. */
export const PURPOSES = [
  'DUO:0000042', // general research use
  'DUO:0000006', // health, medical or biomedical research
  'DUO:0000007', // disease-specific research
  'DUO:0000011', // population origins or ancestry research
  'DUO:0000022', // geographical restriction applies
  'DUO:0000026', // user-specific restriction applies
] as const;

export const Terms = Strict({
  purposes: Type.Array(Words(PURPOSES), { minItems: 1, maxItems: PURPOSES.length }),
  allowedMembers: Type.Optional(
    Type.Array(MspId, { maxItems: 100, description: 'Who may propose studies; every member where absent.' }),
  ),
  expiresAt: Type.Optional(Instant),
});
export type Terms = Static<typeof Terms>;

/** Which people a revision is about: shares of blocks that are there, and those never seen before, as a new one. */
export const Patients = {
  blocks: Type.Optional(
    Type.Array(BlockShare, {
      maxItems: SHARES_MAX,
      description: 'Blocks of the population whose patients are in it, each with how many of them are.',
    }),
  ),
  newBlock: Type.Optional(
    Described(NewBlock, 'Its patients whom the population had never seen. They form one block, for life.'),
  ),
};

/** What an owner says of a dataset when it registers it. */
export const RegisterDataset = Strict({
  datasetId: Id,
  title: Title,
  populationId: Type.Optional(
    Described(
      Id,
      "The people it is about: a population of the same owner. Absent: one of the dataset's own comes with it.",
    ),
  ),
  dictionary: Dictionary,
  recordCountBand: PresentBand,
  ...Patients,
  terms: Terms,
  commitment: Described(Cid, 'CID of the canonical rows under a secret salt; nothing is uploaded.'),
  privacyBudget: Type.Optional(
    Described(PrivacyBudget, 'Of its population. Left out, or the same, where populationId is given.'),
  ),
  accounting: Type.Optional(
    Described(Accounting, 'How the accounts of training patients add up; renyi where absent. As the budget.'),
  ),
  consentPolicy: Type.Optional(ConsentPolicy),
});
export type RegisterDataset = Static<typeof RegisterDataset>;

const { blocks: _, newBlock: __, ...Registered } = RegisterDataset.properties;

/** A registered dataset in its present revision, as a row. */
export const Dataset = Strict({
  schema: RowSchema,
  ...Registered,
  recordCountBand: RecordCountBand,
  privacyBudget: PrivacyBudget,
  owner: MspId,
  registeredAt: Instant,
  revision: Type.Optional(
    Type.Integer({ minimum: 2, description: 'The present revision; the first where absent.' }),
  ),
});
export type Dataset = Static<typeof Dataset>;

/** Whom a dataset is about: a population of its own where it names none. */
export const populationIdOf = ({
  populationId,
  datasetId,
}: Pick<Dataset, 'populationId' | 'datasetId'>): string => populationId ?? datasetId;

/** What a list of datasets shows of each; dataset:get gives the whole row, with its dictionary and its terms. */
export const DatasetSummary = Strict({
  ...Type.Pick(Dataset, [
    'datasetId',
    'title',
    'populationId',
    'owner',
    'recordCountBand',
    'revision',
    'privacyBudget',
    'registeredAt',
  ]).properties,
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
