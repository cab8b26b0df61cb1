// A privacy charge is one privacy event as it was charged to the accounts of those whom it was about: the line of a
// dataset's statement.
import { type Static, Type } from 'typebox';
import { BlockNumbers } from './block.ts';
import {
  Decimal,
  Described,
  Id,
  Instant,
  MspId,
  RoundNumber,
  RowSchema,
  Strict,
  Words,
} from './primitives.ts';
import { PrivacyEvent } from './privacy-event.ts';

/** What was charged for: a recorded update, a verdict's score, or a release that may have happened unseen. */
export const CHARGE_CAUSES = ['update', 'verdict', 'settlement'] as const;

/** One privacy event as it was charged to one account of each block of patients, as a row. */
export const PrivacyCharge = Strict({
  schema: RowSchema,
  datasetId: Id,
  owner: MspId,
  studyId: Id,
  round: RoundNumber,
  cause: Described(
    Words(CHARGE_CAUSES),
    'settlement: the round was open to the dataset and nothing was recorded, so a release may have happened.',
  ),
  privacyEvent: PrivacyEvent,
  claimedEpsilon: Decimal,
  blocks: Type.Optional(
    Described(
      BlockNumbers,
      'Blocks of the population whose accounts bear it, each in full; block 1 where absent.',
    ),
  ),
  transactionId: Type.String(),
  chargedAt: Instant,
});
export type PrivacyCharge = Static<typeof PrivacyCharge>;
