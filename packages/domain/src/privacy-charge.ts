// A privacy charge is one privacy event as it was charged to one account: the line of a dataset's statement.
import { type Static, Type } from 'typebox';
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

/** One privacy event as it was charged to one account, as a row. */
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
  transactionId: Type.String(),
  chargedAt: Instant,
});
export type PrivacyCharge = Static<typeof PrivacyCharge>;
