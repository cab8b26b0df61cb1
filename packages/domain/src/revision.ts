// A revision is what a dataset holds from one day on: new rows and patients under the accounts that are there.
import { type Static, Type } from 'typebox';
import { BlockNumber, SHARES_MAX } from './block.ts';
import { Patients } from './dataset.ts';
import { Cid, Described, Id, Instant, MspId, RowSchema, Strict } from './primitives.ts';
import { PresentBand, RecordCountBand } from './record-count-band.ts';

/** The number of a dataset's revision. */
export const RevisionNumber = Type.Integer({ minimum: 1, maximum: 10_000 });

const Removed = Type.Boolean({
  description: 'Whether somebody of the revision before is no longer in it. Neither whom nor how many.',
});

/** What an owner says of a dataset's next revision. The dictionary stays: another one is another dataset. */
export const ReviseDataset = Strict({
  datasetId: Id,
  commitment: Described(Cid, 'CID of the canonical rows under the secret salt; nothing is uploaded.'),
  recordCountBand: PresentBand,
  ...Patients,
  removed: Removed,
});
export type ReviseDataset = Static<typeof ReviseDataset>;

/** How many patients of a block are in a revision, as a row says it. */
export const RecordedShare = Strict({ block: BlockNumber, recordCountBand: RecordCountBand });
export type RecordedShare = Static<typeof RecordedShare>;
export const RecordedShares = Type.Array(RecordedShare, { minItems: 1, maxItems: SHARES_MAX + 1 });

/** One revision of a dataset, as a row. The first one is the registration. */
export const Revision = Strict({
  schema: RowSchema,
  datasetId: Id,
  revision: RevisionNumber,
  owner: MspId,
  commitment: Cid,
  recordCountBand: RecordCountBand,
  blocks: RecordedShares,
  removed: Removed,
  revisedAt: Instant,
});
export type Revision = Static<typeof Revision>;
