// A block is the patients whom a population saw for the first time in one revision: they stay in it for life. Each
// block has accounts of its own, so that new patients can take part in studies whose cost the earlier ones cannot bear.
import { type Static, Type } from 'typebox';
import { Described, Id, Instant, MspId, Reason, RowSchema, Sha256, Strict, Words } from './primitives.ts';
import { PresentBand, RecordCountBand } from './record-count-band.ts';

/** How many blocks one consent names at most: its transactions change two accounts of each. */
export const BLOCKS_MAX = 64;
/** How many blocks the patients of one revision come from at most. */
export const SHARES_MAX = 256;

/** The number of a population's block. */
export const BlockNumber = Type.Integer({
  minimum: 1,
  maximum: 10_000,
  description: 'Blocks of a population are numbered from 1.',
});
/** Blocks that a consent is about. */
export const BlockNumbers = Type.Array(BlockNumber, { minItems: 1, maxItems: BLOCKS_MAX });

/** How many patients of a block are in one revision of a dataset. */
export const BlockShare = Strict({ block: BlockNumber, recordCountBand: PresentBand });
export type BlockShare = Static<typeof BlockShare>;

const PATIENTS_DIGEST =
  "Digest of the sorted salted ids of the block's patients: without the salt it tells nobody who they are.";
const PatientsSha256 = Described(Sha256, PATIENTS_DIGEST);

/** Patients never seen before. Fewer than 10 form no block: they wait for a later revision. */
export const NewBlock = Strict({
  block: Described(
    BlockNumber,
    "The number that it gets, one after the population's last: where another was opened meanwhile, it is refused.",
  ),
  recordCountBand: PresentBand,
  patientsSha256: PatientsSha256,
});
export type NewBlock = Static<typeof NewBlock>;

export const BLOCK_STATES = ['open', 'retired'] as const;

/** A block of a population, as a row. */
export const Block = Strict({
  schema: RowSchema,
  populationId: Id,
  block: BlockNumber,
  owner: MspId,
  recordCountBand: Described(RecordCountBand, 'How many patients it had when it was opened.'),
  patientsSha256: Type.Optional(
    Described(PatientsSha256, `${PATIENTS_DIGEST} Blocks of datasets that name no patients have none.`),
  ),
  openedAt: Instant,
  state: Words(BLOCK_STATES, 'retired: no new consent may name it. What it has reserved goes on.'),
  retiredAt: Type.Optional(Instant),
  reason: Type.Optional(Reason),
});
export type Block = Static<typeof Block>;

/** The block of these patients is on the ledger: nobody is in two. */
export const CountedPatients = Strict({
  schema: RowSchema,
  patientsSha256: PatientsSha256,
  populationId: Id,
  block: BlockNumber,
});
export type CountedPatients = Static<typeof CountedPatients>;

export const RetireBlock = Strict({ populationId: Id, block: BlockNumber, reason: Reason });
